/** Public keys of those who sign notes (C2SP signed-note), by the kind of their signatures. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

/** A verifier key, taken apart. */
export interface Verifier {
  readonly name: string;
  /** The first bytes of every signature. */
  readonly id: Buffer;
  readonly key: KeyObject;
}

/** The key of a log: it signs the text of a checkpoint. */
export const CHECKPOINT_KEY = Buffer.from([0x01]);
/** The key of a witness: it signs the text of a checkpoint with a time (C2SP tlog-cosignature). */
export const COSIGNATURE_KEY = Buffer.from([0x04]);

/** An Ed25519 public key is these bytes and the key (RFC 8410). */
export const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PUBLIC_KEY_BYTES = 32;

/** @param typedKey the kind of the key, and the key. */
export const keyIdOf = (name: string, typedKey: Uint8Array): Buffer =>
  createHash('sha256').update(name).update('\n').update(typedKey).digest().subarray(0, 4);

/** Reads a verifier key of one kind. @throws Error when the text is not one. */
export function parseVerifierKey(vkey: string, kind: Buffer): Verifier {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(vkey.trim());
  const raw = Buffer.from(match?.[3] ?? '', 'base64');
  const [name, id] = [match?.[1] ?? '', Buffer.from(match?.[2] ?? '', 'hex')];
  const isOfKind = raw.length === kind.length + PUBLIC_KEY_BYTES && raw.subarray(0, kind.length).equals(kind);
  if (match === null || !isOfKind || !keyIdOf(name, raw).equals(id))
    throw new Error('not a verifier key of the form name+id+key');
  const publicKey = Buffer.concat([SPKI_PREFIX, raw.subarray(kind.length)]);
  return { name, id, key: createPublicKey({ key: publicKey, format: 'der', type: 'spki' }) };
}
