/** L8: how long calls go on while the database that processes share does not answer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiKey } from '@sallyport/guard';
import { createManualClock } from '@sallyport/guard/memory';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openDatabase, type Database } from './adapters/kysely/database.ts';
import { openSqlite } from './adapters/sqlite/product.ts';
import { readiness } from './control/ready.ts';
import type { PostgresSettings } from './snapshot.ts';
import { openStores, type Stores } from './stores.ts';

const OUTAGE_MS = 900_000;
const KEY: ApiKey = {
  id: 'k1',
  hash: 'h',
  tenant: 'acme',
  subject: 'robot',
  name: 'ci',
  roles: [],
  scopes: [],
  tier: undefined,
  createdAtMs: 0,
  expiresAtMs: undefined,
  revokedAtMs: undefined,
};

let folder: string;
let database: Database;
let stores: Stores;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-stores-'));
  // The tables of PostgreSQL, without a server.
  database = await openDatabase({ ...openSqlite(join(folder, 'shared.db')), isShared: true });
  await database.shared?.keys.put(KEY);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  const place = { dataFolder: folder, database: { outageMs: OUTAGE_MS } as PostgresSettings };
  stores = await openStores(place, database, createManualClock(), () => undefined);
});
afterEach(() => {
  stores.close();
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const ready = () => readiness({ checks: [{ name: 'store', run: () => stores.check() }], details: true });

it('L8 after `database.outage` keys are refused, and /ready is 503', async () => {
  expect(await ready()).toEqual({ ready: true, checks: { store: 'ok' } });
  await database.close();
  await vi.advanceTimersByTimeAsync(OUTAGE_MS - 1_000);
  expect(await stores.callKeys.find('k1')).toMatchObject({ subject: 'robot' });
  expect(await ready()).toMatchObject({ ready: true, checks: { 'store.database': expect.stringContaining('go on') } });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(() => stores.callKeys.find('k1')).toThrow(expect.objectContaining({ code: 'unavailable' }));
  expect(await ready()).toMatchObject({ ready: false });
});

it('L8 a database that answers keeps keys in use, however long', async () => {
  await vi.advanceTimersByTimeAsync(OUTAGE_MS + 10_000);
  await vi.waitFor(() => expect(stores.callKeys.find('k1')).toMatchObject({ subject: 'robot' }));
  expect((await ready()).ready).toBe(true);
  await database.close();
});
