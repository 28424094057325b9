/** The list of what an upstream server executed: on the disk before the call is answered. */
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';

/** A list of calls in a file. */
export interface Journal {
  /** The call is in the file when this returns. */
  add(id: string): void;
  close(): void;
}

/** @param file is made if it is not there; several processes may add to it. */
export function openJournal(file: string): Journal {
  const fd = openSync(file, 'a', 0o600);
  return {
    add(id) {
      writeSync(fd, `${id}\n`);
      fdatasyncSync(fd);
    },
    close: () => closeSync(fd),
  };
}

/** Every call in the file, in order. */
export const callsIn = (file: string): string[] => readFileSync(file, 'utf8').split('\n').filter(Boolean);
