/**
 * Recovers the log that an earlier process wrote. It reads from the last resume point, checks the records against the
 * last checkpoint and the leaf hashes, cuts off an incomplete last frame if no checkpoint covers it, and finds the
 * intents that have no outcome. Records before the resume point are not read again; `audit verify` reads everything.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  truncateSync,
  appendFileSync,
} from 'node:fs';
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
import { decodeFrames, type Frame } from './frames.ts';
import { firstIndexOf, segmentName, segmentsIn } from './layout.ts';
import { BEGINNING, readResume, type RecordPosition, type ResumePoint } from './resume.ts';

/** The log cannot be used: an operator must examine it. */
export class AuditLogInconsistent extends Error {
  constructor(folder: string, index: number, what: string) {
    super(
      `the audit log in ${folder} is inconsistent at record ${index}: ${what}; ` +
        'run sallyport audit verify, and do not delete anything',
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

/** The state of a log after recovery. */
export interface Recovered {
  readonly frontier: Frontier;
  /** First index and size in bytes of the segment that is written to; `undefined` in an empty log. */
  readonly segment: { readonly first: number; readonly bytes: number } | undefined;
  /** The last checkpoint. */
  readonly checkpoint: SignedCheckpoint | undefined;
  readonly truncatedBytes: number;
  /** Intents without an outcome by record id, oldest first. */
  readonly openIntents: ReadonlyMap<string, OpenIntent>;
}

/** @throws AuditLogInconsistent when records under the last checkpoint are missing or changed. */
export function recover(folder: string, vkey: string): Recovered {
  const checkpoint = readCheckpoint(folder, vkey);
  const resume = readResume(folder, checkpoint?.size ?? 0);
  if (resume !== undefined) {
    try {
      return readFrom(folder, checkpoint, resume);
    } catch (thrown) {
      // The hint may be wrong. Reading everything shows whether it is, and names the record otherwise.
      if (!(thrown instanceof AuditLogInconsistent)) throw thrown;
    }
  }
  return readFrom(folder, checkpoint, BEGINNING);
}

/** A recovery while it reads the records. */
interface Recovery {
  readonly folder: string;
  readonly checkpoint: SignedCheckpoint | undefined;
  readonly frontier: Frontier;
  /** Leaf hashes from the file `leaves`, from the first record that is read. */
  readonly storedLeaves: Buffer;
  readonly from: RecordPosition;
  readonly openIntents: Map<string, OpenIntent>;
  /** Leaf hashes of the records after the resume point. */
  readonly newLeaves: Buffer[];
}

function readFrom(
  folder: string,
  checkpoint: SignedCheckpoint | undefined,
  { size, peaks, from }: ResumePoint,
): Recovered {
  const recovery: Recovery = {
    folder,
    checkpoint,
    frontier: createFrontier(size, peaks),
    storedLeaves: readStoredLeaves(folder, from.index),
    from,
    openIntents: new Map(),
    newLeaves: [],
  };
  checkRoot(recovery);
  const names = segmentsIn(folder).filter((name) => name >= segmentName(from.segment));
  let { index } = from;
  let segment: Recovered['segment'];
  let truncatedBytes = 0;
  for (const name of names) {
    const first = firstIndexOf(name);
    const start = segment === undefined ? from.offset : 0;
    if (first !== (segment === undefined ? from.segment : index))
      throw new AuditLogInconsistent(folder, index, `segment ${name} does not follow`);
    const bytes = readTail(join(folder, name), start);
    const { frames, fault } = decodeFrames(bytes, index);
    for (const frame of frames)
      readRecord(recovery, frame, { segment: first, offset: start + frame.offset, index: frame.index });
    index += frames.length;
    if (fault !== undefined) {
      if (name !== names.at(-1) || fault.index < (checkpoint?.size ?? 0) || !fault.incomplete)
        throw new AuditLogInconsistent(folder, fault.index, fault.what);
      truncatedBytes = bytes.length - fault.offset;
      truncateSync(join(folder, name), start + fault.offset);
    }
    segment = { first, bytes: start + bytes.length - truncatedBytes };
  }
  if (checkpoint !== undefined && index < checkpoint.size)
    throw new AuditLogInconsistent(folder, index, `the last checkpoint covers ${checkpoint.size} records`);
  storeLeaves(folder, size, recovery.newLeaves);
  const { frontier, openIntents } = recovery;
  return { frontier, segment, checkpoint, truncatedBytes, openIntents };
}

function readRecord(recovery: Recovery, { bytes, index }: Frame, position: RecordPosition): void {
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
  if (phase === 'intent') recovery.openIntents.set(id, { record: record as unknown as AuditRecord, position });
  else recovery.openIntents.delete(id);
}

const storedLeaf = ({ storedLeaves, from }: Recovery, index: number): Buffer =>
  storedLeaves.subarray((index - from.index) * HASH_BYTES, (index - from.index + 1) * HASH_BYTES);

/** When as many records are read as the last checkpoint covers, they must give its root. */
function checkRoot(recovery: Recovery): void {
  const { folder, checkpoint, frontier } = recovery;
  if (checkpoint === undefined || checkpoint.size !== frontier.size || frontier.root().equals(checkpoint.root)) return;
  throw new AuditLogInconsistent(
    folder,
    firstDifference(recovery),
    'the records do not give the root of the last checkpoint',
  );
}

/** The first record whose hash differs from the stored one: there the records or the hashes were changed. */
function firstDifference({ newLeaves, storedLeaves }: Recovery): number {
  const index = newLeaves.findIndex((leaf, number) => {
    const stored = storedLeaves.subarray(number * HASH_BYTES, (number + 1) * HASH_BYTES);
    return stored.length === HASH_BYTES && !leaf.equals(stored);
  });
  return Math.max(0, index);
}

function readStoredLeaves(folder: string, from: number): Buffer {
  const file = join(folder, 'leaves');
  return existsSync(file) ? readTail(file, from * HASH_BYTES) : Buffer.alloc(0);
}

/** Keeps the hashes up to the resume point, and writes those of the records that were read after it. */
function storeLeaves(folder: string, size: number, newLeaves: readonly Buffer[]): void {
  const file = join(folder, 'leaves');
  if (existsSync(file)) truncateSync(file, size * HASH_BYTES);
  appendFileSync(file, Buffer.concat(newLeaves));
}

function readTail(file: string, start: number): Buffer {
  const fd = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(fd).size - start));
    for (let filled = 0; filled < bytes.length;) {
      const count = readSync(fd, bytes, filled, bytes.length - filled, start + filled);
      if (count === 0) return bytes.subarray(0, filled);
      filled += count;
    }
    return bytes;
  } finally {
    closeSync(fd);
  }
}

function readCheckpoint(folder: string, vkey: string): SignedCheckpoint | undefined {
  const file = join(folder, 'checkpoint');
  if (!existsSync(file)) return undefined;
  const note = readFileSync(file, 'utf8');
  const checkpoint = openCheckpoint(note, vkey);
  if (checkpoint === undefined)
    throw new AuditLogInconsistent(folder, 0, 'the last checkpoint is not signed by this log’s key');
  return { ...checkpoint, note };
}
