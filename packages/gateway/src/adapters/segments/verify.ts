/**
 * Verifies a log offline, from its folder (or a copy of it) and its public key. Problems name the record and the file.
 * Nothing is repaired and nothing is written.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createFrontier, HASH_BYTES, leafHash, openCheckpoint, type Checkpoint } from '@sallyport/guard/audit';
import { decodeFrames, HEADER_BYTES } from './frames.ts';
import { firstIndexOf, segmentName, segmentsIn } from './layout.ts';
import { parseResume, type ResumePoint } from './resume.ts';

/** Something that is wrong with a log. */
export interface Problem {
  readonly file: string;
  /** The record at fault; `undefined` when the fault is in no record. */
  readonly index: number | undefined;
  readonly what: string;
}

/** The result of a verification. */
export interface Verified {
  readonly records: number;
  /** Records that the last good checkpoint covers. */
  readonly checkpointed: number;
  readonly problems: readonly Problem[];
}

/** A record and where it is stored. */
export interface StoredRecord {
  readonly index: number;
  readonly segment: string;
  /** Of its frame in the segment, in bytes. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/** Reads every record of a tenant's log in order. A problem says where a segment could not be read further. */
export function readRecords(folder: string): { readonly records: StoredRecord[]; readonly problems: Problem[] } {
  const records: StoredRecord[] = [];
  const problems: Problem[] = [];
  for (const segment of segmentsIn(folder)) {
    const first = firstIndexOf(segment);
    if (first !== records.length) {
      const what =
        `the segment starts at record ${first}, but ${records.length} should follow: ` +
        'records are missing, doubled or out of order';
      problems.push({ file: segment, index: records.length, what });
    }
    const { frames, fault } = decodeFrames(readFileSync(join(folder, segment)), first);
    records.push(...frames.map(({ index, offset, bytes }) => ({ index, segment, offset, bytes })));
    if (fault !== undefined) problems.push({ file: segment, index: fault.index, what: fault.what });
  }
  return { records, problems };
}

const ATTEMPTS_MAX = 5;

/**
 * Verifies a log. A log that grew meanwhile may have been read during a write, so it is read again if it has problems.
 *
 * @param vkey the public key. It must come from where nobody who can change the log can change it.
 */
export function verifyLog(folder: string, vkey: string): Verified {
  for (let attempt = 1; ; attempt++) {
    const before = bytesIn(folder);
    const verified = verifyOnce(folder, vkey);
    if (verified.problems.length === 0 || attempt === ATTEMPTS_MAX || bytesIn(folder) === before) return verified;
  }
}

const bytesIn = (folder: string): number =>
  readdirSync(folder).reduce(
    (bytes, name) => bytes + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );

/** The files are read in the reverse order of their writing: a record that is added meanwhile must not look missing. */
function verifyOnce(folder: string, vkey: string): Verified {
  const fileProblems: Problem[] = [];
  const resume = readHint(folder);
  const checkpoints = readCheckpoints(folder, vkey, fileProblems);
  const leaves = readLeaves(folder, fileProblems);
  const { records, problems } = readRecords(folder);
  problems.push(...fileProblems, ...publicKeyProblems(folder, vkey));
  const hashes = records.map(({ bytes }) => leafHash(bytes));
  const checkpointed = verifyCheckpoints(checkpoints, records, hashes, leaves, problems);
  const index = leaves.findIndex((leaf, number) => hashes[number]?.equals(leaf) === false);
  if (index !== -1) problems.push({ file: 'leaves', index, what: 'the leaf hash does not match the record' });
  // The hint is written after its checkpoint. If it covers more than any checkpoint, a checkpoint was removed.
  if (problems.length === 0 && resume !== 'broken' && resume !== undefined && resume.size > checkpointed) {
    const what = `the checkpoint of ${resume.size} records is missing`;
    problems.push({ file: 'checkpoint', index: checkpointed, what });
  }
  const hintFault = resume === undefined ? undefined : faultOfHint(resume, records, hashes);
  if (hintFault !== undefined) {
    const what = `${hintFault}; the next start will read the whole log instead`;
    problems.push({ file: 'resume', index: undefined, what });
  }
  return { records: records.length, checkpointed, problems };
}

function publicKeyProblems(folder: string, vkey: string): Problem[] {
  const file = join(folder, 'vkey');
  if (!existsSync(file) || readFileSync(file, 'utf8') === `${vkey.trim()}\n`) return [];
  return [{ file: 'vkey', index: undefined, what: 'the folder has another public key than the one given' }];
}

/** @returns how many records the last good checkpoint covers. Adds the first problem to `problems`. */
function verifyCheckpoints(
  checkpoints: readonly Checkpoint[],
  records: readonly StoredRecord[],
  hashes: readonly Buffer[],
  leaves: readonly Buffer[],
  problems: Problem[],
): number {
  const frontier = createFrontier();
  let checkpointed = 0;
  for (const { size, root } of checkpoints) {
    if (size > hashes.length) {
      const covered = `a checkpoint covers ${size} records`;
      const what = `${covered}, and only ${hashes.length} can be read: the log was cut off`;
      problems.push({ file: 'checkpoint', index: hashes.length, what });
      return checkpointed;
    }
    for (const hash of hashes.slice(frontier.size, size)) frontier.append(hash);
    if (!frontier.root().equals(root)) {
      const index = firstDifference(hashes, leaves, checkpointed, size);
      const what = `a record between ${checkpointed} and ${size - 1} was changed after it was checkpointed`;
      problems.push({ file: records[index]?.segment ?? 'checkpoint', index, what });
      return checkpointed;
    }
    checkpointed = size;
  }
  return checkpointed;
}

function readHint(folder: string): ResumePoint | 'broken' | undefined {
  try {
    const file = join(folder, 'resume');
    return existsSync(file) ? parseResume(readFileSync(file, 'utf8')) : undefined;
  } catch {
    return 'broken';
  }
}

/** What is wrong with the hint for the next start. The start checks it too, without reporting. */
function faultOfHint(
  resume: ResumePoint | 'broken',
  records: readonly StoredRecord[],
  hashes: readonly Buffer[],
): string | undefined {
  if (resume === 'broken') return 'it cannot be read';
  const { size, peaks, from } = resume;
  const frontier = createFrontier();
  for (const hash of hashes.slice(0, size)) frontier.append(hash);
  if (frontier.size !== size || !frontier.peaks().every((peak, number) => peak.equals(peaks[number] as Buffer)))
    return 'its hashes are not those of the records';
  const segment = segmentName(from.segment);
  const record = records[from.index];
  if (record?.segment === segment) return record.offset === from.offset ? undefined : 'it points at no record';
  // Otherwise it must point at the end of the record before.
  const previous = records[from.index - 1];
  const end = previous === undefined ? 0 : previous.offset + HEADER_BYTES + previous.bytes.length;
  const pointsAtEnd = (previous?.segment ?? segmentName(0)) === segment && end === from.offset;
  return pointsAtEnd ? undefined : 'it points at no record';
}

/** The first record whose hash differs from the stored one; else the first that no good checkpoint covers. */
function firstDifference(hashes: readonly Buffer[], leaves: readonly Buffer[], from: number, to: number): number {
  for (let index = from; index < to; index++)
    if (leaves[index]?.equals(hashes[index] as Buffer) === false) return index;
  return from;
}

function readLeaves(folder: string, problems: Problem[]): Buffer[] {
  const file = join(folder, 'leaves');
  if (!existsSync(file)) return [];
  const bytes = readFileSync(file);
  const count = Math.floor(bytes.length / HASH_BYTES);
  if (bytes.length % HASH_BYTES !== 0)
    problems.push({ file: 'leaves', index: count, what: 'the file is cut off inside a hash' });
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES));
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
    for (const [number, note] of notes.entries()) {
      const checkpoint = openCheckpoint(note, vkey);
      if (checkpoint === undefined)
        problems.push({ file, index: undefined, what: `checkpoint ${number} is not signed by this key` });
      else if (checkpoint.size < (checkpoints.at(-1)?.size ?? 0))
        problems.push({ file, index: undefined, what: `checkpoint ${number} is smaller than the one before it` });
      else checkpoints.push(checkpoint);
    }
  }
  return checkpoints;
}
