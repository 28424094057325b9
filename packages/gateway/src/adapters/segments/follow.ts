/** The records of a log as they come: each question reads on from where the last one ended, so that an old log costs nothing. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFrames, HEADER_BYTES } from './frames.ts';
import { segmentsIn } from './layout.ts';

export interface FollowedRecord {
  readonly index: number;
  readonly bytes: Buffer;
}

/** @returns a function that gives what came since it was last asked; all that there is, the first time. */
export function followRecords(folder: string): () => readonly FollowedRecord[] {
  let [current, offset, index] = ['', 0, 0];
  const readOn = (segment: string): FollowedRecord[] => {
    if (segment !== current) [current, offset] = [segment, 0];
    // What is cut off is being written; it is whole the next time.
    const { frames } = decodeFrames(since(join(folder, segment), offset), index);
    for (const { bytes } of frames) offset += HEADER_BYTES + bytes.length;
    index += frames.length;
    return frames;
  };
  return () =>
    segmentsIn(folder)
      .filter((name) => name >= current)
      .flatMap(readOn);
}

function since(file: string, offset: number): Buffer {
  const fd = openSync(file, 'r');
  try {
    const all = Buffer.alloc(Math.max(0, fstatSync(fd).size - offset));
    return all.subarray(0, readSync(fd, all, 0, all.length, offset));
  } finally {
    closeSync(fd);
  }
}
