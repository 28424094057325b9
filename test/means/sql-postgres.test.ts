/** SQL for tools against a PostgreSQL server: injection, tenants, endless and endless large statements. */
import type { Socket } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallContext } from '@sallyport/server';
import { openPostgres, sql, type PostgresSettings, type WritableSqlDatabase } from '@sallyport/server/sql';
import { contextOf } from '../fixtures/call-context.ts';
import { noPostgres, openTestPostgres, type TestPostgres } from '../fixtures/postgres.ts';

const ROLES = 'create role tools login; create role strong login bypassrls; create role member login';
const TABLES = `
create table orders (
  id int primary key, tenant text not null, name text not null, total int not null check (total >= 0)
);
insert into orders values (1, 'acme', 'desk', 100), (2, 'acme', 'lamp', 20), (3, 'globex', 'secret plan', 9000);
alter table orders enable row level security; alter table orders force row level security;
create policy by_tenant on orders using (tenant = current_setting('app.tenant', true));
create table currencies (code text primary key); insert into currencies values ('EUR');
create sequence numbers; create table log (line text);
grant select, insert, update, delete on orders to tools; grant select on currencies to tools;
grant usage on sequence numbers to tools`;

describe.skipIf(noPostgres !== undefined)(noPostgres ?? 'SQL over PostgreSQL', () => {
  let server: TestPostgres;
  let database: string;
  let shop: WritableSqlDatabase;
  /** Over connections whose bytes are counted. */
  let counted: WritableSqlDatabase;
  const sockets: Socket[] = [];
  const bytesReceived = (): number => sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  const acme = contextOf('acme');
  const globex = contextOf('globex');
  const settingsOf = (user = 'tools'): PostgresSettings => ({
    connection: { host: server.host, port: server.port, database, user },
    tenancy: { by: 'row-level-security', shared: ['public.currencies'] },
  });
  const admin = (text: string): Promise<readonly Record<string, unknown>[]> => server.query(database, text);
  /** Statements of the role that are running. */
  const running = async (): Promise<number> => {
    const rows = await admin(
      `select count(*)::int as n from pg_stat_activity where usename = 'tools' and state = 'active'`,
    );
    return Number(rows[0]?.['n']);
  };
  const until = async (isTrue: () => Promise<boolean>): Promise<void> => {
    while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const tenantsSeen = async (context: CallContext): Promise<unknown> =>
    (await shop.read(context, sql`select distinct tenant from orders order by tenant`)).rows;

  beforeAll(async () => {
    server = await openTestPostgres();
    database = await server.create();
    await admin(`${ROLES}; ${TABLES}`);
    shop = await openPostgres({ ...settingsOf(), writes: 'allowed' });
    const pool = new pg.Pool({ host: server.host, port: server.port, database, user: 'tools' });
    pool.on('connect', (client) => {
      client.on('error', () => undefined);
      sockets.push((client as unknown as { connection: { stream: Socket } }).connection.stream);
    });
    counted = await openPostgres({ ...settingsOf(), connection: pool, writes: 'allowed' });
  });
  afterAll(async () => {
    await shop?.close();
    await counted?.close();
    await server?.close();
  });

  it('reads rows as JSON, without loss', async () => {
    const { rows } = await shop.read(
      acme,
      sql`select 1 as a, 9007199254740993::bigint as b, 1.10::numeric as c, null as d, true as e,
        ${new Date(0)}::timestamptz as f, '{"x": [1]}'::jsonb as g, 'NaN'::float8 as h,
        ${new Uint8Array([255])}::bytea as i`,
    );
    const expected = { a: 1, b: '9007199254740993', c: '1.10', d: null, e: true, f: '1970-01-01 00:00:00+00' };
    expect(rows).toEqual([{ ...expected, g: { x: [1] }, h: 'NaN', i: '\\xff' }]);
    await expect(shop.read(acme, sql`select 1 as a, 2 as a`)).rejects.toThrow('same name');
  });

  it.each([
    `' or '1'='1`,
    `'; drop table orders; --`,
    `desk' union select 1,'x',name,1 from orders --`,
    `\\'; reset all; --`,
    `$1`,
    `desk%' or tenant <> '`,
    `ʼ or 1=1`,
    `\u{ff07} or 1=1`,
    `desk'/**/or/**/1=1`,
    `x'); select set_config('app.tenant','globex',false); --`,
    `%`,
    '{"$ne": null}',
    `\r\n; select 1`,
  ])('R4 an argument stays a value: %s', async (text) => {
    const order = { name: sql`name` };
    const statements = [
      sql`select id from orders where name = ${text}`,
      sql`select id from orders where name in ${sql.list([text])}`,
      sql`select id from orders where name like ${sql.contains(text)}`,
      sql`select id from orders where name = any(array[${text}]) order by ${sql.choose('name', order)}`,
    ];
    for (const statement of statements) expect((await shop.read(acme, statement)).rows).toEqual([]);
    const written = await shop.transaction(acme, async (transaction) => {
      await transaction.write(sql`insert into orders values (50, ${'acme'}, ${text}, 1)`);
      const { rows } = await transaction.read(sql`select name from orders where id = ${50}`);
      await transaction.write(sql`delete from orders where id = ${50}`);
      return rows;
    });
    expect(written).toEqual([{ name: text }]);
    await expect(shop.read(acme, sql`select id from orders where id = ${text}::int`)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'A value does not fit its column.',
    });
    expect(await admin('select count(*)::int as n from orders')).toEqual([{ n: 3 }]);
  });

  it('shows each tenant its own rows, also at the same time over the same connections', async () => {
    const all = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => tenantsSeen(index % 2 === 0 ? acme : globex).catch(String)),
    );
    const seen = (tenant: string, rest: number): unknown[] =>
      all.filter((rows, index) => index % 2 === rest && !String(rows).includes('under way')).map(() => [{ tenant }]);
    expect(all.filter((rows, index) => index % 2 === 0 && Array.isArray(rows))).toEqual(seen('acme', 0));
    expect(all.filter((rows, index) => index % 2 === 1 && Array.isArray(rows))).toEqual(seen('globex', 1));
    expect(await tenantsSeen(contextOf('nobody'))).toEqual([]);
  });

  it('does not write for another tenant, nor move a row to one', async () => {
    const write = (text: ReturnType<typeof sql>): Promise<unknown> =>
      shop.transaction(acme, (transaction) => transaction.write(text));
    await expect(write(sql`insert into orders values (9, 'globex', 'x', 1)`)).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
    await expect(write(sql`update orders set tenant = 'globex'`)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect(write(sql`delete from orders where id = 3`)).resolves.toMatchObject({ changed: 0 });
    await expect(write(sql`update orders set total = -1 where id = 1`)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await admin(`select name from orders where tenant = 'globex'`)).toEqual([{ name: 'secret plan' }]);
  });

  it('a transaction whose statement failed is not taken for one that was committed', async () => {
    const work = shop.transaction(acme, async (transaction) => {
      await transaction.write(sql`update orders set name = 'changed' where id = 1`);
      await transaction.write(sql`select 1 / 0`).catch(() => undefined);
    });
    await expect(work).rejects.toThrow('was undone');
    expect(await admin(`select name from orders where id = 1`)).toEqual([{ name: 'desk' }]);
    let late: Promise<unknown> | undefined;
    await shop.transaction(acme, async (transaction) => {
      late = Promise.resolve()
        .then(() => new Promise((resolve) => setImmediate(resolve)))
        .then(async () => {
          await until(async () => (await running()) === 0);
          return transaction.read(sql`select 1`);
        });
    });
    await expect(late).rejects.toThrow('the transaction is over');
  });

  it.each([
    ['changes rows in a with', sql`with x as (delete from orders returning id) select id from x`],
    ['makes a table', sql`select * into copied from orders`],
    ['locks rows', sql`select id from orders for update`],
    ['counts a sequence on', sql`select nextval('numbers')`],
    ['reads a file of the server', sql`select pg_read_file('/etc/passwd')`],
    ['lists a folder of the server', sql`select pg_ls_dir('/')`],
    ['imports a large object', sql`select lo_import('/etc/passwd')`],
    ['ends others', sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sallyport'`],
    ['reloads the configuration', sql`select pg_reload_conf()`],
    ['reads password hashes', sql`select rolpassword from pg_authid`],
    ['connects to elsewhere', sql`select dblink('host=127.0.0.1', 'select 1')`],
    ['runs a text that changes', sql`select query_to_xml('delete from orders', true, true, '')`],
  ])('R4 a read that %s is refused, whatever the author wrote', async (_what, statement) => {
    await expect(shop.read(acme, statement)).rejects.toThrow();
    expect(await admin('select count(*)::int as n from orders')).toEqual([{ n: 3 }]);
    expect(await tenantsSeen(acme)).toEqual([{ tenant: 'acme' }]);
  });

  it('R4 a read leaves no large object, which PostgreSQL before 16 makes even when it only reads', async () => {
    await shop.read(acme, sql`select lo_from_bytea(0, 'x')`).catch(() => undefined);
    expect(await admin('select count(*)::int as n from pg_largeobject_metadata')).toEqual([{ n: 0 }]);
  });

  it('S7 leaves nothing of a call in its connection: locks, temporary tables, settings', async () => {
    const one = await openPostgres({ ...settingsOf(), connectionsMax: 1, writes: 'allowed' });
    try {
      await one.read(acme, sql`select pg_advisory_lock(77)::text as locked`);
      await one.transaction(acme, (transaction) => transaction.write(sql`select 1 as x into temporary left_over`));
      const left = sql`select (select count(*)::int from pg_locks where locktype = 'advisory') as locks,
        (select count(*)::int from pg_class where relname = 'left_over') as tables,
        current_setting('app.tenant') as tenant`;
      expect((await one.read(globex, left)).rows).toEqual([{ locks: 0, tables: 0, tenant: 'globex' }]);
    } finally {
      await one.close();
    }
  });

  it('ends a query without an end, in the server too: by its time limit', async () => {
    const quick = await openPostgres({ ...settingsOf(), timeoutMs: 200 });
    try {
      const endless = sql`with recursive n(i) as (select 1 union all select i from n) select count(*) from n`;
      await expect(quick.read(acme, endless)).rejects.toMatchObject({ code: 'TIMEOUT' });
      await until(async () => (await running()) === 0);
      await expect(quick.read(acme, sql`select 1 as one`)).resolves.toMatchObject({ rows: [{ one: 1 }] });
    } finally {
      await quick.close();
    }
  });

  it('ends a query when the call is cancelled, in the server too, though all connections are busy', async () => {
    const one = await openPostgres({ ...settingsOf(), connectionsMax: 1, timeoutMs: 600_000 });
    try {
      const cancel = new AbortController();
      const reading = one.read(contextOf('acme', { signal: cancel.signal }), sql`select pg_sleep(3600)::text as slept`);
      await until(async () => (await running()) === 1);
      await expect(one.read(acme, sql`select 1 as one`)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
      const waiting = one.read(globex, sql`select 1 as one`);
      cancel.abort(new Error('the caller went away'));
      await expect(reading).rejects.toThrow('the caller went away');
      await until(async () => (await running()) === 0);
      await expect(waiting).resolves.toMatchObject({ rows: [{ one: 1 }] });
      const before = new AbortController();
      before.abort(new Error('gone before'));
      await expect(one.read(contextOf('acme', { signal: before.signal }), sql`select 1`)).rejects.toThrow(
        'gone before',
      );
    } finally {
      await one.close();
    }
  });

  it('reads a result of a million rows up to its limits, and says that there is more', async () => {
    const million = sql`select i, repeat('x', 100) as text from generate_series(1, 1000000) i`;
    const { rows, isComplete, note } = await counted.read(acme, million, { rowsMax: 500 });
    expect(rows.length).toBe(500);
    expect(rows.at(-1)).toMatchObject({ i: 500 });
    expect(isComplete).toBe(false);
    expect(note).toContain('Only the first 500 rows are here: a result has at most 500 rows.');
    const small = await counted.read(acme, million, { bytesMax: 10_000 });
    expect(Buffer.byteLength(JSON.stringify(small.rows))).toBeLessThanOrEqual(10_002);
    expect(small.note).toContain('10000 bytes');
    await expect(counted.read(acme, million, { whenTooLarge: 'refuse' })).rejects.toMatchObject({ code: 'TOO_LARGE' });
    // All of it would be more than 100 MB.
    expect(bytesReceived()).toBeLessThan(1_000_000);
    const exact = await counted.read(acme, sql`select i from generate_series(1, 500) i`, { rowsMax: 500 });
    expect(exact).toMatchObject({ isComplete: true });
  });

  it('cuts off one value that is larger than all rows may be', async () => {
    const huge = sql`select repeat('x', 50000000) as huge`;
    await expect(counted.read(acme, huge)).rejects.toMatchObject({ code: 'TOO_LARGE' });
    const all = counted.transaction(acme, (transaction) =>
      transaction.write(sql`select repeat('x', 1000) as text from generate_series(1, 50000)`),
    );
    await expect(all).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(bytesReceived()).toBeLessThan(15_000_000);
    await until(async () => (await running()) === 0);
  });

  describe('is not opened', () => {
    const refusal = (settings: PostgresSettings): Promise<string> =>
      openPostgres(settings).then(
        () => 'opened',
        (error: Error) => error.message,
      );

    let own: string;
    beforeAll(async () => {
      own = await server.create();
    });
    it.each([
      ['by a superuser', 'sallyport', [], 'is a superuser'],
      ['by a role with BYPASSRLS', 'strong', [], 'has BYPASSRLS'],
      ['by a member of such a role', 'member', ['grant strong to member'], 'role strong has BYPASSRLS'],
      ['by a role that reads files', 'tools', ['grant pg_read_server_files to tools'], 'reaches files'],
      ['with a table without policies', 'tools', ['grant select on log to tools'], 'public.log has no row-level'],
      [
        'with one column of such a table',
        'tools',
        ['grant select (line) on log to tools'],
        'public.log has no row-level',
      ],
      [
        'with a view of its owner',
        'tools',
        ['create view v as select * from orders', 'grant select on v to tools'],
        'public.v is a view',
      ],
      [
        'with a materialized view',
        'tools',
        ['create materialized view m as select 1', 'grant select on m to tools'],
        'public.m is a mat',
      ],
      [
        'with a policy for all rows',
        'tools',
        ['create policy open on orders for select using (true)'],
        'public.orders has a policy',
      ],
      [
        'with a check for all rows',
        'tools',
        ['create policy open on orders for insert with check (true)'],
        'public.orders has a policy',
      ],
      [
        'with a function of its owner',
        'tools',
        [`create function f() returns text security definer language sql return 'x'`],
        'public.f is a function',
      ],
      [
        'by the owner without FORCE',
        'tools',
        ['alter table orders no force row level security', 'alter table orders owner to tools'],
        'belongs to the role',
      ],
    ])('%s', async (_title, user, changes, expected) => {
      await server.query(
        own,
        `drop schema public cascade; create schema public; grant usage on schema public to public; ${TABLES}`,
      );
      for (const change of changes) await server.query(own, change);
      const connection = { host: server.host, port: server.port, database: own, user };
      const message = await refusal({ ...settingsOf(), connection });
      await server.query(own, 'revoke strong from member; revoke pg_read_server_files from tools');
      expect(message).toContain(expected);
    });

    it('with a setting that is out of range', async () => {
      expect(await refusal({ ...settingsOf(), timeoutMs: 0 })).toContain('timeoutMs must be');
      expect(await refusal({ ...settingsOf(), rowsMax: 1e9 })).toContain('rowsMax must be');
      const remote = { host: 'db.example', database, user: 'tools' };
      expect(await refusal({ ...settingsOf(), connection: remote })).toContain('set tls: true');
      const odd = { by: 'row-level-security', setting: `x'); --` } as const;
      expect(await refusal({ ...settingsOf(), tenancy: odd })).toContain('two names');
    });
  });

  it('runs no statement without the tenant where there are no policies, and may serve one tenant only', async () => {
    const connection = new pg.Pool({ host: server.host, port: server.port, database, user: 'tools' });
    const byPredicate = await openPostgres({ connection, tenancy: { by: 'predicate' } });
    await expect(byPredicate.read(acme, sql`select 1 as one`)).rejects.toThrow('names the tenant');
    const named = sql`select ${sql.tenant}::text as tenant`;
    await expect(byPredicate.read(acme, named)).resolves.toMatchObject({ rows: [{ tenant: 'acme' }] });
    const one = await openPostgres({ connection, tenancy: { by: 'one', tenant: 'acme' } });
    await expect(one.read(globex, sql`select 1 as one`)).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await expect((one as WritableSqlDatabase).transaction(acme, async () => 1)).rejects.toThrow('read-only');
    await one.close();
  });
});
