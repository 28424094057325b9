/**
 * Shows the checkpoint of a log to a witness (C2SP tlog-witness): somebody else, who remembers the newest checkpoint of
 * each log and signs only what continues it. So an older copy of a log, or one that was written anew, is found out
 * although it is complete in itself.
 */
import { join } from 'node:path';
import { consistencyProofInParts, cosignedAtMs, HASH_BYTES } from '@sallyport/guard/audit';
import { piecesOf } from '@sallyport/server/segments/read-log';
import { fetchBounded } from './fetch-bounded.ts';

/** A witness, and the key under which its signatures are checked. */
export interface Witness {
  /** Submission prefix. */
  readonly url: string;
  readonly vkey: string;
}

/** A checkpoint that the witness signed. */
export interface Cosigned {
  /** The signed note, with the signature of the witness. */
  readonly note: string;
  readonly atMs: number;
}

/** Others may show the witness newer checkpoints meanwhile. */
const ATTEMPTS_MAX = 5;
/** An older signature was kept by somebody who answers in the place of the witness. */
const AGE_MS_MAX = 600_000;

/**
 * @param folder of the log, whose leaf hashes were verified.
 * @param note its newest checkpoint.
 * @returns what the witness signed, or what is wrong, in a sentence.
 */
export async function showToWitness(
  witness: Witness,
  folder: string,
  note: string,
  size: number,
): Promise<Cosigned | string> {
  let old = 0;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const { status, body } = await submit(witness.url, `old ${old}\n${proofOf(folder, old, size)}\n${note}`);
    if (status === 200) return cosigned(`${note}${body.toString()}`, witness.vkey);
    if (status === 422) return rewritten(old);
    if (status === 404) return 'it does not know this log';
    if (status === 403) return 'it knows another key of this log';
    const known = status === 409 ? sizeIn(body) : undefined;
    if (known === undefined) return `it answered ${status}`;
    if (known > size)
      return `it holds a checkpoint of ${known} records, and the log has one of ${size}: an older copy took its place`;
    if (known === old) return rewritten(old);
    old = known;
  }
  return 'its checkpoint of this log changes all the time';
}

const rewritten = (size: number): string =>
  `the first ${size} records are not those that it holds: the log was written anew`;

const submit = (url: string, body: string): ReturnType<typeof fetchBounded> =>
  fetchBounded(`${url.replace(/\/$/, '')}/add-checkpoint`, { method: 'POST', body });

/** The hashes of a consistency proof, each on a line. */
function proofOf(folder: string, old: number, size: number): string {
  const proof = consistencyProofInParts(old, size);
  if (old === 0 || old === size) return '';
  for (const piece of piecesOf(join(folder, 'leaves'), 0, size * HASH_BYTES))
    for (let at = 0; at < piece.length; at += HASH_BYTES)
      proof.append(Buffer.from(piece.subarray(at, at + HASH_BYTES)));
  return proof
    .hashes()
    .map((hash) => `${hash.toString('base64')}\n`)
    .join('');
}

function sizeIn(body: Buffer): number | undefined {
  const text = body.toString();
  return /^(?:0|[1-9]\d{0,15})\n$/.test(text) ? Number(text) : undefined;
}

function cosigned(note: string, vkey: string): Cosigned | string {
  const atMs = cosignedAtMs(note, vkey);
  if (atMs === undefined) return 'its answer is not signed by the key that was given';
  if (Math.abs(Date.now() - atMs) > AGE_MS_MAX)
    return `its signature is of ${new Date(atMs).toISOString()}: an old answer was repeated, or a clock is wrong`;
  return { note, atMs };
}
