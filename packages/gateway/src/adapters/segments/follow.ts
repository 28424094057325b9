/** Follows a log: each read begins where the last one ended, so that old records cost nothing. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFrames, HEADER_BYTES } from './frames.ts';
import { segmentsIn } from './layout.ts';

/** A record that was added to the log. */
export interface FollowedRecord {
  readonly index: number;
  readonly bytes: Buffer;
}

/** @returns a function that reads the records that were added since its last call; at first, all of them. */
export function followRecords(folder: string): () => readonly FollowedRecord[] {
  let [current, offset, index] = ['', 0, 0];
  const readNew = (segment: string): readonly FollowedRecord[] => {
    if (segment !== current) [current, offset] = [segment, 0];
    // A frame that is cut off is still being written. The next call reads it.
    const { frames } = decodeFrames(readFrom(join(folder, segment), offset), index);
    for (const { bytes } of frames) offset += HEADER_BYTES + bytes.length;
    index += frames.length;
    return frames;
  };
  return () =>
    segmentsIn(folder)
      .filter((name) => name >= current)
      .flatMap(readNew);
}

function readFrom(file: string, offset: number): Buffer {
  const fd = openSync(file, 'r');
  try {
    const all = Buffer.alloc(Math.max(0, fstatSync(fd).size - offset));
    return all.subarray(0, readSync(fd, all, 0, all.length, offset));
  } finally {
    closeSync(fd);
  }
}
