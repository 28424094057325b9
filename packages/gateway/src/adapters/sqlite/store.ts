/** API keys, pins and ended sessions in one SQLite file (`node:sqlite`), durable with every write. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock, KeyStore, PinStore, SessionDirectory } from '@sallyport/guard';
import { makePrivateDatabase } from '../../private-file.ts';
import { createKeys } from './keys.ts';
import { migrate } from './migrations.ts';
import { createPins } from './pins.ts';
import { createSessions } from './sessions.ts';

const SQLITE_BUSY = 5;

/** The stores that the gateway keeps in SQLite. */
export interface Store {
  readonly keys: KeyStore;
  readonly pins: PinStore;
  readonly sessions: SessionDirectory;
  readonly database: DatabaseSync;
  /** @throws Error when the file cannot be read. */
  probe(): void;
  close(): void;
}

/** @param file has the mode 0600 afterwards. @throws Error when it was written by a newer Sallyport. */
export function openStore(file: string, clock: Clock = { now: () => Date.now() }): Store {
  const database = openFile(file);
  migrate(database);
  const probe = database.prepare('SELECT 1');
  return {
    keys: createKeys(database),
    pins: createPins(database),
    sessions: createSessions(database, clock),
    database,
    probe: () => void probe.get(),
    close: () => database.close(),
  };
}

function openFile(file: string): DatabaseSync {
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
      if ((thrown as { errcode?: number }).errcode !== SQLITE_BUSY || performance.now() > endMs) throw thrown;
    }
    sleepSync(RETRY_MS);
  }
}

/** Blocks the thread, because the store opens synchronously. */
function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
