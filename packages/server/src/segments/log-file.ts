/**
 * An open file of a log, and what is done with whole files. A descriptor has one owner, the object that opened it,
 * which gives the number to nobody and closes it once: closing a number twice would close a file that somebody else
 * opened meanwhile (L1).
 */
import { constants } from 'node:fs';
import { dirname } from 'node:path';
import type { FileStatus, LogFiles } from './files.ts';

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;

/** How a file is opened. No way of opening empties a file that holds something that is needed. */
export const OPEN = {
  read: O_RDONLY,
  /** The file must be there. */
  change: O_RDWR,
  /** The file is made if it is not there; what it holds stays. */
  keep: O_RDWR | O_CREAT,
  /** The file must not be there. */
  create: O_RDWR | O_CREAT | O_EXCL,
  /** For a draft only, which gets the name of the file by `rename` when it is complete. */
  draft: O_WRONLY | O_CREAT | O_TRUNC,
} as const;

/** An open file. After `close` every operation rejects. */
export interface LogFile {
  readonly path: string;
  /** Fills the buffer from the position on. @returns how many bytes there were. */
  read(into: Buffer, position: number): Promise<number>;
  /** Writes all bytes. */
  write(bytes: Buffer, position: number): Promise<void>;
  sync(): Promise<void>;
  /** The same on the event loop. */
  syncNow(): void;
  syncAll(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  /** Closes the descriptor, once, however often it is called. Never rejects: the descriptor is free in any case. */
  close(): Promise<void>;
}

/** @returns the open file, which the caller has to close. */
export async function openFile(files: LogFiles, path: string, flags: number): Promise<LogFile> {
  let owned: number | undefined = await files.open(path, flags, FILE_MODE);
  const fd = (): number => {
    if (owned === undefined) throw new Error(`${path} is closed`);
    return owned;
  };
  return {
    path,
    async read(into, position) {
      let filled = 0;
      while (filled < into.length) {
        const count = await files.read(fd(), into.subarray(filled), position + filled);
        if (count === 0) break;
        filled += count;
      }
      return filled;
    },
    async write(bytes, position) {
      for (let written = 0; written < bytes.length;) {
        const count = files.write(fd(), bytes.subarray(written), position + written);
        if (count === 0) throw new Error(`${path} takes no more bytes`);
        written += count;
      }
    },
    sync: async () => files.sync(fd()),
    syncNow: () => files.syncNow(fd()),
    syncAll: async () => files.syncAll(fd()),
    truncate: async (bytes) => files.truncate(fd(), bytes),
    async close() {
      const closing = owned;
      owned = undefined;
      if (closing !== undefined) await files.close(closing).catch(() => undefined);
    },
  };
}

const FILE_MODE = 0o600;

/** Opens a file, uses it, and closes it in any case. */
export async function withFile<T>(
  files: LogFiles,
  path: string,
  flags: number,
  use: (file: LogFile) => Promise<T>,
): Promise<T> {
  const file = await openFile(files, path, flags);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** The bytes of a file from `start` to `end`, or to where the file ends. */
export const readRange = (files: LogFiles, path: string, start: number, end: number): Promise<Buffer> =>
  withFile(files, path, OPEN.read, async (file) => {
    const bytes = Buffer.alloc(Math.max(0, end - start));
    return bytes.subarray(0, await file.read(bytes, start));
  });

/** A whole small file; `undefined` when there is none. @throws Error when it is larger than `bytesMax`. */
export async function readSmallFile(files: LogFiles, path: string, bytesMax: number): Promise<Buffer | undefined> {
  const status = files.status(path);
  if (status === undefined) return undefined;
  if (status.bytes > bytesMax) throw new Error(`${path} has ${status.bytes} bytes, more than ${bytesMax}`);
  return readRange(files, path, 0, status.bytes);
}

/** Replaces a file with another text, at once. Durable when it resolves, unless `durable` is false. */
export async function replaceFile(files: LogFiles, path: string, text: string, durable: boolean): Promise<void> {
  await withFile(files, `${path}.new`, OPEN.draft, async (file) => {
    await file.write(Buffer.from(text), 0);
    if (durable) await file.syncAll();
  });
  await files.rename(`${path}.new`, path);
  if (durable) await syncFolder(files, dirname(path));
}

/** Makes the names in a folder durable. */
export const syncFolder = (files: LogFiles, folder: string): Promise<void> =>
  withFile(files, folder, OPEN.read, (file) => file.syncAll());

/** Whether two paths, or one at two times, stand for the same file. */
export const isSameFile = (a: FileStatus | undefined, b: FileStatus | undefined): boolean =>
  a !== undefined && b !== undefined && a.inode === b.inode && a.device === b.device;
