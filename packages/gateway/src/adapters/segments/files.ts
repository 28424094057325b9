/** What is done with the files of a log: the two operations that durability hangs on, apart so that a test can let them fail, and reading hashes. */
import { fdatasync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HASH_BYTES } from '@sallyport/guard/audit';

export interface LogFiles {
  /** Writes all bytes at the position. */
  write(fd: number, bytes: Buffer, position: number): Promise<void>;
  sync(fd: number): Promise<void>;
}

export const realFiles: LogFiles = {
  // Into the page cache, which takes microseconds; a trip to another thread and back costs more. What waits for the disk
  // is fdatasync, and that is asynchronous.
  async write(fd, bytes, position) {
    for (let done = 0; done < bytes.length;) {
      const written = writeSync(fd, bytes, done, bytes.length - done, position + done);
      if (written === 0) throw new Error('the file takes no more bytes');
      done += written;
    }
  },
  sync: promisify(fdatasync),
};

/** Reads leaf hashes of a log, by their indices. @throws Error when the file ends before them. */
export function leavesIn(folder: string): (from: number, to: number) => Promise<Buffer> {
  return async (from, to) => {
    const file = await open(join(folder, 'leaves'), 'r');
    try {
      const bytes = Buffer.alloc((to - from) * HASH_BYTES);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, from * HASH_BYTES);
      if (bytesRead < bytes.length) throw new Error(`leaf hashes are missing in ${folder}`);
      return bytes;
    } finally {
      await file.close();
    }
  };
}
