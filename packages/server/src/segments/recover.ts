/**
 * Recovers the log that an earlier process wrote. It reads from the last resume point, checks the records against the
 * last checkpoint and the leaf hashes, and finds the intents that have no outcome. Records before the resume point are
 * not read again; `audit verify` reads everything.
 *
 * What follows the last whole record is set aside if nobody was promised it. If anything proves that it was
 * acknowledged (a checkpoint, a leaf hash, a later commit, what this process remembers), the log is damaged and is
 * left as it is.
 */
import { join } from 'node:path';
import type { AuditRecord } from '@sallyport/guard';
import {
  createFrontier,
  HASH_BYTES,
  leafHash,
  openCheckpoint,
  type Checkpoint,
  type Frontier,
} from '@sallyport/guard/audit';
import type { LogFiles } from './files.ts';
import { createFrameDecoder, provenAfter, type Fault, type Frame } from './frames.ts';
import { firstIndexOf, segmentName, SEGMENT_NAME, selectionOf } from './layout.ts';
import { createLeafBuffer, type LeafBuffer } from './leaf-buffer.ts';
import { OPEN, readRange, readSmallFile, withFile } from './log-file.ts';
import { BEGINNING, readResume, type RecordPosition, type ResumePoint } from './resume.ts';
import { setAside } from './set-aside.ts';

/** The log cannot be used: an operator must examine it. */
export class AuditLogInconsistent extends Error {
  constructor(folder: string, index: number, what: string) {
    super(
      `the audit log in ${folder} is inconsistent at record ${index}: ${what}; ` +
        `run sallyport audit verify ${selectionOf(folder)}, and do not delete anything`,
    );
    this.name = 'AuditLogInconsistent';
  }
}

/** An intent without an outcome. */
export interface OpenIntent {
  readonly record: AuditRecord;
  readonly position: RecordPosition;
}

/** A checkpoint with its text. */
export interface SignedCheckpoint extends Checkpoint {
  /** The signed note. */
  readonly note: string;
}

/** A size of the log and its root hash then. */
export type KnownTree = Pick<Checkpoint, 'size' | 'root'>;

/** The state of a log after recovery. */
export interface Recovered {
  readonly frontier: Frontier;
  /** First index and size in bytes of the segment that is written to. */
  readonly segment: { readonly first: number; readonly bytes: number };
  /** The last checkpoint. */
  readonly checkpoint: SignedCheckpoint | undefined;
  /** Intents without an outcome by record id, oldest first. */
  readonly openIntents: ReadonlyMap<string, OpenIntent>;
}

/**
 * @param known what this process acknowledged before the log had to be read again.
 * @throws AuditLogInconsistent when records that were acknowledged are missing or changed.
 */
export async function recover(
  files: LogFiles,
  folder: string,
  vkey: string,
  known: KnownTree | undefined,
): Promise<Recovered> {
  const checkpoint = await readCheckpoint(files, folder, vkey);
  const trees = [checkpoint, known].filter((tree) => tree !== undefined);
  const resume = await readResume(files, folder, checkpoint?.size ?? 0);
  if (resume !== undefined) {
    try {
      return await readFrom(files, folder, checkpoint, trees, resume);
    } catch (thrown) {
      // The hint may be wrong. Reading everything shows whether it is, and names the record otherwise.
      if (!(thrown instanceof AuditLogInconsistent)) throw thrown;
    }
  }
  return readFrom(files, folder, checkpoint, trees, BEGINNING);
}

/** A recovery while it reads the records. */
interface Recovery {
  readonly files: LogFiles;
  readonly folder: string;
  /** Trees that the records must give. */
  readonly trees: readonly KnownTree[];
  readonly frontier: Frontier;
  /** Leaf hashes from the file `leaves`, from the first record that is read. */
  readonly storedLeaves: Buffer;
  readonly from: RecordPosition;
  readonly openIntents: Map<string, OpenIntent>;
  /** Leaf hashes of the records after the resume point. */
  readonly newLeaves: LeafBuffer;
}

async function readFrom(
  files: LogFiles,
  folder: string,
  checkpoint: SignedCheckpoint | undefined,
  trees: readonly KnownTree[],
  { size, peaks, from }: ResumePoint,
): Promise<Recovered> {
  const frontier = createFrontier(size, peaks);
  const storedLeaves = await readStoredLeaves(files, folder, from.index);
  const openIntents = new Map<string, OpenIntent>();
  const newLeaves = createLeafBuffer();
  const recovery: Recovery = { files, folder, trees, frontier, storedLeaves, from, openIntents, newLeaves };
  checkRoot(recovery);
  const end = await readSegments(recovery);
  const acknowledged = Math.max(end.proven, provenByLeaves(recovery), ...trees.map((tree) => tree.size));
  if (end.index < acknowledged) {
    const what = end.fault?.what ?? `${acknowledged} records were acknowledged, and only ${end.index} are there`;
    throw new AuditLogInconsistent(folder, end.index, what);
  }
  const path = join(folder, segmentName(end.first));
  await setAside(files, path, end.bytes);
  // Records that were read are durable before anything refers to them: the process that wrote them may have been
  // killed.
  if (end.bytes > 0) await withFile(files, path, OPEN.change, (file) => file.syncAll());
  await storeLeaves(recovery, size);
  return { frontier, segment: { first: end.first, bytes: end.bytes }, checkpoint, openIntents };
}

/** The end of the last segment. */
interface SegmentEnd {
  readonly first: number;
  /** Index of the record that follows what can be read. */
  readonly index: number;
  /** Size of what can be read. */
  readonly bytes: number;
  /** Why what follows cannot be read. */
  readonly fault: Fault | undefined;
  /** How many records were acknowledged, as what follows proves. */
  readonly proven: number;
}

async function readSegments(recovery: Recovery): Promise<SegmentEnd> {
  const { files, folder, from } = recovery;
  const names = (await files.list(folder))
    .filter((name) => SEGMENT_NAME.test(name) && name >= segmentName(from.segment))
    .sort();
  let end: SegmentEnd = { first: from.segment, index: from.index, bytes: 0, fault: undefined, proven: 0 };
  if (names.length === 0 && from.index > 0) throw new AuditLogInconsistent(folder, 0, 'its segments are missing');
  for (const [number, name] of names.entries()) {
    const first = firstIndexOf(name);
    if (first !== (number === 0 ? from.segment : end.index))
      throw new AuditLogInconsistent(folder, end.index, `segment ${name} does not follow`);
    end = await readSegment(recovery, first, end.index, number === 0 ? from.offset : 0);
    if (end.fault !== undefined && name !== names.at(-1))
      throw new AuditLogInconsistent(folder, end.fault.index, end.fault.what);
  }
  return end;
}

const READ_BYTES = 256 * 1024;

async function readSegment(recovery: Recovery, first: number, index: number, start: number): Promise<SegmentEnd> {
  const { files, folder } = recovery;
  const path = join(folder, segmentName(first));
  const decoder = createFrameDecoder(index, start);
  const size = await withFile(files, path, OPEN.read, async (file) => {
    let position = start;
    const buffer = Buffer.alloc(READ_BYTES);
    for (;;) {
      const count = await file.read(buffer, position);
      if (count === 0) return position;
      for (const frame of decoder.push(buffer.subarray(0, count))) readRecord(recovery, frame, first);
      position += count;
    }
  });
  const fault = decoder.end();
  const bytes = fault?.offset ?? size;
  const proven = fault === undefined ? 0 : provenAfter(await readRange(files, path, bytes, size), fault.index);
  return { first, index: decoder.next, bytes, fault, proven };
}

function readRecord(recovery: Recovery, { bytes, index, offset }: Frame, segment: number): void {
  const leaf = leafHash(bytes);
  if (index < recovery.frontier.size) {
    // The peaks cover this record. It is read again to find open intents, so its hash is compared with the stored one.
    if (!leaf.equals(storedLeaf(recovery, index)))
      throw new AuditLogInconsistent(recovery.folder, index, 'the record is not the one that was hashed');
  } else {
    recovery.frontier.append(leaf);
    recovery.newLeaves.push(leaf);
    checkRoot(recovery);
  }
  const record = JSON.parse(bytes.toString()) as { unmapped: { phase: string; record_id: string } };
  const { phase, record_id: id } = record.unmapped;
  const position = { segment, offset, index };
  if (phase === 'intent') recovery.openIntents.set(id, { record: record as unknown as AuditRecord, position });
  else recovery.openIntents.delete(id);
}

const storedLeaf = ({ storedLeaves, from }: Recovery, index: number): Buffer =>
  storedLeaves.subarray((index - from.index) * HASH_BYTES, (index - from.index + 1) * HASH_BYTES);

/** When as many records are read as a known tree has, they must give its root. */
function checkRoot(recovery: Recovery): void {
  const { folder, trees, frontier } = recovery;
  if (trees.every(({ size, root }) => size !== frontier.size || frontier.root().equals(root))) return;
  const what = 'the records do not give the root of the last checkpoint';
  throw new AuditLogInconsistent(folder, firstDifference(recovery), what);
}

/** The first record whose hash differs from the stored one: there the records or the hashes were changed. */
function firstDifference(recovery: Recovery): number {
  const { newLeaves, frontier, from } = recovery;
  const hashes = newLeaves.all();
  const first = frontier.size - hashes.length / HASH_BYTES;
  for (let index = Math.max(first, from.index); index < frontier.size; index++) {
    const stored = storedLeaf(recovery, index);
    const hash = hashes.subarray((index - first) * HASH_BYTES, (index - first + 1) * HASH_BYTES);
    if (stored.length === HASH_BYTES && !stored.equals(hash)) return index;
  }
  return 0;
}

/**
 * How many records were acknowledged, as the file `leaves` says: it has the hashes of durable records only. A place of
 * zeros is one that was not on the disk when the power failed.
 */
function provenByLeaves({ storedLeaves, from }: Recovery): number {
  const written = storedLeaves.findLastIndex((byte) => byte !== 0);
  return written === -1 ? 0 : from.index + Math.floor((written + 1) / HASH_BYTES);
}

async function readStoredLeaves(files: LogFiles, folder: string, from: number): Promise<Buffer> {
  const path = join(folder, 'leaves');
  const bytes = files.status(path)?.bytes ?? 0;
  return bytes === 0 ? Buffer.alloc(0) : readRange(files, path, from * HASH_BYTES, bytes);
}

/** Writes the hashes of the records after the resume point, where they are missing or others. */
async function storeLeaves({ files, folder, newLeaves, frontier, storedLeaves, from }: Recovery, size: number) {
  const hashes = newLeaves.all();
  const skip = (size - from.index) * HASH_BYTES;
  const isStored = storedLeaves.length === skip + hashes.length && storedLeaves.subarray(skip).equals(hashes);
  if (isStored) return;
  await withFile(files, join(folder, 'leaves'), OPEN.keep, async (file) => {
    await file.write(hashes, size * HASH_BYTES);
    await file.sync();
    // What follows is no whole hash, or one of zeros: more would have been refused.
    await file.truncate(frontier.size * HASH_BYTES);
  });
}

const NOTE_BYTES_MAX = 64 * 1024;

async function readCheckpoint(files: LogFiles, folder: string, vkey: string): Promise<SignedCheckpoint | undefined> {
  const note = (await readSmallFile(files, join(folder, 'checkpoint'), NOTE_BYTES_MAX))?.toString();
  if (note === undefined) return undefined;
  const checkpoint = openCheckpoint(note, vkey);
  if (checkpoint === undefined)
    throw new AuditLogInconsistent(folder, 0, 'the last checkpoint is not signed by this log’s key');
  return { ...checkpoint, note };
}
