/** Follows a log: each read begins where the last one ended, so that old records cost nothing. */
import { join } from 'node:path';
import { createFrameDecoder } from './frames.ts';
import { firstIndexOf } from './layout.ts';
import { piecesOf, segmentsSince } from './read-log.ts';

/** A record that was added to the log. */
export interface FollowedRecord {
  readonly index: number;
  /** Only valid until the next record is asked for. */
  readonly bytes: Buffer;
}

/**
 * @param sinceMs segments that are older are not read.
 * @returns a function that reads the records that were added since its last call; at first, all of them.
 */
export function followRecords(folder: string, sinceMs?: number): () => Generator<FollowedRecord> {
  let [current, offset, index] = ['', 0, 0];
  return function* readNew() {
    for (const segment of segmentsSince(folder, current === '' ? sinceMs : undefined)) {
      if (segment < current) continue;
      if (segment !== current) [current, offset, index] = [segment, 0, firstIndexOf(segment)];
      // A frame that is cut off is still being written. The next call reads it.
      const decoder = createFrameDecoder(index, offset);
      for (const piece of piecesOf(join(folder, segment), offset)) {
        for (const frame of decoder.push(piece)) yield frame;
        [offset, index] = [decoder.offset, decoder.next];
      }
    }
  };
}
