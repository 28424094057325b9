/**
 * Opens what a process left behind: reads on from the last resume point, checks what it read against the last checkpoint
 * and the leaf hashes, drops only an incomplete last frame that no checkpoint covers, and finds the intents that have no
 * outcome. What lies before the resume point is not read again here; `audit verify` reads everything.
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
import { createFrontier, leafHash, openCheckpoint, type Checkpoint, type Frontier } from '@sallyport/guard/audit';
import { decodeFrames, type Frame } from './frames.ts';
import { firstIndexOf, segmentName, segmentsIn } from './layout.ts';
import { BEGINNING, readResume, type Place, type Resume } from './resume.ts';

/** The log cannot be served: a person must look. */
export class AuditLogInconsistent extends Error {
  constructor(folder: string, index: number, what: string) {
    super(
      `the audit log in ${folder} is inconsistent at record ${index}: ${what}; run sallyport audit verify, and do not delete anything`,
    );
    this.name = 'AuditLogInconsistent';
  }
}

export interface OpenIntent {
  readonly record: AuditRecord;
  readonly place: Place;
}

export interface SignedCheckpoint extends Checkpoint {
  /** As it was signed. */
  readonly note: string;
}

export interface Recovered {
  readonly frontier: Frontier;
  /** First index and size in bytes of the segment that is written to; `undefined` in an empty log. */
  readonly segment: { readonly first: number; readonly bytes: number } | undefined;
  /** The last one. */
  readonly checkpoint: SignedCheckpoint | undefined;
  readonly truncatedBytes: number;
  /** By record id, oldest first. */
  readonly open: ReadonlyMap<string, OpenIntent>;
}

/** @throws AuditLogInconsistent when records under the last checkpoint are missing or changed. */
export function recover(folder: string, vkey: string): Recovered {
  const checkpoint = readCheckpoint(folder, vkey);
  const resume = readResume(folder, checkpoint?.size ?? 0);
  if (resume !== undefined) {
    try {
      return readFrom(folder, checkpoint, resume);
    } catch (thrown) {
      // The hint may be what is wrong; without it the place can be named.
      if (!(thrown instanceof AuditLogInconsistent)) throw thrown;
    }
  }
  return readFrom(folder, checkpoint, BEGINNING);
}

/** What was read so far. */
interface Reading {
  readonly folder: string;
  readonly checkpoint: SignedCheckpoint | undefined;
  readonly frontier: Frontier;
  /** Leaf hashes as they were kept, from the first record that is read. */
  readonly kept: Buffer;
  readonly from: Place;
  readonly open: Map<string, OpenIntent>;
  readonly fresh: Buffer[];
}

function readFrom(folder: string, checkpoint: SignedCheckpoint | undefined, { size, peaks, from }: Resume): Recovered {
  const reading: Reading = {
    folder,
    checkpoint,
    frontier: createFrontier(size, peaks),
    kept: keptLeaves(folder, from.index),
    from,
    open: new Map(),
    fresh: [],
  };
  checkRoot(reading);
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
      take(reading, frame, { segment: first, offset: start + frame.offset, index: frame.index });
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
  keepLeaves(folder, size, reading.fresh);
  return { frontier: reading.frontier, segment, checkpoint, truncatedBytes, open: reading.open };
}

function take(reading: Reading, { bytes, index }: Frame, place: Place): void {
  const leaf = leafHash(bytes);
  if (index < reading.frontier.size) {
    // Covered by the peaks already: read again only for what was open, so its hash is compared with the one that was kept.
    if (!leaf.equals(keptAt(reading, index)))
      throw new AuditLogInconsistent(reading.folder, index, 'the record is not the one that was hashed');
  } else {
    reading.frontier.append(leaf);
    reading.fresh.push(leaf);
    checkRoot(reading);
  }
  const record = JSON.parse(bytes.toString()) as { unmapped: { phase: string; record_id: string } };
  const { phase, record_id: id } = record.unmapped;
  if (phase === 'intent') reading.open.set(id, { record: record as unknown as AuditRecord, place });
  else reading.open.delete(id);
}

const keptAt = ({ kept, from }: Reading, index: number): Buffer =>
  kept.subarray((index - from.index) * 32, (index - from.index) * 32 + 32);

/** Once as many records are read as the last checkpoint covers, they must give its root. */
function checkRoot(reading: Reading): void {
  const { folder, checkpoint, frontier } = reading;
  if (checkpoint === undefined || checkpoint.size !== frontier.size || frontier.root().equals(checkpoint.root)) return;
  throw new AuditLogInconsistent(
    folder,
    firstDifference(reading),
    'the records do not give the root of the last checkpoint',
  );
}

/** The leaf hashes were written by themselves, so where they differ from the records is where something was changed. */
function firstDifference({ fresh, kept }: Reading): number {
  return Math.max(
    0,
    fresh.findIndex((leaf, at) => at * 32 + 32 <= kept.length && !leaf.equals(kept.subarray(at * 32, at * 32 + 32))),
  );
}

function keptLeaves(folder: string, from: number): Buffer {
  const file = join(folder, 'leaves');
  return existsSync(file) ? readTail(file, from * 32) : Buffer.alloc(0);
}

/** Those up to the resume point stay; the others are written as they were read. */
function keepLeaves(folder: string, size: number, fresh: readonly Buffer[]): void {
  const file = join(folder, 'leaves');
  if (existsSync(file)) truncateSync(file, size * 32);
  appendFileSync(file, Buffer.concat(fresh));
}

function readTail(file: string, start: number): Buffer {
  const fd = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(fd).size - start));
    for (let done = 0; done < bytes.length;) {
      const read = readSync(fd, bytes, done, bytes.length - done, start + done);
      if (read === 0) return bytes.subarray(0, done);
      done += read;
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
