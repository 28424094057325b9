/** File operations of a log. The two that durability depends on can be replaced, so that tests can make them fail. */
import { fdatasync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HASH_BYTES } from '@sallyport/guard/audit';

/** The operations that make records durable. */
export interface LogFiles {
  /** Writes all bytes at the position. */
  write(fd: number, bytes: Buffer, position: number): Promise<void>;
  /** Resolves when everything that was written is on the disk. */
  sync(fd: number): Promise<void>;
}

/** The operations of the file system. */
export const realFiles: LogFiles = {
  // Synchronous: writing to the page cache takes microseconds, less than handing the work to another thread. The wait
  // for the disk (fdatasync) is asynchronous.
  async write(fd, bytes, position) {
    for (let written = 0; written < bytes.length;) {
      const more = writeSync(fd, bytes, written, bytes.length - written, position + written);
      if (more === 0) throw new Error('the file takes no more bytes');
      written += more;
    }
  },
  sync: promisify(fdatasync),
};

/** @returns a function that reads the leaf hashes of a range of records. It rejects when the file ends before them. */
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
