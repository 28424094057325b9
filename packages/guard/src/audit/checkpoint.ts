/** Checkpoints: C2SP tlog-checkpoint signed notes with Ed25519 signatures. */
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { Hash } from './tree.ts';
import { CHECKPOINT_KEY, keyIdOf, parseVerifierKey, SPKI_PREFIX, type Verifier } from './verifier-key.ts';

/**
 * A statement about a log: its name, size and root hash.
 *
 * @example
 * ```ts
 * const isEmpty = ({ size }: Checkpoint): boolean => size === 0;
 * ```
 */
export interface Checkpoint {
  /** Name of the log; also the name of its key. */
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
}

/**
 * Signs the checkpoints of one log.
 *
 * @example
 * ```ts
 * const note = (signer: Signer, frontier: Frontier): string =>
 *   signer.sign({ size: frontier.size, root: frontier.root() });
 * ```
 */
export interface Signer {
  readonly origin: string;
  /** C2SP verifier key: `<name>+<key id>+<base64 of 0x01 and the public key>`. */
  readonly vkey: string;
  /** A C2SP signed note: the checkpoint and one signature. */
  sign(checkpoint: Omit<Checkpoint, 'origin'>): string;
}

const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * A signer with an Ed25519 key.
 *
 * @param origin the name of the log, without spaces and `+` (C2SP signed-note).
 * @param seed the private key: 32 bytes.
 * @throws RangeError for an origin that cannot stand in a note.
 *
 * @example
 * ```ts
 * const signer = createSigner('example.com/acme', new Uint8Array(32).fill(7));
 * ```
 */
export function createSigner(origin: string, seed: Uint8Array): Signer {
  if (origin === '' || /[\s+]/.test(origin))
    throw new RangeError('the origin must not be empty or contain spaces or "+"');
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length);
  const typedKey = Buffer.concat([CHECKPOINT_KEY, publicKey]);
  const id = keyIdOf(origin, typedKey);
  return {
    origin,
    vkey: `${origin}+${id.toString('hex')}+${typedKey.toString('base64')}`,
    sign({ size, root }) {
      const text = bodyOf({ origin, size, root });
      return `${text}\n— ${origin} ${Buffer.concat([id, sign(null, Buffer.from(text), key)]).toString('base64')}\n`;
    },
  };
}

const bodyOf = ({ origin, size, root }: Checkpoint): string => `${origin}\n${size}\n${root.toString('base64')}\n`;

/**
 * Reads a C2SP verifier key.
 *
 * @throws Error when the text is not one.
 *
 * @example
 * ```ts
 * const { name } = parseVkey(createSigner('example.com/acme', new Uint8Array(32)).vkey);
 * ```
 */
export const parseVkey = (vkey: string): Verifier => parseVerifierKey(vkey, CHECKPOINT_KEY);

/**
 * The checkpoint of a signed note, when the key signed it; `undefined` for anything else.
 *
 * @throws Error when `vkey` is not a verifier key.
 *
 * @example
 * ```ts
 * const sizeOf = (note: string, vkey: string): number | undefined => openCheckpoint(note, vkey)?.size;
 * ```
 */
export function openCheckpoint(note: string, vkey: string): Checkpoint | undefined {
  const verifier = parseVkey(vkey);
  const end = note.indexOf('\n\n');
  const text = note.slice(0, end + 1);
  const [origin = '', size = '', root = '', ...rest] = text.split('\n');
  if (end === -1 || origin !== verifier.name || !/^(0|[1-9]\d{0,15})$/.test(size) || rest.length !== 1)
    return undefined;
  const rootHash = Buffer.from(root, 'base64');
  if (rootHash.length !== 32 || rootHash.toString('base64') !== root) return undefined;
  const signatures = note.slice(end + 2).split('\n');
  // Nothing but signature lines may follow, or a note could hide another one.
  if (signatures.pop() !== '' || !signatures.every((line) => /^— \S+ [A-Za-z0-9+/]+={0,2}$/.test(line)))
    return undefined;
  const signed = signatures.some((line) => isSignature(line, text, verifier));
  return signed ? { origin, size: Number(size), root: rootHash } : undefined;
}

/** Whether a signature line is by this key and over this text. Lines of other keys are ignored (C2SP signed-note). */
function isSignature(line: string, text: string, { name, id, key }: Verifier): boolean {
  const raw = Buffer.from(/^— (\S+) (\S+)$/.exec(line)?.[2] ?? '', 'base64');
  return (
    line.startsWith(`— ${name} `) &&
    raw.subarray(0, 4).equals(id) &&
    raw.length === 68 &&
    line.endsWith(raw.toString('base64')) &&
    verify(null, Buffer.from(text), key, raw.subarray(4))
  );
}
