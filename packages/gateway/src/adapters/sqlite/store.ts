/** API keys, pins and ended sessions in one SQLite file (`node:sqlite`), durable with every write. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock, KeyStore, MaybePromise, PinStore, SessionDirectory } from '@sallyport/guard';
import { makePrivateDatabase } from '../../private-file.ts';
import { createKeys } from './keys.ts';
import { migrate } from './migrations.ts';
import { createPins } from './pins.ts';
import { createSessions } from './sessions.ts';
import { isBusy, whenFree } from './when-free.ts';

/** The stores that the gateway keeps in SQLite. */
export interface Store {
  readonly keys: KeyStore;
  readonly pins: PinStore;
  readonly sessions: SessionDirectory;
  readonly database: DatabaseSync;
  /** Reads every table from the file. Throws or rejects when one cannot be read. */
  probe(): MaybePromise<void>;
  close(): void;
}

/** @param file has the mode 0600 afterwards. @throws Error when it was written by a newer Sallyport. */
export function openStore(file: string, clock: Clock = { now: () => Date.now() }): Store {
  const database = openFile(file);
  migrate(database);
  const ports = {
    keys: createKeys(database),
    pins: createPins(database),
    sessions: createSessions(database, clock),
  };
  // L8: from here on calls are served, and nothing may wait inside SQLite.
  database.exec('PRAGMA busy_timeout = 0');
  return {
    ...ports,
    database,
    probe() {
      if (!database.isOpen) throw new Error('the store is closed');
      return whenFree(() => readTables(file), PROBE_ATTEMPTS_MAX);
    },
    close: () => database.close(),
  };
}

const PROBE_ATTEMPTS_MAX = 20;

/** Over a connection of its own, because the others answer from what they read before. */
function readTables(file: string): void {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 0 });
  try {
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    for (const { name } of tables) database.prepare(`SELECT * FROM "${String(name)}" LIMIT 1`).get();
  } finally {
    database.close();
  }
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
      if (!isBusy(thrown) || performance.now() > endMs) throw thrown;
    }
    sleepSync(RETRY_MS);
  }
}

/** Blocks the thread, because the store opens synchronously. */
function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
