/**
 * What SQLite adds to the contracts (`test/contracts/`): the file, its versions, and changes that apply fully or not at
 * all.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ApiKey, Pin, Digest } from '@sallyport/guard';
import { openStore, type Store } from './store.ts';

let folder: string;
let file: string;
const stores: Store[] = [];
const clock = { ms: 1_700_000_000_000, now: () => clock.ms };
const open = (): Store => {
  const store = openStore(file, clock);
  stores.push(store);
  return store;
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-store-'));
  file = join(folder, 'data', 'sallyport.db');
});
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  rmSync(folder, { recursive: true, force: true });
});

const pin: Pin = {
  server: 'crm',
  kind: 'tool',
  name: 'get',
  digest: 'sha256:0' as Digest,
  document: { name: 'get' },
  approvedAtMs: 1,
  approvedBy: 'ops',
};

describe('the file', () => {
  it('A27 and the files beside it are readable by the owner only, with any umask', () => {
    const before = process.umask(0);
    try {
      const { keys } = open();
      void keys.put({
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
      } satisfies ApiKey);
      for (const end of ['', '-wal', '-shm'])
        expect([end, existsSync(file + end) && statSync(file + end).mode & 0o077]).toEqual([end, 0]);
      expect(statSync(join(folder, 'data')).mode & 0o077).toBe(0);
    } finally {
      process.umask(before);
    }
  });

  it('has the columns that every version of Sallyport reads', async () => {
    const { keys, pins, sessions, database } = open();
    await keys.put({
      id: 'a',
      hash: 'h',
      tenant: 't',
      subject: 's',
      name: 'n',
      roles: ['r'],
      scopes: [],
      tier: undefined,
      createdAtMs: 1,
      expiresAtMs: 2,
      revokedAtMs: 3,
    });
    await pins.approve(pin);
    await pins.savePending({
      server: 'crm',
      kind: 'tool',
      name: 'new',
      digest: 'd' as Digest,
      document: {},
      seenAtMs: 4,
    });
    await sessions.end('s', clock.ms + 5);
    const rows = (table: string): unknown =>
      database
        .prepare(`SELECT * FROM ${table}`)
        .all()
        .map((row) => ({ ...row }));
    expect(rows('api_keys')).toEqual([
      {
        id: 'a',
        hash: 'h',
        tenant: 't',
        subject: 's',
        name: 'n',
        roles: '["r"]',
        scopes: '[]',
        tier: null,
        created_at: 1,
        expires_at: 2,
        revoked_at: 3,
      },
    ]);
    expect(rows('pins')).toEqual([
      {
        server: 'crm',
        kind: 'tool',
        name: 'get',
        digest: 'sha256:0',
        document: '{"name":"get"}',
        approved_at: 1,
        approved_by: 'ops',
      },
    ]);
    expect(rows('pending_pins')).toEqual([
      {
        server: 'crm',
        kind: 'tool',
        name: 'new',
        digest: 'd',
        document: '{}',
        seen_at: 4,
        rejected_at: null,
        rejected_by: null,
      },
    ]);
    expect(rows('counters')).toEqual([{ name: 'pins', value: 2 }]);
    expect(rows('ended_sessions')).toEqual([{ id: 's', expires_at: clock.ms + 5 }]);
  });

  it('is closed to others when they could read it', () => {
    open();
    chmodSync(file, 0o640);
    open();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('A34 is refused when it is damaged, not replaced', () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(file, 'not a database, but somebody may want to know what it was');
    expect(() => open()).toThrow();
    expect(statSync(file).size).toBeGreaterThan(50);
  });

  it('is refused and left unchanged when a newer version wrote it', () => {
    open().database.exec('PRAGMA user_version = 99');
    expect(() => open()).toThrow(/newer Sallyport/);
    expect((new DatabaseSync(file).prepare('PRAGMA user_version').get() as { user_version: number }).user_version).toBe(
      99,
    );
  });

  it('is made once when many processes open it at the same time', { timeout: 60_000 }, async () => {
    const store = fileURLToPath(new URL('./store.ts', import.meta.url));
    const code = `const { workerData } = require('node:worker_threads');
      import(workerData.store).then(({ openStore }) => {
        for (const file of workerData.files) openStore(file).close();
      });`;
    const files = Array.from({ length: 20 }, (_, at) => join(folder, `new-${at}`, 'sallyport.db'));
    const ended = Array.from(
      { length: 6 },
      () =>
        new Promise<string>((done) => {
          const worker = new Worker(code, {
            eval: true,
            workerData: { store, files },
            execArgv: ['--conditions=sallyport-source'],
          });
          worker.on('error', (error) => done(String(error)));
          worker.on('exit', () => done('opened'));
        }),
    );
    expect(new Set(await Promise.all(ended))).toEqual(new Set(['opened']));
    file = files[0] as string;
    expect(open().pins.version()).toBe(0);
  });
});

describe('a change applies fully or not at all', () => {
  it('A3 an approval that fails half-way changes neither pins nor pending definitions nor the version', async () => {
    const { pins, database } = open();
    await pins.savePending({ ...pin, seenAtMs: 2 });
    const version = await pins.version();
    database.exec("CREATE TRIGGER fails BEFORE UPDATE ON counters BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    expect(() => pins.approve(pin)).toThrow();
    expect([await pins.pins(), (await pins.pending()).length, await pins.version()]).toEqual([[], 1, version]);
    database.exec('DROP TRIGGER fails');
    await pins.approve(pin);
    expect([await pins.pins(), await pins.pending(), await pins.version()]).toEqual([[pin], [], version + 1]);
  });

  it('a row that cannot be stored is refused, and the store goes on', async () => {
    const { pins, keys } = open();
    expect(() => pins.approve({ ...pin, approvedAtMs: Number.NaN })).toThrow();
    expect(() => keys.put({ id: 'a', createdAtMs: Number.NaN } as ApiKey)).toThrow();
    await pins.approve(pin);
    expect(await pins.pins()).toEqual([pin]);
  });
});

describe('ended sessions', () => {
  const rows = (store: Store): unknown => store.database.prepare('SELECT count(*) AS n FROM ended_sessions').get();

  it('D2 that have expired leave the file, at the start and while it runs', async () => {
    const store = open();
    for (let at = 0; at < 50; at++) await store.sessions.end(`s${at}`, clock.ms + 1_000);
    expect(rows(store)).toEqual({ n: 50 });
    clock.ms += 600_000;
    await store.sessions.end('later', clock.ms + 1_000);
    expect(rows(store)).toEqual({ n: 1 });
    clock.ms += 1_000;
    expect(rows(open())).toEqual({ n: 0 });
  });
});

it('a probe says whether the file can be read', () => {
  const store = openStore(file, clock);
  expect(() => store.probe()).not.toThrow();
  store.close();
  expect(() => store.probe()).toThrow();
});
