/**
 * Every system call that a log makes while the gateway runs, as a port, so that tests can make each of them fail. What
 * the operating system does is in `realFiles`; who owns a descriptor, and when it is closed, is in `log-file.ts`.
 */
import {
  close,
  fdatasync,
  fdatasyncSync,
  fsync,
  ftruncate,
  mkdir,
  open,
  read,
  readdir,
  rename,
  statSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';

/** What a path or a descriptor stands for. */
export interface FileStatus {
  readonly bytes: number;
  /** Number of the file system. */
  readonly device: number;
  /** Number of the file in its file system. */
  readonly inode: number;
}

/** The system calls of a log. Each rejects or throws as Node does. */
export interface LogFiles {
  /** @param flags as in open(2). @returns a descriptor that the caller has to close. */
  open(path: string, flags: number, mode: number): Promise<number>;
  /** The descriptor is free afterwards, also when this rejects (as on Linux). */
  close(fd: number): Promise<void>;
  /** @returns how many bytes were read; 0 at the end of the file. */
  read(fd: number, into: Buffer, position: number): Promise<number>;
  /** @returns how many bytes were written, perhaps fewer than given. */
  write(fd: number, bytes: Buffer, position: number): number;
  /** Resolves when the bytes that were written are on the disk (fdatasync). */
  sync(fd: number): Promise<void>;
  /** The same on the event loop, for a disk that is known to be quick. */
  syncNow(fd: number): void;
  /** Resolves when the bytes and what the file system knows of the file are on the disk (fsync). */
  syncAll(fd: number): Promise<void>;
  truncate(fd: number, bytes: number): Promise<void>;
  /** `undefined` when there is nothing at the path. */
  status(path: string): FileStatus | undefined;
  rename(from: string, to: string): Promise<void>;
  /** The names in a folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Makes one folder in a folder that exists. A folder that is there already is no error. */
  makeFolder(path: string): Promise<void>;
}

const callOpen = promisify(open);
const callRead = promisify(read);
const callMkdir = promisify(mkdir);
const FOLDER_MODE = 0o700;

/** The system calls of the operating system. */
export const realFiles: LogFiles = {
  open: (path, flags, mode) => callOpen(path, flags, mode),
  close: promisify(close),
  read: async (fd, into, position) => (await callRead(fd, into, 0, into.length, position)).bytesRead,
  // Synchronous: writing to the page cache takes microseconds, less than handing the work to another thread. Waiting
  // for the disk (fdatasync) is asynchronous, and so is all that may wait for the journal of the file system.
  write: (fd, bytes, position) => writeSync(fd, bytes, 0, bytes.length, position),
  sync: promisify(fdatasync),
  syncNow: fdatasyncSync,
  syncAll: promisify(fsync),
  truncate: promisify(ftruncate),
  // Synchronous, because every commit asks: it takes 3 µs.
  status(path) {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? undefined : { bytes: found.size, device: found.dev, inode: found.ino };
  },
  rename: promisify(rename),
  list: promisify(readdir) as (folder: string) => Promise<string[]>,
  async makeFolder(path) {
    try {
      await callMkdir(path, FOLDER_MODE);
    } catch (thrown) {
      if (!isCode(thrown, 'EEXIST')) throw thrown;
    }
  },
};

/** Whether something that was thrown is a failed system call with this code. */
export const isCode = (thrown: unknown, code: string): boolean =>
  (thrown as NodeJS.ErrnoException | undefined)?.code === code;
