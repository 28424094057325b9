/**
 * Verifies a log offline, from its folder (or a copy of it) and its public key, and names what is wrong: the record, the
 * segment file and the tenant. Nothing is repaired and nothing is written.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createFrontier, leafHash, openCheckpoint, type Checkpoint } from '@sallyport/guard/audit';
import { decodeFrames, HEADER_BYTES } from './frames.ts';
import { firstIndexOf, segmentName, segmentsIn } from './layout.ts';
import { parseResume, type Resume } from './resume.ts';

export interface Problem {
  readonly file: string;
  /** The record at fault; `undefined` when the fault is in no record. */
  readonly index: number | undefined;
  readonly what: string;
}

export interface Verified {
  readonly records: number;
  /** Records that the last good checkpoint covers. */
  readonly checkpointed: number;
  readonly problems: readonly Problem[];
}

export interface StoredRecord {
  readonly index: number;
  readonly segment: string;
  /** Of its frame in the segment. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Every record of a tenant's log in order, and where reading had to stop. */
export function readRecords(folder: string): { readonly records: StoredRecord[]; readonly problems: Problem[] } {
  const records: StoredRecord[] = [];
  const problems: Problem[] = [];
  for (const segment of segmentsIn(folder)) {
    const first = firstIndexOf(segment);
    if (first !== records.length)
      problems.push({
        file: segment,
        index: records.length,
        what: `the segment starts at record ${first}, but ${records.length} should follow: records are missing, doubled or out of order`,
      });
    const { frames, fault } = decodeFrames(readFileSync(join(folder, segment)), first);
    records.push(...frames.map(({ index, offset, bytes }) => ({ index, segment, offset, bytes })));
    if (fault !== undefined) problems.push({ file: segment, index: fault.index, what: fault.what });
  }
  return { records, problems };
}

const ATTEMPTS = 5;

/**
 * A log that grew while it was read may have been read in the middle of a write, so its problems are looked at again.
 *
 * @param vkey the public key, from a place that whoever could change the log could not change.
 */
export function verifyLog(folder: string, vkey: string): Verified {
  for (let attempt = 1; ; attempt++) {
    const before = bytesIn(folder);
    const verified = verifyOnce(folder, vkey);
    if (verified.problems.length === 0 || attempt === ATTEMPTS || bytesIn(folder) === before) return verified;
  }
}

const bytesIn = (folder: string): number =>
  readdirSync(folder).reduce(
    (bytes, name) => bytes + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );

/** What is written last is read first: a record that came in between must not look like one that is missing. */
function verifyOnce(folder: string, vkey: string): Verified {
  const beside: Problem[] = [];
  const resume = readHint(folder);
  const checkpoints = readCheckpoints(folder, vkey, beside);
  const leaves = readLeaves(folder, beside);
  const { records, problems } = readRecords(folder);
  problems.push(...beside);
  const hashes = records.map(({ bytes }) => leafHash(bytes));
  const kept = join(folder, 'vkey');
  if (existsSync(kept) && readFileSync(kept, 'utf8') !== `${vkey.trim()}\n`)
    problems.push({ file: 'vkey', index: undefined, what: 'the folder has another public key than the one given' });
  const frontier = createFrontier();
  let checkpointed = 0;
  for (const checkpoint of checkpoints) {
    if (checkpoint.size > hashes.length) {
      problems.push({
        file: 'checkpoint',
        index: hashes.length,
        what: `a checkpoint covers ${checkpoint.size} records, and only ${hashes.length} can be read: the log was cut off`,
      });
      break;
    }
    while (frontier.size < checkpoint.size) frontier.append(hashes[frontier.size] as Buffer);
    if (!frontier.root().equals(checkpoint.root)) {
      const index = differing(hashes, leaves, checkpointed, checkpoint.size);
      problems.push({
        file: records[index]?.segment ?? 'checkpoint',
        index,
        what: `a record between ${checkpointed} and ${checkpoint.size - 1} was changed after it was checkpointed`,
      });
      break;
    }
    checkpointed = checkpoint.size;
  }
  for (const [index, leaf] of leaves.entries()) {
    if (index < hashes.length && !leaf.equals(hashes[index] as Buffer)) {
      problems.push({ file: 'leaves', index, what: 'the leaf hash does not match the record' });
      break;
    }
  }
  // Written after its checkpoint: without one that large, whoever took the checkpoint away also took what was signed.
  if (problems.length === 0 && resume !== 'broken' && resume !== undefined && resume.size > checkpointed)
    problems.push({
      file: 'checkpoint',
      index: checkpointed,
      what: `the checkpoint of ${resume.size} records is missing`,
    });
  const wrong = wrongHint(resume, records, hashes);
  if (wrong !== undefined)
    problems.push({
      file: 'resume',
      index: undefined,
      what: `${wrong}; the next start will read the whole log instead`,
    });
  return { records: records.length, checkpointed, problems };
}

function readHint(folder: string): Resume | 'broken' | undefined {
  try {
    return parseResume(folder);
  } catch {
    return 'broken';
  }
}

/** The hint for the next start is checked there too; here it is told. */
function wrongHint(
  resume: Resume | 'broken' | undefined,
  records: readonly StoredRecord[],
  hashes: readonly Buffer[],
): string | undefined {
  if (resume === undefined) return undefined;
  if (resume === 'broken') return 'it cannot be read';
  const { size, peaks, from } = resume;
  const frontier = createFrontier();
  for (const hash of hashes.slice(0, size)) frontier.append(hash);
  const there = records[from.index];
  const before = records[from.index - 1];
  const end = before === undefined ? 0 : before.offset + HEADER_BYTES + before.bytes.length;
  const points =
    there?.segment === segmentName(from.segment)
      ? there.offset === from.offset
      : (before?.segment ?? segmentName(0)) === segmentName(from.segment) && end === from.offset;
  if (frontier.size !== size || !frontier.peaks().every((peak, at) => peak.equals(peaks[at] as Buffer)))
    return 'its hashes are not those of the records';
  return points ? undefined : 'it points at no record';
}

/** The first record whose hash is not the one that was kept beside it, or the first that no good checkpoint covers. */
function differing(hashes: readonly Buffer[], leaves: readonly Buffer[], from: number, to: number): number {
  for (let index = from; index < to; index++)
    if (leaves[index] !== undefined && !(leaves[index] as Buffer).equals(hashes[index] as Buffer)) return index;
  return from;
}

function readLeaves(folder: string, problems: Problem[]): Buffer[] {
  const file = join(folder, 'leaves');
  if (!existsSync(file)) return [];
  const all = readFileSync(file);
  if (all.length % 32 !== 0)
    problems.push({ file: 'leaves', index: Math.floor(all.length / 32), what: 'the file is cut off inside a hash' });
  return Array.from({ length: Math.floor(all.length / 32) }, (_, index) => all.subarray(index * 32, index * 32 + 32));
}

/** All signed checkpoints in order; an unsigned, altered or shrinking one is a problem. */
function readCheckpoints(folder: string, vkey: string, problems: Problem[]): Checkpoint[] {
  const checkpoints: Checkpoint[] = [];
  for (const file of ['checkpoints', 'checkpoint']) {
    const path = join(folder, file);
    if (!existsSync(path)) continue;
    // The file is notes that each end in a newline, with an empty line between them.
    const text = readFileSync(path, 'utf8');
    const notes = file === 'checkpoint' ? [text] : text.split(/(?<=\n— [^\n]+\n)\n/).filter((note) => note !== '');
    for (const [at, note] of notes.entries()) {
      const checkpoint = openCheckpoint(note, vkey);
      if (checkpoint === undefined)
        problems.push({ file, index: undefined, what: `checkpoint ${at} is not signed by this key` });
      else if (checkpoint.size < (checkpoints.at(-1)?.size ?? 0))
        problems.push({ file, index: undefined, what: `checkpoint ${at} is smaller than the one before it` });
      else checkpoints.push(checkpoint);
    }
  }
  return checkpoints;
}
