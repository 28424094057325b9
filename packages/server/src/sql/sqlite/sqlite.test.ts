/** SQL for tools against a SQLite file: tenants, endless statements, ways out of the file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contextOf } from '../../../../../test/fixtures/call-context.ts';
import { openSqlite, sql, type SqlDatabase, type SqliteSettings } from '../index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sqlite-'));
const file = join(folder, 'shop.db');
const acme = contextOf('acme');
const globex = contextOf('globex');
const settings: SqliteSettings = {
  file,
  tenancy: { by: 'tables', tables: { orders: 'tenant', Notes: 'of' }, shared: ['currencies'] },
  processesMax: 2,
};
let shop: SqlDatabase;

beforeAll(async () => {
  const database = new DatabaseSync(file);
  database.exec(`
    create table orders (id integer primary key, tenant text not null, name text not null);
    insert into orders values (1, 'acme', 'desk'), (2, 'acme', 'lamp'), (3, 'globex', 'secret plan');
    create table Notes (id integer primary key, of text, text text); insert into Notes values (1, 'globex', 'secret');
    create table currencies (code text); insert into currencies values ('EUR');
    create table log (line text); insert into log values ('secret');
    create view everything as select * from orders`);
  database.close();
  shop = await openSqlite(settings);
});
afterAll(async () => {
  await shop?.close();
  rmSync(folder, { recursive: true });
});

describe('SQL over SQLite', () => {
  it('reads rows as JSON, without loss', async () => {
    const statement = sql`select 1 as a, 9007199254740993 as b, ${true} as c, ${new Uint8Array([255])} as d, null as e,
      ${new Date(0)} as f, 9e999 as g, ${1.5} as h, ${2n ** 60n} as i`;
    const expected = { a: 1, b: '9007199254740993', c: 1, d: '\\xff', e: null, f: '1970-01-01T00:00:00.000Z' };
    expect((await shop.read(acme, statement)).rows).toEqual([
      { ...expected, g: 'Infinity', h: 1.5, i: '1152921504606846976' },
    ]);
  });

  it('shows each tenant its own rows under the names of the tables', async () => {
    const names = sql`select o.name, (select count(*) from notes) as notes from ORDERS o, currencies order by name`;
    expect((await shop.read(acme, names)).rows).toEqual([
      { name: 'desk', notes: 0 },
      { name: 'lamp', notes: 0 },
    ]);
    expect((await shop.read(globex, names)).rows).toEqual([{ name: 'secret plan', notes: 1 }]);
    expect((await shop.read(contextOf('nobody'), names)).rows).toEqual([]);
  });

  it.each([`' or '1'='1`, `desk' union select name from main.orders --`, `?1`, `%`, `"`, `\u{ff07} or 1=1`])(
    'R4 an argument stays a value: %s',
    async (text) => {
      const statements = [
        sql`select id from orders where name = ${text}`,
        sql`select id from orders where name in ${sql.list([text])}`,
        sql`select id from orders where name like ${sql.contains(text)}`,
      ];
      for (const statement of statements) expect((await shop.read(acme, statement)).rows).toEqual([]);
    },
  );

  it.each([
    ['the table behind the view', sql`select name from main.orders`],
    ['how many rows the table has', sql`select count(*) as n from main.orders`],
    ['the table by a part that has its name', sql`with orders as (select * from main.orders) select * from orders`],
    ['the table by another name', sql`select * from (select * from main.orders) as orders`],
    ['a view of the file', sql`select name from everything`],
    ['a table that is not listed', sql`select line from log`],
    ['how many rows such a table has', sql`select count(*) as n from log`],
    ['whether such a table has rows', sql`select 1 as n from LOG`],
    ['how many rows a view of the file has', sql`select count(*) as n from everything`],
    ['the schema', sql`select sql from sqlite_schema`],
    ['the schema of the views', sql`select sql from sqlite_temp_schema`],
    ['a pragma', sql`select * from pragma_database_list`],
    ['a table of another file', sql`select * from other.orders`],
    ['an extension', sql`select load_extension('/tmp/x.so')`],
  ])('S7 does not read %s', async (_what, statement) => {
    await expect(shop.read(acme, statement)).rejects.toThrow(/prohibited|not authorized|no such/);
  });

  it('counts its own rows only', async () => {
    expect((await shop.read(acme, sql`select count(*) as n from orders`)).rows).toEqual([{ n: 2 }]);
    expect((await shop.read(globex, sql`select count(*) as n from orders`)).rows).toEqual([{ n: 1 }]);
    expect((await shop.read(globex, sql`select count(*) as n from currencies`)).rows).toEqual([{ n: 1 }]);
  });

  it('R4 takes no placeholder without a value, and no change', async () => {
    await expect(shop.read(acme, sql`select name from orders where id = ?`)).rejects.toThrow('no ? : @');
    await expect(shop.read(acme, sql`select name from orders where id = :id and ${1} = 1`)).rejects.toThrow('no ? : @');
    await expect(shop.read(acme, sql`delete from orders`)).rejects.toThrow('writes');
    await expect(shop.read(acme, sql`with x as (select 1) delete from orders`)).rejects.toThrow();
  });

  it('ends a statement without an end: by its time limit, and when the call is cancelled', async () => {
    const endless = sql`with recursive n(i) as (select 1 union all select i from n) select count(*) as n from n`;
    const quick = await openSqlite({ ...settings, timeoutMs: 500 });
    await expect(quick.read(acme, endless)).rejects.toMatchObject({ code: 'TIMEOUT' });
    await quick.close();
    const cancel = new AbortController();
    const reading = shop.read(contextOf('acme', { signal: cancel.signal }), endless);
    await expect(shop.read(acme, sql`select 1`)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await expect(shop.read(globex, sql`select 1 as one`)).resolves.toMatchObject({ rows: [{ one: 1 }] });
    cancel.abort(new Error('the caller went away'));
    await expect(reading).rejects.toThrow('the caller went away');
  });

  it('reads a result of a million rows up to its limits, and no value that is larger than they are', async () => {
    const million = sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000)
      select i, 'text' as text from n`;
    const { rows, isComplete, note } = await shop.read(acme, million, { rowsMax: 10 });
    expect([rows.length, isComplete]).toEqual([10, false]);
    expect(note).toContain('at most 10 rows');
    await expect(shop.read(acme, million, { whenTooLarge: 'refuse' })).rejects.toMatchObject({ code: 'TOO_LARGE' });
    const huge = sql`select zeroblob(900000000) as huge`;
    await expect(shop.read(acme, huge)).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });

  it('is not opened without its file, tables and columns', async () => {
    await expect(openSqlite({ ...settings, file: join(folder, 'none.db') })).rejects.toThrow('there is no file');
    const tenancy = { by: 'tables', tables: { orders: 'owner' } } as const;
    await expect(openSqlite({ ...settings, tenancy })).rejects.toThrow('owner');
    await expect(openSqlite({ ...settings, tenancy: { by: 'tables', tables: { none: 'x' } } })).rejects.toThrow('none');
    await expect(openSqlite({ ...settings, processesMax: 0 })).rejects.toThrow('processesMax');
  });

  it('serves one tenant, or statements that name the tenant', async () => {
    const one = await openSqlite({ file, tenancy: { by: 'one', tenant: 'acme' } });
    await expect(one.read(globex, sql`select 1`)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(one.read(acme, sql`select count(*) as n from everything`)).resolves.toMatchObject({
      rows: [{ n: 3 }],
    });
    await one.close();
    const named = await openSqlite({ file, tenancy: { by: 'predicate' } });
    await expect(named.read(acme, sql`select 1`)).rejects.toThrow('names the tenant');
    const statement = sql`select name from orders where tenant = ${sql.tenant} and id = ${1}`;
    await expect(named.read(acme, statement)).resolves.toMatchObject({ rows: [{ name: 'desk' }] });
    await named.close();
  });
});
