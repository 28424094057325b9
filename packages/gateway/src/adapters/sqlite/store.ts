/** API keys, pins and ended sessions in one SQLite file (`node:sqlite`), durable with every write. */
import { DatabaseSync } from 'node:sqlite';
import type { Clock, KeyStore, MaybePromise, PinStore, SessionDirectory } from '@sallyport/guard';
import { createKeys } from './keys.ts';
import { migrate } from './migrations.ts';
import { openFile } from './open-file.ts';
import { createPins } from './pins.ts';
import type { WebSessionStore } from '../../web-sessions.ts';
import { createSessions } from './sessions.ts';
import { whenFree } from './when-free.ts';
import { createWebSessions } from './web-sessions.ts';

/** The stores that the gateway keeps in SQLite. */
export interface Store {
  readonly keys: KeyStore;
  readonly pins: PinStore;
  readonly sessions: SessionDirectory;
  readonly webSessions: WebSessionStore;
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
    webSessions: createWebSessions(database),
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
