/** Cosignatures: a witness says when it saw a checkpoint that continues every earlier one (C2SP tlog-cosignature). */
import { verify } from 'node:crypto';
import { COSIGNATURE_KEY, parseVerifierKey, type Verifier } from './verifier-key.ts';

const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/**
 * Reads the public key of a witness.
 *
 * @throws Error when the text is not one.
 *
 * @example
 * ```ts
 * const nameOf = (vkey: string): string => parseWitnessKey(vkey).name;
 * ```
 */
export const parseWitnessKey = (vkey: string): Verifier => parseVerifierKey(vkey, COSIGNATURE_KEY);

/**
 * When a witness signed the checkpoint of a note; `undefined` when it did not. The signature of the log is not checked.
 *
 * @param note the checkpoint with its signatures, the one of the witness among them.
 * @param vkey the public key of the witness.
 * @returns milliseconds since 1970.
 * @throws Error when `vkey` is not the key of a witness.
 *
 * @example
 * ```ts
 * const isSeen = (note: string, vkey: string): boolean => cosignedAtMs(note, vkey) !== undefined;
 * ```
 */
export function cosignedAtMs(note: string, vkey: string): number | undefined {
  const witness = parseWitnessKey(vkey);
  const end = note.indexOf('\n\n');
  if (end === -1) return undefined;
  const text = note.slice(0, end + 1);
  const times = note
    .slice(end + 2)
    .split('\n')
    .map((line) => timeIn(line, text, witness));
  return times.find((time) => time !== undefined);
}

function timeIn(line: string, text: string, { name, id, key }: Verifier): number | undefined {
  const start = `— ${name} `;
  if (!line.startsWith(start)) return undefined;
  const encoded = line.slice(start.length);
  const raw = Buffer.from(encoded, 'base64');
  const isWhole = raw.length === id.length + TIME_BYTES + SIGNATURE_BYTES && raw.toString('base64') === encoded;
  if (!isWhole || !raw.subarray(0, id.length).equals(id)) return undefined;
  const seconds = raw.readBigUInt64BE(id.length);
  const signed = Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
  const isSigned = verify(null, signed, key, raw.subarray(id.length + TIME_BYTES));
  return isSigned ? Number(seconds) * 1_000 : undefined;
}
