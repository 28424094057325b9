/** What the gateway keeps in SQLite keeps the contracts, over restarts and beside another process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApprovals, type Approvals, type Clock } from '@sallyport/guard';
import { openDatabase, type Database } from '../../packages/gateway/src/adapters/kysely/database.ts';
import { openSqlite } from '../../packages/gateway/src/adapters/sqlite/product.ts';
import { openStore, type Store } from '../../packages/gateway/src/adapters/sqlite/store.ts';
import { approvalsContract, type OpenedApprovals } from './approvals.ts';
import { keysContract } from './keys.ts';
import type { Opened } from './opened-port.ts';
import { pinsContract } from './pins.ts';
import { sessionsContract } from './sessions.ts';

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

async function openApprovals(clock: Clock): Promise<OpenedApprovals> {
  const limits = { pendingMax: 5, agentPendingMax: 10 };
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-sqlite-'));
  const databases: Database[] = [];
  const add = async (): Promise<Approvals> => {
    const database = await openDatabase(openSqlite(join(folder, 'data', 'sallyport.db')));
    databases.push(database);
    return createApprovals(database.approvals, clock, limits);
  };
  const closeAll = async (): Promise<void> => {
    await Promise.all(databases.splice(0).map((database) => database.close()));
  };
  return {
    ...limits,
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

approvalsContract('SQLite', openApprovals);
