/**
 * Checks in the browser that a record is in the log that the gateway signed: the hash of the record, the path to the
 * root (RFC 6962), and the signature under the checkpoint (C2SP tlog-checkpoint, Ed25519). It uses WebCrypto only and
 * believes nothing but the public key, which its reader compares with one from elsewhere.
 */

/** A proof as the control API gives it. */
export interface InclusionProof {
  readonly index: number;
  readonly size: number;
  /** Base64 of the exact bytes of the record. */
  readonly leaf: string;
  /** Base64; compared with the hash that is made here. */
  readonly leaf_hash: string;
  /** Base64, from the leaf to the root. */
  readonly path: readonly string[];
  /** The signed note. */
  readonly checkpoint: string;
  /** C2SP verifier key: `name+id+key`. */
  readonly key: string;
}

/** What was found. `record` is the text that is proven: show this, and not what came beside it. */
export type Verdict =
  | {
      readonly holds: true;
      readonly origin: string;
      readonly size: number;
      readonly root: string;
      readonly record: string;
    }
  | { readonly holds: false; readonly why: WhyNot };

/** What does not fit. */
export type WhyNot =
  | 'malformed'
  | 'leaf_hash_differs'
  | 'checkpoint_malformed'
  | 'signature_wrong'
  | 'size_differs'
  | 'path_wrong'
  | 'other_record';

/** A record that a proof must be of. */
export interface Wanted {
  readonly index: number;
  /** Public key of the log as its reader knows it; without it, any log's own key will do. */
  readonly key?: string;
}

/** Checks a proof. Never rejects for what is in it. */
export async function verifyProof(proof: InclusionProof, wanted: Wanted): Promise<Verdict> {
  if (proof.index !== wanted.index || (wanted.key !== undefined && wanted.key !== proof.key))
    return { holds: false, why: 'other_record' };
  const leaf = bytesOf(proof.leaf);
  const path = proof.path.map(bytesOf);
  if (leaf === undefined || !path.every((hash) => hash?.length === HASH_BYTES) || !isIndex(proof.index, proof.size))
    return { holds: false, why: 'malformed' };
  const leafHash = await sha256(LEAF_PREFIX, leaf);
  if (base64Of(leafHash) !== proof.leaf_hash) return { holds: false, why: 'leaf_hash_differs' };
  const checkpoint = parseCheckpoint(proof.checkpoint);
  if (checkpoint === undefined) return { holds: false, why: 'checkpoint_malformed' };
  if (!(await isSigned(checkpoint, proof.key))) return { holds: false, why: 'signature_wrong' };
  if (checkpoint.size !== proof.size) return { holds: false, why: 'size_differs' };
  const root = await rootOf(leafHash, proof.index, proof.size, path as readonly Uint8Array[]);
  if (root === undefined || base64Of(root) !== checkpoint.root) return { holds: false, why: 'path_wrong' };
  const record = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(leaf);
  return { holds: true, origin: checkpoint.origin, size: proof.size, root: checkpoint.root, record };
}

const HASH_BYTES = 32;
const LEAF_PREFIX = new Uint8Array([0]);
const NODE_PREFIX = new Uint8Array([1]);

const isIndex = (index: number, size: number): boolean =>
  Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size;

/** The root that a leaf and its path come to (RFC 9162 section 2.1.3.2); `undefined` for a path of a wrong length. */
async function rootOf(
  leafHash: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Promise<Uint8Array | undefined> {
  let node = leafHash;
  let [position, last] = [index, size - 1];
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (position % 2 === 1 || position === last) {
      node = await sha256(NODE_PREFIX, sibling, node);
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)];
    } else node = await sha256(NODE_PREFIX, node, sibling);
    [position, last] = [half(position), half(last)];
  }
  return last === 0 ? node : undefined;
}

/** Not a shift: an index may have more than 32 bits. */
const half = (number: number): number => Math.floor(number / 2);

interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  /** What was signed: the lines up to the signatures. */
  readonly text: string;
  readonly signatures: readonly string[];
}

const SIGNATURE = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/;

/** Nothing may stand in a note but three lines, an empty one and signatures, or it could hide another note. */
function parseCheckpoint(note: string): Checkpoint | undefined {
  const end = note.indexOf('\n\n');
  const [origin = '', size = '', root = '', ...rest] = note.slice(0, end + 1).split('\n');
  const signatures = note.slice(end + 2).split('\n');
  const isWhole = end !== -1 && rest.length === 1 && signatures.pop() === '' && signatures.length > 0;
  if (!isWhole || origin === '' || !/^(0|[1-9]\d{0,15})$/.test(size)) return undefined;
  if (bytesOf(root)?.length !== HASH_BYTES || !signatures.every((line) => SIGNATURE.test(line))) return undefined;
  return { origin, size: Number(size), root, text: note.slice(0, end + 1), signatures };
}

/** Kind of the key: Ed25519. */
const ED25519 = 1;
const KEY_ID_BYTES = 4;

/** Whether the key signed the checkpoint. Lines of other keys, such as those of witnesses, are ignored. */
async function isSigned({ origin, text, signatures }: Checkpoint, vkey: string): Promise<boolean> {
  const [, name = '', id = '', typed = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(vkey) ?? [];
  const typedKey = bytesOf(typed);
  if (name !== origin || typedKey?.length !== 1 + HASH_BYTES || typedKey[0] !== ED25519) return false;
  const expectedId = (await sha256(encoded(`${name}\n`), typedKey)).subarray(0, KEY_ID_BYTES);
  if (hexOf(expectedId) !== id) return false;
  const key = await crypto.subtle.importKey('raw', typedKey.slice(1), 'Ed25519', false, ['verify']);
  for (const line of signatures) {
    const [, signer, signature = ''] = SIGNATURE.exec(line) ?? [];
    const raw = bytesOf(signature);
    if (signer !== name || raw === undefined || hexOf(raw.subarray(0, KEY_ID_BYTES)) !== id) continue;
    if (await crypto.subtle.verify('Ed25519', key, raw.slice(KEY_ID_BYTES), encoded(text))) return true;
  }
  return false;
}

const encoded = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

async function sha256(...parts: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}

/** `undefined` for anything but the one spelling of base64 that the bytes have. */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return base64Of(bytes) === base64 ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** In parts: a function takes a limited number of arguments. */
function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(text);
}

const hexOf = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
