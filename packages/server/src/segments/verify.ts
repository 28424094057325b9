/**
 * Verifies a log offline, from its folder (or a copy of it) and its public key, in one pass over its files. Problems
 * name the record and the file. Nothing is repaired and nothing is written.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createFrontier, HASH_BYTES, leafHash, openCheckpoint, type Checkpoint } from '@sallyport/guard/audit';
import { HEADER_BYTES } from './frames.ts';
import { checkpointListName, checkpointListsOf, segmentName } from './layout.ts';
import { notesIn } from './notes.ts';
import { piecesOf, recordsIn, type Problem, type StoredRecord } from './read-log.ts';
import { parseResume, type ResumePoint } from './resume.ts';

export { readRecords, type Problem, type StoredRecord } from './read-log.ts';

/** The result of a verification. */
export interface Verified {
  readonly records: number;
  /** Records that the last good checkpoint covers. */
  readonly checkpointed: number;
  readonly problems: readonly Problem[];
}

const ATTEMPTS_MAX = 5;

/**
 * Verifies a log. A log that grew meanwhile may have been read during a write, so it is read again if it has problems.
 *
 * @param vkey the public key, from a source that whoever can change the log cannot change.
 * @param outside checkpoints that somebody else kept: only they show that a log was rolled back as a whole.
 * @param progress is called with each record.
 */
export function verifyLog(
  folder: string,
  vkey: string,
  outside: readonly Checkpoint[] = [],
  progress: () => void = () => undefined,
): Verified {
  for (let attempt = 1; ; attempt++) {
    const before = bytesIn(folder);
    const verified = verifyOnce(folder, vkey, outside, progress);
    if (verified.problems.length === 0 || attempt === ATTEMPTS_MAX || bytesIn(folder) === before) return verified;
  }
}

const bytesOf = (folder: string, name: string): number =>
  statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;

const bytesIn = (folder: string): number =>
  readdirSync(folder).reduce((bytes, name) => bytes + bytesOf(folder, name), 0);

/** A log while it is verified. Each kind of problem has a list of its own, so that the records come first. */
interface Verification {
  readonly folder: string;
  readonly checkpoints: Iterator<Checkpoint>;
  /** The checkpoint that is reached next; `undefined` after the last one or after one that does not hold. */
  due: Checkpoint | undefined;
  readonly checkpointProblems: Problem[];
  /** Records that the last good checkpoint covers, and the segment of the record that follows them. */
  checkpointed: number;
  segmentAfter: string | undefined;
  /** The first record whose hash is not the stored one. */
  changed: { readonly index: number; readonly segment: string } | undefined;
}

/** Sizes are taken in the reverse order of writing: a record that is added meanwhile must not look missing. */
function verifyOnce(folder: string, vkey: string, outside: readonly Checkpoint[], progress: () => void): Verified {
  const resume = readHint(folder);
  const fileProblems: Problem[] = [];
  const checkpoints = readCheckpoints(folder, vkey, resume, fileProblems);
  const verification: Verification = {
    folder,
    checkpoints,
    due: nextOf(checkpoints),
    checkpointProblems: [],
    checkpointed: 0,
    segmentAfter: undefined,
    changed: undefined,
  };
  const leaves = createLeafReader(folder);
  const hint = createHintCheck(resume);
  const outsideCheck = createOutsideCheck(outside);
  const frontier = createFrontier();
  const problems: Problem[] = [];
  const reach = (segment: string | undefined): void => {
    checkDue(verification, frontier.size, frontier.root, segment);
    outsideCheck.reach(frontier.size, frontier.root);
    hint.reach(frontier.size, frontier.peaks);
  };
  reach(undefined);
  for (const record of recordsIn(folder, problems)) {
    verification.segmentAfter ??= record.segment;
    const hash = leafHash(record.bytes);
    const index = frontier.size;
    if (verification.changed === undefined && leaves.next()?.equals(hash) === false)
      verification.changed = { index, segment: record.segment };
    hint.record(index, record);
    frontier.append(hash);
    reach(record.segment);
    progress();
  }
  const { checkpointed } = verification;
  checkUnreached(verification, frontier.size);
  problems.push(...fileProblems, ...publicKeyProblems(folder, vkey), ...verification.checkpointProblems);
  problems.push(...leafProblems(verification, leaves, frontier.size));
  problems.push(...outsideCheck.problems(frontier.size), ...hintProblems(resume, hint, checkpointed, problems.length));
  if (problems.length === 0) problems.push(...unsignedProblems(folder, frontier.size));
  return { records: frontier.size, checkpointed, problems };
}

function nextOf(checkpoints: Iterator<Checkpoint>): Checkpoint | undefined {
  const { value, done } = checkpoints.next();
  return done === true ? undefined : (value as Checkpoint);
}

/** Compares the checkpoints that cover as many records as were read. */
function checkDue(verification: Verification, size: number, root: () => Buffer, segment: string | undefined): void {
  while (verification.due?.size === size) {
    if (!verification.due.root.equals(root())) {
      const { checkpointed, changed, segmentAfter } = verification;
      const index = changed?.index ?? checkpointed;
      const what = `a record between ${checkpointed} and ${size - 1} was changed after it was checkpointed`;
      const file = changed?.segment ?? segmentAfter ?? segment ?? 'checkpoint';
      verification.checkpointProblems.push({ file, index, what });
      verification.due = undefined;
      return;
    }
    verification.checkpointed = size;
    verification.segmentAfter = undefined;
    verification.due = nextOf(verification.checkpoints);
  }
}

function checkUnreached({ due, checkpoints, checkpointProblems }: Verification, size: number): void {
  if (due === undefined) return;
  const what = `a checkpoint covers ${due.size} records, and only ${size} can be read: the log was cut off`;
  checkpointProblems.push({ file: 'checkpoint', index: size, what });
  // The others are read for what is wrong with themselves.
  while (nextOf(checkpoints) !== undefined);
}

function leafProblems(
  { checkpointed, changed }: Verification,
  leaves: ReturnType<typeof createLeafReader>,
  records: number,
): Problem[] {
  const problems: Problem[] = [];
  const add = (index: number, what: string): number => problems.push({ file: 'leaves', index, what });
  if (leaves.count < checkpointed)
    add(leaves.count, `the hashes of ${checkpointed - leaves.count} records are missing`);
  if (leaves.count > records)
    add(records, `it has the hashes of ${leaves.count - records} more records: they were cut off`);
  if (leaves.isTorn) add(leaves.count, 'the file is cut off inside a hash');
  if (changed !== undefined) add(changed.index, 'the leaf hash does not match the record');
  return problems;
}

/** A log is signed right after its first records. */
function unsignedProblems(folder: string, records: number): Problem[] {
  if (records === 0 || checkpointListsOf(readdirSync(folder)).length > 0 || existsSync(join(folder, 'checkpoint')))
    return [];
  const what =
    `nothing has signed the ${records} records yet: the process was stopped before it signed its first checkpoint, ` +
    'which it does right after the first records, or every checkpoint was deleted. The next start signs the records ' +
    'as they are; only a checkpoint that was kept elsewhere can show that there were no others';
  return [{ file: 'checkpoint', index: 0, what }];
}

function publicKeyProblems(folder: string, vkey: string): Problem[] {
  const file = join(folder, 'vkey');
  if (!existsSync(file) || readFileSync(file, 'utf8') === `${vkey.trim()}\n`) return [];
  return [{ file: 'vkey', index: undefined, what: 'the folder has another public key than the one given' }];
}

/** Compares the log with checkpoints that somebody else kept. */
function createOutsideCheck(outside: readonly Checkpoint[]) {
  const waiting = new Map(outside.map((checkpoint) => [checkpoint.size, checkpoint]));
  const found: Problem[] = [];
  return {
    reach(size: number, root: () => Buffer): void {
      const checkpoint = waiting.get(size);
      if (checkpoint === undefined) return;
      waiting.delete(size);
      const same = outside.filter((other) => other.size === size).every((other) => other.root.equals(root()));
      if (same) return;
      const what = `the first ${size} records are not those of the outside checkpoint: the log was written anew`;
      found.push({ file: 'outside checkpoint', index: undefined, what });
    },
    problems(size: number): Problem[] {
      const beyond = [...waiting.values()].map((checkpoint) => ({
        file: 'outside checkpoint',
        index: size,
        what:
          `it covers ${checkpoint.size} records, and the log has ${size}: ` +
          'an older copy took its place, or it was cut off',
      }));
      return [...found, ...beyond];
    },
  };
}

function readHint(folder: string): ResumePoint | 'broken' | undefined {
  const file = join(folder, 'resume');
  try {
    return existsSync(file) ? parseResume(readFileSync(file, 'utf8')) : undefined;
  } catch {
    return 'broken';
  }
}

/** Compares the hint for the next start with the records. The start checks it too, without reporting. */
function createHintCheck(resume: ResumePoint | 'broken' | undefined) {
  const hint = resume === 'broken' ? undefined : resume;
  let previousEnd = { segment: segmentName(0), offset: 0 };
  let [isRoot, isPlace] = [false, false];
  const isAt = (segment: string, offset: number): boolean =>
    hint !== undefined && segment === segmentName(hint.from.segment) && offset === hint.from.offset;
  return {
    reach(size: number, peaks: () => readonly Buffer[]): void {
      if (size === hint?.size) isRoot = peaks().every((peak, number) => peak.equals(hint.peaks[number] as Buffer));
      // The hint may point at the end of the record before.
      // The hint may also point at the beginning of a segment that has no record yet.
      if (size === hint?.from.index)
        isPlace = isAt(previousEnd.segment, previousEnd.offset) || isAt(segmentName(size), 0);
    },
    record(index: number, { segment, offset, bytes }: StoredRecord): void {
      if (index === hint?.from.index && isAt(segment, offset)) isPlace = true;
      previousEnd = { segment, offset: offset + HEADER_BYTES + bytes.length };
    },
    fault(): string | undefined {
      if (resume === undefined) return undefined;
      if (hint === undefined) return 'it cannot be read';
      if (!isRoot) return 'its hashes are not those of the records';
      return isPlace ? undefined : 'it points at no record';
    },
  };
}

function hintProblems(
  resume: ResumePoint | 'broken' | undefined,
  hint: ReturnType<typeof createHintCheck>,
  checkpointed: number,
  others: number,
): Problem[] {
  const problems: Problem[] = [];
  // The hint is written after its checkpoint. If it covers more than any checkpoint, a checkpoint was removed.
  if (others === 0 && resume !== 'broken' && resume !== undefined && resume.size > checkpointed) {
    const what = `the checkpoint of ${resume.size} records is missing`;
    problems.push({ file: 'checkpoint', index: checkpointed, what });
  }
  const fault = hint.fault();
  if (fault !== undefined)
    problems.push({
      file: 'resume',
      index: undefined,
      what: `${fault}; the next start will read the whole log instead`,
    });
  return problems;
}

/** Reads the stored leaf hashes one after the other. */
function createLeafReader(folder: string) {
  const bytes = bytesOf(folder, 'leaves');
  const end = bytes - (bytes % HASH_BYTES);
  const pieces = end === 0 ? undefined : piecesOf(join(folder, 'leaves'), 0, end);
  let piece: Buffer = Buffer.alloc(0);
  let at = 0;
  return {
    count: end / HASH_BYTES,
    isTorn: end !== bytes,
    next(): Buffer | undefined {
      if (at === piece.length) {
        const read = pieces?.next();
        if (read === undefined || read.done === true) return undefined;
        [piece, at] = [read.value, 0];
      }
      at += HASH_BYTES;
      return piece.subarray(at - HASH_BYTES, at);
    },
  };
}

const FIRST_LIST = checkpointListName(0);

/** All signed checkpoints in order; what is unsigned, altered, missing, repeated or shrinking is a problem. */
function* readCheckpoints(
  folder: string,
  vkey: string,
  resume: ResumePoint | 'broken' | undefined,
  problems: Problem[],
): Generator<Checkpoint, undefined> {
  const lists = checkpointListsOf(readdirSync(folder)).map((name) => ({ name, bytes: bytesOf(folder, name) }));
  const newest = existsSync(join(folder, 'checkpoint')) ? readFileSync(join(folder, 'checkpoint'), 'utf8') : undefined;
  let last = -1;
  for (const { name, bytes } of lists) {
    let number = 0;
    for (const note of notesIn(piecesOf(join(folder, name), 0, bytes))) {
      const checkpoint = openCheckpoint(note, vkey);
      const fault = checkpoint === undefined ? 'is not signed by this key' : faultOfOrder(checkpoint.size, last);
      if (fault !== undefined) problems.push({ file: name, index: undefined, what: `checkpoint ${number} ${fault}` });
      else if (checkpoint !== undefined) {
        last = checkpoint.size;
        yield checkpoint;
      }
      number += 1;
    }
  }
  const listed = lists.some(({ bytes }) => bytes > 0);
  const missing = (file: string): number => problems.push({ file, index: undefined, what: 'the file is missing' });
  if (newest === undefined) {
    if (listed) missing('checkpoint');
    return undefined;
  }
  if ((!listed && resume !== undefined) || (lists[0] !== undefined && lists[0].name !== FIRST_LIST))
    missing(FIRST_LIST);
  if (resume !== undefined && resume !== 'broken' && listed && resume.size > Math.max(last, 0))
    problems.push({
      file: 'checkpoints',
      index: undefined,
      what: `the checkpoint of ${resume.size} records is missing`,
    });
  if (resume === undefined && listed) missing('resume');
  const checkpoint = openCheckpoint(newest, vkey);
  if (checkpoint === undefined)
    problems.push({ file: 'checkpoint', index: undefined, what: 'checkpoint 0 is not signed by this key' });
  else if (checkpoint.size < last)
    problems.push({ file: 'checkpoint', index: undefined, what: 'checkpoint 0 is smaller than the one before it' });
  else yield checkpoint;
  return undefined;
}

function faultOfOrder(size: number, last: number): string | undefined {
  if (size === last) return 'repeats the one before it';
  return size < last ? 'is smaller than the one before it' : undefined;
}
