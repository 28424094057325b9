/**
 * Reads the records of a log in pieces, so that a log of any size takes little memory. For the commands, not for the
 * gateway.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { createFrameDecoder, type Fault } from './frames.ts';
import { firstIndexOf, segmentsIn } from './layout.ts';

/** A record and where it is stored. */
export interface StoredRecord {
  readonly index: number;
  readonly segment: string;
  /** Of its frame in the segment, in bytes. */
  readonly offset: number;
  /** Only valid until the next record is asked for. */
  readonly bytes: Buffer;
}

/** Something that is wrong with a log. */
export interface Problem {
  readonly file: string;
  /** The record at fault; `undefined` when the fault is in no record. */
  readonly index: number | undefined;
  readonly what: string;
}

const READ_BYTES = 256 * 1024;

/** The pieces of a file. Each is only valid until the next is asked for. */
export function* piecesOf(path: string, start = 0, end = Infinity): Generator<Buffer> {
  const buffer = Buffer.alloc(READ_BYTES);
  for (let position = start; position < end;) {
    const count = readInto(buffer, path, position, end);
    if (count === 0) return;
    yield buffer.subarray(0, count);
    position += count;
  }
}

/** Opened anew for each piece: whoever stops before the last one would leave the file open (L1). */
function readInto(buffer: Buffer, path: string, position: number, end: number): number {
  const fd = openSync(path, 'r');
  try {
    return readSync(fd, buffer, 0, Math.min(buffer.length, end - position), position);
  } finally {
    closeSync(fd);
  }
}

/** The records of one segment in order; ends at a fault, which it returns. */
export function* recordsOf(folder: string, segment: string): Generator<StoredRecord, Fault | undefined> {
  const decoder = createFrameDecoder(firstIndexOf(segment));
  for (const piece of piecesOf(join(folder, segment)))
    for (const { index, offset, bytes } of decoder.push(piece)) yield { index, segment, offset, bytes };
  return decoder.end();
}

/**
 * Every record of a log in order. What is wrong with the segments is added to `problems` meanwhile.
 * @param segments the ones to read; all when absent.
 */
export function* recordsIn(
  folder: string,
  problems: Problem[],
  segments: readonly string[] = segmentsIn(folder),
): Generator<StoredRecord> {
  let next = segments[0] === undefined || segments[0] === segmentsIn(folder)[0] ? 0 : firstIndexOf(segments[0]);
  for (const segment of segments) {
    const first = firstIndexOf(segment);
    if (first !== next) {
      const what =
        `the segment starts at record ${first}, but ${next} should follow: ` +
        'records are missing, doubled or out of order';
      problems.push({ file: segment, index: next, what });
    }
    const records = recordsOf(folder, segment);
    for (let read = records.next(); ; read = records.next()) {
      if (read.done === true) {
        if (read.value !== undefined) problems.push({ file: segment, index: read.value.index, what: read.value.what });
        break;
      }
      next += 1;
      yield read.value;
    }
  }
}

/** Records of calls are written when a call ends, with the time when it began: so long a call may take. */
const CALL_MS_MAX = 3_600_000;

/** The segments that can hold records from a time on. Only the first record of the others is read. */
export function segmentsSince(folder: string, sinceMs: number | undefined): readonly string[] {
  const segments = segmentsIn(folder);
  if (sinceMs === undefined) return segments;
  const begin = segments.findLastIndex((segment) => {
    const first = recordsOf(folder, segment).next();
    return first.done !== true && timeOf(first.value) < sinceMs - CALL_MS_MAX;
  });
  return segments.slice(Math.max(0, begin));
}

const timeOf = ({ bytes }: StoredRecord): number => Number((JSON.parse(bytes.toString()) as { time?: number }).time);

/** Every record of a log in memory, for logs that are known to be small. */
export function readRecords(folder: string): { readonly records: StoredRecord[]; readonly problems: Problem[] } {
  const problems: Problem[] = [];
  const records: StoredRecord[] = [];
  for (const record of recordsIn(folder, problems)) records.push({ ...record, bytes: Buffer.from(record.bytes) });
  return { records, problems };
}
