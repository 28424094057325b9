/** Keys, pins and sessions: in the SQLite file of the data folder, or in a PostgreSQL that several processes share. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, KeyStore, Log, PinStore, SessionDirectory } from '@sallyport/guard';
import { available } from './adapters/kysely/available.ts';
import { openDatabase, type Database, type SharedStores } from './adapters/kysely/database.ts';
import { openSqlite } from './adapters/sqlite/product.ts';
import { openStore, type Store } from './adapters/sqlite/store.ts';
import type { CheckResult } from './control/ready.ts';
import { openFolderId } from './config.ts';
import { followStores } from './followed-stores.ts';
import { movedAtMs, moveToShared } from './move-to-shared.ts';
import type { Snapshot } from './snapshot.ts';
import type { WebSessionStore } from './web-sessions.ts';

/** What a configuration says of where things are kept. */
export type StorePlace = Pick<Snapshot, 'database' | 'dataFolder'>;

/** The stores of a process that serves. */
export interface Stores {
  readonly keys: KeyStore;
  /** Keys for the path of a call: it never waits for a database elsewhere. */
  readonly callKeys: Pick<KeyStore, 'find'>;
  readonly pins: PinStore;
  /** How long calls go on with what was read last while the store does not answer; `undefined`: as by default. */
  readonly outageMs: number | undefined;
  readonly sessions: SessionDirectory;
  readonly webSessions: WebSessionStore;
  /** For `/ready`. */
  check(): Promise<CheckResult>;
  close(): void;
}

const fileIn = (dataFolder: string): string => join(dataFolder, 'sallyport.db');

/** @throws Error with a sentence for the operator when the database cannot be reached or is too new. */
export async function openProductDatabase({ database, dataFolder }: StorePlace, log: Log): Promise<Database> {
  const damaged = (id: string): void =>
    log('error', 'a request for approval is damaged and is left out: its row in the database was changed', { id });
  if (database === undefined) return openDatabase(openSqlite(fileIn(dataFolder)), damaged);
  // Loaded where it is configured, as in `gateway-channels.ts`.
  const { openPostgres } = await import('./adapters/postgres/product.ts');
  const lost = (error: string): void => log('warn', 'a connection to the database broke', { error });
  try {
    return await openDatabase(openPostgres(database, lost), damaged);
  } catch (thrown) {
    const { user, host, port, database: name } = database;
    const cause = thrown instanceof AggregateError ? (thrown.errors[0] as Error) : (thrown as Error);
    throw new Error(`the database ${name} of ${user} at ${host} port ${port} cannot be used: ${cause.message}`, {
      cause: thrown,
    });
  }
}

/** @throws Error with a sentence for the operator. */
export async function openStores(place: StorePlace, database: Database, clock: Clock, log: Log): Promise<Stores> {
  const { shared } = database;
  if (shared === undefined || place.database === undefined) return fileStores(openOwnStore(place.dataFolder, clock));
  await moveFolder(place.dataFolder, shared, log);
  const { outageMs } = place.database;
  const sessions = shared.sessions(clock, openFolderId(place.dataFolder));
  const followed = await followStores(shared.keys, sessions, outageMs, log);
  return {
    keys: available(shared.keys),
    callKeys: { find: followed.findKey },
    pins: available(shared.pins),
    outageMs,
    sessions,
    webSessions: available(shared.webSessions),
    async check() {
      try {
        await database.probe();
        return undefined;
      } catch (thrown) {
        if (followed.ageMs() > outageMs) throw thrown;
        return { database: { tolerated: 'does not answer; calls go on with the keys and pins that were read last' } };
      }
    },
    close: followed.stop,
  };
}

const fileStores = (store: Store): Stores => ({
  ...store,
  callKeys: store.keys,
  outageMs: undefined,
  check: async () => void (await store.probe()),
});

/** What commands work on: the same keys and pins as the processes that serve. */
export async function withKeysAndPins<T>(
  place: StorePlace,
  work: (stores: { readonly keys: KeyStore; readonly pins: PinStore }) => Promise<T>,
): Promise<T> {
  if (place.database === undefined) {
    const store = openOwnStore(place.dataFolder);
    try {
      return await work(store);
    } finally {
      store.close();
    }
  }
  const quiet: Log = () => undefined;
  const database = await openProductDatabase(place, quiet);
  try {
    const { shared } = database;
    if (shared === undefined) throw new Error('the database is not one that processes share');
    await moveFolder(place.dataFolder, shared, quiet);
    return await work(shared);
  } finally {
    await database.close();
  }
}

/** Whether something may be kept there: nothing is made in a folder that no gateway has used. */
export const mayHoldPins = ({ database, dataFolder }: StorePlace): boolean =>
  database !== undefined || existsSync(fileIn(dataFolder));

function openOwnStore(dataFolder: string, clock?: Clock): Store {
  const store = openStore(fileIn(dataFolder), clock);
  const movedMs = movedAtMs(store);
  if (movedMs === undefined) return store;
  store.close();
  throw new Error(
    `the keys and pins of ${dataFolder} were moved to PostgreSQL on ${new Date(movedMs).toISOString()}: ` +
      'set `database` again, or take another data folder',
  );
}

/** What a data folder held before `database` was set, or before keys and pins were kept there. */
async function moveFolder(dataFolder: string, shared: SharedStores, log: Log): Promise<void> {
  if (!existsSync(fileIn(dataFolder))) return;
  const store = openStore(fileIn(dataFolder));
  try {
    if (movedAtMs(store) === undefined) await moveToShared(store, shared, log);
  } finally {
    store.close();
  }
}
