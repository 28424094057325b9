/** The two operations that durability hangs on, apart so that a test can let them fail. */
import { fdatasync, writeSync } from 'node:fs';
import { promisify } from 'node:util';

export interface LogFiles {
  /** Writes all bytes at the position. */
  write(fd: number, bytes: Buffer, position: number): Promise<void>;
  sync(fd: number): Promise<void>;
}

export const realFiles: LogFiles = {
  // Into the page cache, which takes microseconds; a trip to another thread and back costs more. What waits for the disk
  // is fdatasync, and that is asynchronous.
  async write(fd, bytes, position) {
    for (let done = 0; done < bytes.length; ) {
      const written = writeSync(fd, bytes, done, bytes.length - done, position + done);
      if (written === 0) throw new Error('the file takes no more bytes');
      done += written;
    }
  },
  sync: promisify(fdatasync),
};
