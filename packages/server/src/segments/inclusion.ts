/**
 * One record of a log with the proof that it is in the tree that the last checkpoint signs: everything that somebody
 * needs who trusts the public key of the log and nobody else.
 */
import { join } from 'node:path';
import { BoundedMap } from '@sallyport/guard';
import {
  createTileReader,
  HASH_BYTES,
  inclusionProofFromTiles,
  leafHash,
  openCheckpoint,
  type Tile,
} from '@sallyport/guard/audit';
import { createFrameDecoder, findFrame } from './frames.ts';
import { realFiles } from './files.ts';
import { firstIndexOf, segmentsIn } from './layout.ts';
import { readRange, readSmallFile } from './log-file.ts';

/** A record and its proof. */
export interface Inclusion {
  readonly index: number;
  /** Records that the checkpoint covers. */
  readonly size: number;
  /** The bytes of the record, as they were hashed. */
  readonly leaf: Buffer;
  readonly leafHash: Buffer;
  /** PATH of RFC 6962, from the leaf to the root. */
  readonly path: readonly Buffer[];
  /** The signed note (C2SP tlog-checkpoint). */
  readonly checkpoint: string;
  /** The key that signed it (C2SP verifier key). */
  readonly key: string;
}

/**
 * Why there is no proof: the log has no such record, no checkpoint covers it yet, or what is stored does not fit
 * together.
 */
export type NoInclusion = 'no_record' | 'not_signed_yet' | 'damaged';

/** Proves records of logs; remembers the upper hashes of the trees that it was asked about. */
export type ProveInclusion = (folder: string, index: number) => Promise<Inclusion | NoInclusion>;

const TREES_MAX = 16;
const SMALL_FILE_BYTES_MAX = 64 * 1024;

/** Reads files only, so that it works for the logs of every process. */
export function createProveInclusion(): ProveInclusion {
  const readers = new BoundedMap<string, (tile: Tile) => Promise<Buffer>>(TREES_MAX);
  const readerOf = (folder: string): ((tile: Tile) => Promise<Buffer>) => {
    const known = readers.get(folder);
    if (known !== undefined) return known;
    const made = createTileReader((from, to) => readLeaves(folder, from, to));
    readers.set(folder, made);
    return made;
  };
  return async (folder, index) => {
    const signed = await signedCheckpoint(folder);
    if (signed === undefined) return 'not_signed_yet';
    const { note, key, size } = signed;
    const leaf = await recordAt(folder, index);
    if (leaf === undefined) return 'no_record';
    if (index >= size) return 'not_signed_yet';
    try {
      const path = await inclusionProofFromTiles(readerOf(folder), index, size);
      return { index, size, leaf, leafHash: leafHash(leaf), path, checkpoint: note, key };
    } catch {
      return 'damaged';
    }
  };
}

async function readLeaves(folder: string, from: number, to: number): Promise<Buffer> {
  const bytes = await readRange(realFiles, join(folder, 'leaves'), from * HASH_BYTES, to * HASH_BYTES);
  if (bytes.length < (to - from) * HASH_BYTES) throw new Error(`leaf hashes are missing in ${folder}`);
  return bytes;
}

async function signedCheckpoint(
  folder: string,
): Promise<{ readonly note: string; readonly key: string; readonly size: number } | undefined> {
  const [note, key] = await Promise.all(
    ['checkpoint', 'vkey'].map((name) => readSmallFile(realFiles, join(folder, name), SMALL_FILE_BYTES_MAX)),
  );
  if (note === undefined || key === undefined) return undefined;
  const [text, vkey] = [note.toString(), key.toString().trim()];
  try {
    const checkpoint = openCheckpoint(text, vkey);
    return checkpoint && { note: text, key: vkey, size: checkpoint.size };
  } catch {
    return undefined;
  }
}

const READ_BYTES = 256 * 1024;

/** The bytes of one record. Its place is found by halves, as every piece of a segment says which records it has. */
export async function recordAt(folder: string, index: number): Promise<Buffer | undefined> {
  const name = segmentsIn(folder).findLast((candidate) => firstIndexOf(candidate) <= index);
  if (name === undefined) return undefined;
  const path = join(folder, name);
  const segment = firstIndexOf(name);
  const bytes = realFiles.status(path)?.bytes ?? 0;
  let [low, first, high] = [0, segment, bytes];
  while (high - low > READ_BYTES) {
    const middle = low + Math.floor((high - low) / 2);
    const piece = await readRange(realFiles, path, middle, Math.min(bytes, middle + READ_BYTES));
    const found = findFrame(piece, 0, segment, bytes);
    if (found === undefined || found.index > index) high = middle;
    else [low, first] = [middle + found.at, found.index];
  }
  const decoder = createFrameDecoder(first, low);
  for (let at = low; at < bytes && decoder.next <= index; at += READ_BYTES) {
    const frames = decoder.push(await readRange(realFiles, path, at, Math.min(bytes, at + READ_BYTES)));
    const frame = frames.find((candidate) => candidate.index === index);
    if (frame !== undefined) return Buffer.from(frame.bytes);
    if (frames.length === 0 && decoder.end()?.what !== 'the frame is cut off') return undefined;
  }
  return undefined;
}
