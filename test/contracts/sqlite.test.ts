/** What the gateway keeps in SQLite keeps the contracts, over restarts and beside another process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@sallyport/guard';
import { openStore, type Store } from '../../packages/gateway/src/adapters/sqlite/store.ts';
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
