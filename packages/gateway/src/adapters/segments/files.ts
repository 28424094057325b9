/** The two operations that durability hangs on, apart so that a test can let them fail. */
import { fdatasync, write } from 'node:fs';
import { promisify } from 'node:util';

export interface LogFiles {
  /** Writes all bytes at the position. */
  write(fd: number, bytes: Buffer, position: number): Promise<void>;
  sync(fd: number): Promise<void>;
}

const writeOnce = promisify(write);

export const realFiles: LogFiles = {
  async write(fd, bytes, position) {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await writeOnce(fd, bytes, done, bytes.length - done, position + done);
      if (bytesWritten === 0) throw new Error('the file takes no more bytes');
      done += bytesWritten;
    }
  },
  sync: promisify(fdatasync),
};
