/**
 * Where the next start may begin to read: a hint, written with each checkpoint, that saves it from reading the whole log.
 * Nothing in it is believed: what it leads to must give the root of the signed checkpoint, or everything is read.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HASH_BYTES } from '@sallyport/guard/audit';
import { z } from 'zod';
import { segmentName } from './layout.ts';

/** Where a record lies. */
export interface Place {
  /** First index of the segment. */
  readonly segment: number;
  readonly offset: number;
  readonly index: number;
}

export interface Resume {
  /** Records in the tree that the peaks are of. */
  readonly size: number;
  /** Roots of the perfect subtrees, largest first. */
  readonly peaks: readonly Buffer[];
  /** The oldest intent that had no outcome, or the end. */
  readonly from: Place;
}

export const BEGINNING: Resume = { size: 0, peaks: [], from: { segment: 0, offset: 0, index: 0 } };

const count = z.int().min(0);
const schema = z.strictObject({
  size: count,
  peaks: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(64),
  from: z.strictObject({ segment: count, offset: count, index: count }),
});

export const encodeResume = ({ size, peaks, from }: Resume): string =>
  JSON.stringify({ size, peaks: peaks.map((peak) => peak.toString('hex')), from });

/** @returns `undefined` when there is none. @throws Error when it is not one. */
export function parseResume(folder: string): Resume | undefined {
  const file = join(folder, 'resume');
  if (!existsSync(file)) return undefined;
  const { peaks, ...read } = schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  if (peaks.length !== ones(read.size) || read.from.index > read.size)
    throw new Error('its numbers contradict each other');
  return { ...read, peaks: peaks.map((peak) => Buffer.from(peak, 'hex')) };
}

/** @param size of the last checkpoint. @returns `undefined` for a hint that is missing, broken, or about what is not there. */
export function readResume(folder: string, size: number): Resume | undefined {
  const bytesOf = (name: string): number => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  try {
    const resume = parseResume(folder);
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

/** A tree of this size has one perfect subtree for each binary digit that is one. */
const ones = (size: number): number => size.toString(2).replaceAll('0', '').length;
