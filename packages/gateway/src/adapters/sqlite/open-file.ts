/** Opens a SQLite file that nobody else on the machine can read, durable with every commit. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makePrivateDatabase } from '@sallyport/server/private-file';
import { isBusy } from './when-free.ts';

/** @throws Error that names the file when it cannot be opened. */
export function openFile(file: string): DatabaseSync {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    makePrivateDatabase(file);
    const database = new DatabaseSync(file);
    useWal(database);
    return database;
  } catch (thrown) {
    // SQLite's own message does not name the file.
    throw new Error(`${file} cannot be opened: ${(thrown as Error).message}`, { cause: thrown });
  }
}

const BUSY_MS_MAX = 5_000;
const RETRY_MS = 10;

/**
 * Two processes that open a new file at the same time both change its journal mode. SQLite's busy timeout does not
 * cover that change, so it is tried again.
 */
function useWal(database: DatabaseSync): void {
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS_MAX}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;`);
  const endMs = performance.now() + BUSY_MS_MAX;
  for (;;) {
    try {
      return database.exec('PRAGMA journal_mode = WAL');
    } catch (thrown) {
      if (!isBusy(thrown) || performance.now() > endMs) throw thrown;
    }
    sleepSync(RETRY_MS);
  }
}

/** Blocks the thread, because the store opens synchronously. */
function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
