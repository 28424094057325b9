/**
 * System calls of a log of which one fails, and a ledger of descriptors: each is used by its owner only, and closed
 * once. A sync does nothing unless it is the one that fails, so that thousands of runs take no disk time.
 */
import { realFiles, type LogFiles } from '../files.ts';

/** How a call fails. `short`: a write takes half of the bytes. `half`: it takes half of them and then fails. */
export type Fault = 'ENOSPC' | 'EIO' | 'EMFILE' | 'ENOMEM' | 'short' | 'half';

export interface FailingFiles extends LogFiles {
  /** Calls so far. */
  readonly calls: () => number;
  /** The path of the call that failed; `undefined` as long as none has. */
  readonly failed: () => string | undefined;
  /** Uses of a descriptor that nobody owned, and descriptors that are open now. */
  readonly misuses: () => readonly string[];
  readonly stillOpen: () => number;
}

export const failure = (code: string, call: string): Error => Object.assign(new Error(`${code}: ${call}`), { code });

/** @param failing the number of the call that fails, from 1. */
export function failingFiles(failing: number, fault: Fault): FailingFiles {
  const owned = new Map<number, string>();
  const misuses: string[] = [];
  let calls = 0;
  let failed: string | undefined;
  /** Counts a call. @returns true for the one that fails. */
  const isFailing = (path: string): boolean => {
    calls += 1;
    if (calls === failing) failed = path;
    return calls === failing;
  };
  const use = (fd: number, call: string): string => {
    const path = owned.get(fd);
    if (path === undefined) misuses.push(`${call} of descriptor ${fd}, which nobody owns`);
    return path ?? '';
  };
  const code = fault === 'short' || fault === 'half' ? 'ENOSPC' : fault;
  const failIf = (fails: boolean, call: string): void => {
    if (fails && fault !== 'short') throw failure(code, call);
  };
  const onFile = (fd: number, call: string): void => failIf(isFailing(use(fd, call)), call);
  return {
    calls: () => calls,
    failed: () => failed,
    misuses: () => misuses,
    stillOpen: () => owned.size,
    async open(path, flags, mode) {
      failIf(isFailing(path), 'open');
      const fd = await realFiles.open(path, flags, mode);
      if (owned.has(fd)) misuses.push(`descriptor ${fd} was closed behind its owner's back`);
      owned.set(fd, path);
      return fd;
    },
    async close(fd) {
      const path = use(fd, 'close');
      owned.delete(fd);
      await realFiles.close(fd);
      failIf(isFailing(path), 'close');
    },
    async read(fd, into, position) {
      onFile(fd, 'read');
      return realFiles.read(fd, into, position);
    },
    write(fd, bytes, position) {
      const fails = isFailing(use(fd, 'write'));
      const half = bytes.subarray(0, Math.ceil(bytes.length / 2));
      if (fails && fault === 'short') return realFiles.write(fd, half, position);
      if (fails && fault === 'half') realFiles.write(fd, half, position);
      failIf(fails, 'write');
      return realFiles.write(fd, bytes, position);
    },
    sync: async (fd) => onFile(fd, 'fdatasync'),
    syncNow: (fd) => onFile(fd, 'fdatasync'),
    syncAll: async (fd) => onFile(fd, 'fsync'),
    async truncate(fd, bytes) {
      onFile(fd, 'ftruncate');
      await realFiles.truncate(fd, bytes);
    },
    status(path) {
      failIf(isFailing(path), 'stat');
      return realFiles.status(path);
    },
    async rename(from, to) {
      failIf(isFailing(to), 'rename');
      await realFiles.rename(from, to);
    },
    async list(folder) {
      failIf(isFailing(folder), 'readdir');
      return realFiles.list(folder);
    },
    async makeFolder(path) {
      failIf(isFailing(path), 'mkdir');
      await realFiles.makeFolder(path);
    },
  };
}
