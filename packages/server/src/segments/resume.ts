/**
 * Where the next start may begin to read: a hint that is written with each checkpoint, so that a start need not read
 * the whole log. It is never trusted: the records from there must give the root of the signed checkpoint, or all are
 * read.
 */
import { join } from 'node:path';
import { HASH_BYTES } from '@sallyport/guard/audit';
import { z } from 'zod';
import type { LogFiles } from './files.ts';
import { segmentName } from './layout.ts';
import { readSmallFile } from './log-file.ts';

/** The position of a record in the log. */
export interface RecordPosition {
  /** First index of the segment. */
  readonly segment: number;
  /** Of its frame in the segment, in bytes. */
  readonly offset: number;
  readonly index: number;
}

/** The state of the tree at a checkpoint, and where to read on. */
export interface ResumePoint {
  /** Number of records in the tree of the peaks. */
  readonly size: number;
  /** Roots of the perfect subtrees, largest first. */
  readonly peaks: readonly Buffer[];
  /** The oldest intent that had no outcome, or the end. */
  readonly from: RecordPosition;
}

/** Reads the whole log. */
export const BEGINNING: ResumePoint = { size: 0, peaks: [], from: { segment: 0, offset: 0, index: 0 } };

const count = z.int().min(0);
const schema = z.strictObject({
  size: count,
  peaks: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(64),
  from: z.strictObject({ segment: count, offset: count, index: count }),
});

/** The text of the file `resume`. */
export const encodeResume = ({ size, peaks, from }: ResumePoint): string =>
  JSON.stringify({ size, peaks: peaks.map((peak) => peak.toString('hex')), from });

/** Reads the text of the file `resume`. @throws Error when it cannot be used. */
export function parseResume(text: string): ResumePoint {
  const { peaks, ...read } = schema.parse(JSON.parse(text));
  if (peaks.length !== peakCount(read.size) || read.from.index > read.size)
    throw new Error('its numbers contradict each other');
  return { ...read, peaks: peaks.map((peak) => Buffer.from(peak, 'hex')) };
}

const RESUME_BYTES_MAX = 64 * 1024;

/**
 * @param size number of records of the last checkpoint.
 * @returns `undefined` when the hint is missing, broken, or does not fit the files.
 */
export async function readResume(files: LogFiles, folder: string, size: number): Promise<ResumePoint | undefined> {
  const text = await readSmallFile(files, join(folder, 'resume'), RESUME_BYTES_MAX);
  const bytesOf = (name: string): number => files.status(join(folder, name))?.bytes ?? 0;
  try {
    const resume = text === undefined ? undefined : parseResume(text.toString());
    const fits =
      resume !== undefined &&
      resume.size <= size &&
      resume.size * HASH_BYTES <= bytesOf('leaves') &&
      resume.from.offset <= bytesOf(segmentName(resume.from.segment));
    return fits ? resume : undefined;
  } catch {
    return undefined;
  }
}

/** A tree has one perfect subtree for each one in the binary form of its size. */
const peakCount = (size: number): number => size.toString(2).replaceAll('0', '').length;
