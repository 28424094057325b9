/** L8: a store that another process holds, or that is damaged, does not stop the event loop; a probe reads it. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Kysely, sql } from 'kysely';
import type { Adapter } from 'oidc-provider';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiKey, Digest, Pin } from '@sallyport/guard';
import { createRows } from '../oidc-provider/rows.ts';
import { openSqlite } from './product.ts';
import { openStore, type Store } from './store.ts';
import { whenFree } from './when-free.ts';

let folder: string;
let file: string;
let store: Store;
let signIn: Adapter;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-locked-'));
  file = join(folder, 'sallyport.db');
  store = openStore(file);
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const key: ApiKey = {
  id: 'a',
  hash: 'h',
  tenant: 't',
  subject: 's',
  name: 'n',
  roles: [],
  scopes: [],
  tier: undefined,
  createdAtMs: 1,
  expiresAtMs: undefined,
  revokedAtMs: undefined,
};
const pin: Pin = {
  server: 'crm',
  kind: 'tool',
  name: 'get',
  digest: 'sha256:0' as Digest,
  document: { name: 'get' },
  approvedAtMs: 1,
  approvedBy: 'ops',
};

/** Takes the lock that nobody else can read or write beside. */
function lock(): { release(): void } {
  // Only a connection that has the file for itself leaves the write-ahead log.
  store.close();
  const holder = new DatabaseSync(file);
  holder.exec('PRAGMA journal_mode = DELETE');
  store = openDelete();
  signIn = createRows(store.database)('Client');
  holder.exec('BEGIN EXCLUSIVE');
  return { release: () => holder.close() };
}

/** A store whose file is in the mode in which readers wait for writers. */
function openDelete(): Store {
  const opened = openStore(file);
  opened.database.exec('PRAGMA journal_mode = DELETE');
  return opened;
}

describe('L8: a store that another process holds', () => {
  it.each<[name: string, work: () => unknown, gives: unknown]>([
    ['reading a key', () => store.keys.find('a'), expect.objectContaining({ id: 'a' })],
    ['listing keys', () => store.keys.list('t'), [expect.objectContaining({ id: 'a' })]],
    ['writing a key', () => store.keys.put({ ...key, id: 'b' }), undefined],
    ['the version of the pins', () => store.pins.version(), 1],
    ['reading pins', () => store.pins.pins(), [pin]],
    ['pending pins', () => store.pins.pending(), []],
    ['their digests', () => store.pins.pendingDigests(), []],
    ['approving a pin', () => store.pins.approve(pin), undefined],
    ['a first pin', () => store.pins.pinIfAbsent(pin), pin],
    ['ending a session', () => store.sessions.end('s', 1), undefined],
    ['a probe', () => store.probe(), undefined],
    ['the sign-in', () => signIn.find('x'), undefined],
  ])('%s: the event loop goes on, and the work is done once the file is free', async (_name, work, gives) => {
    await store.keys.put(key);
    await store.pins.approve(pin);
    const held = lock();
    let isDone = false;
    const done = Promise.resolve(work()).finally(() => (isDone = true));
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    expect(isDone).toBe(false);
    held.release();
    expect(await done).toEqual(gives);
  });

  it('nothing waits inside SQLite, where nobody else could go on', async () => {
    expect(store.database.prepare('PRAGMA busy_timeout').get()).toEqual({ timeout: 0 });
    const other = new Kysely<unknown>({ dialect: openSqlite(join(folder, 'other.db')).dialect });
    expect((await sql`PRAGMA busy_timeout`.execute(other)).rows).toEqual([{ timeout: 0 }]);
    await other.destroy();
  });

  it('an approval is applied once', async () => {
    const held = lock();
    const done = store.pins.approve(pin);
    expect(done).toBeInstanceOf(Promise);
    await nextTurn();
    held.release();
    await done;
    expect(await store.pins.version()).toBe(1);
  });

  it('work is given up after some attempts, with the error of SQLite', async () => {
    const held = lock();
    let attempts = 0;
    const work = (): unknown => {
      attempts += 1;
      return store.database.prepare('SELECT * FROM pins').all();
    };
    await expect(whenFree(work, 3)).rejects.toThrow('locked');
    expect(attempts).toBe(3);
    await expect(Promise.resolve(store.probe())).rejects.toThrow('locked');
    held.release();
    expect(await whenFree(work, 3)).toEqual([]);
  });
});

describe('L8: a probe', () => {
  const PAGE_BYTES = 4_096;

  it.each(['api_keys', 'pins', 'pending_pins', 'counters', 'ended_sessions'])('reads %s', async (table) => {
    await store.probe();
    store.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const root = store.database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(table);
    const bytes = readFileSync(file);
    const at = (Number(root?.['rootpage']) - 1) * PAGE_BYTES;
    writeFileSync(file, bytes.fill(0xa5, at, at + PAGE_BYTES));
    expect(() => store.probe()).toThrow(/malformed/);
  });

  it('notices that the file is gone', () => {
    renameSync(file, `${file}.away`);
    expect(() => store.probe()).toThrow(/unable to open/);
  });
});
