/** What the gateway keeps in SQLite keeps the contracts, over restarts and beside another process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApprovals, type Clock } from '@sallyport/guard';
import { openDatabase, type Database } from '../../packages/gateway/src/adapters/kysely/database.ts';
import { openSqlite } from '../../packages/gateway/src/adapters/sqlite/product.ts';
import { openStore, type Store } from '../../packages/gateway/src/adapters/sqlite/store.ts';
import { approvalsContract, type OpenedApprovals } from './approvals.ts';
import { channelsContract } from './channels.ts';
import { keysContract } from './keys.ts';
import type { Opened } from './opened-port.ts';
import { passkeysContract } from './passkeys.ts';
import { pinsContract } from './pins.ts';
import { sessionsContract } from './sessions.ts';
import { webSessionsContract } from './web-sessions.ts';

function openPort<P>(clock: Clock, portOf: (store: Store) => P): Opened<P> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-sqlite-'));
  const file = join(folder, 'data', 'sallyport.db');
  const stores = [openStore(file, clock)];
  const add = (): P => {
    const store = openStore(file, clock);
    stores.push(store);
    return portOf(store);
  };
  return {
    port: portOf(stores[0] as Store),
    beside: add,
    reopen() {
      for (const store of stores.splice(0)) store.close();
      return add();
    },
    close() {
      for (const store of stores) store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

keysContract('SQLite', (clock) => openPort(clock, ({ keys }) => keys));
pinsContract('SQLite', (clock) => openPort(clock, ({ pins }) => pins));
sessionsContract('SQLite', (clock) => openPort(clock, ({ sessions }) => sessions));
webSessionsContract('SQLite', (clock) => openPort(clock, ({ webSessions }) => webSessions));

/** Opens databases on one file, and gives what is asked of each. */
async function openShared<P>(portOf: (database: Database) => P): Promise<Opened<P>> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-sqlite-'));
  const databases: Database[] = [];
  const add = async (): Promise<P> => {
    const database = await openDatabase(openSqlite(join(folder, 'data', 'sallyport.db')));
    databases.push(database);
    return portOf(database);
  };
  const closeAll = async (): Promise<void> => {
    await Promise.all(databases.splice(0).map((database) => database.close()));
  };
  return {
    port: await add(),
    beside: add,
    async reopen() {
      await closeAll();
      return add();
    },
    async close() {
      await closeAll();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const LIMITS = { pendingMax: 5, agentPendingMax: 10, tenantPendingMax: 120 };
approvalsContract('SQLite', async (clock): Promise<OpenedApprovals> => {
  const opened = await openShared(({ approvals }) => createApprovals(approvals, clock, LIMITS));
  return { ...LIMITS, ...opened };
});
channelsContract('SQLite', () => openShared((database) => database));
passkeysContract('SQLite', () => openShared(({ passkeys }) => passkeys));
