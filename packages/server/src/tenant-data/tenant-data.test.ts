/** Tenant-aware data over PostgreSQL: whatever is written, only rows of the tenant are read and changed. */
import { PostgresDialect, sql, type Generated } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tenantData } from './index.ts';
import { contextOf } from '../../../../test/fixtures/call-context.ts';
import { noPostgres, openTestPostgres, type TestPostgres } from '../../../../test/fixtures/postgres.ts';

interface Tables {
  documents: { id: Generated<number>; tenant_id: string; owner: string; title: string; folder: number | null };
  folders: { id: number; of_tenant: string; name: string };
  currencies: { code: string };
}

const RULES = {
  documents: { tenant: 'tenant_id', owner: 'owner', managers: ['manager'] },
  folders: { tenant: 'of_tenant' },
  currencies: 'shared',
} as const;

const open = (dialect: PostgresDialect, rowsMax = 1_000) => tenantData<Tables>(dialect, { rowsMax }).tables(RULES);

describe.skipIf(noPostgres !== undefined)(noPostgres ?? 'tenant-aware data', () => {
  let server: TestPostgres;
  let database: string;
  let data: ReturnType<typeof open>;
  const dialect = (): PostgresDialect =>
    new PostgresDialect({ pool: new pg.Pool({ host: server.host, port: server.port, user: server.user, database }) });
  const ada = contextOf('acme', { subject: 'ada' });
  const bob = contextOf('acme', { subject: 'bob' });
  const manager = contextOf('acme', { subject: 'max', roles: ['manager'] });
  const globex = contextOf('globex', { subject: 'ada' });
  const admin = (text: string): Promise<readonly Record<string, unknown>[]> => server.query(database, text);
  const ofGlobex = (): Promise<unknown> => admin(`select id, title, owner from documents where tenant_id = 'globex'`);

  beforeAll(async () => {
    server = await openTestPostgres();
    database = await server.create();
    await admin(`create table documents (id serial primary key, tenant_id text not null, owner text not null,
        title text not null, folder int);
      create table folders (id int primary key, of_tenant text not null, name text not null);
      create table currencies (code text)`);
    data = open(dialect());
  });
  beforeEach(async () => {
    await admin(`truncate documents, folders, currencies; alter sequence documents_id_seq restart with 100;
      insert into documents values (1, 'acme', 'ada', 'plan', 10), (2, 'acme', 'bob', 'list', 20),
        (3, 'globex', 'ada', 'secret', 20);
      insert into folders values (10, 'acme', 'ours'), (20, 'globex', 'theirs');
      insert into currencies values ('EUR')`);
  });
  afterAll(async () => {
    await data?.close();
    await server?.close();
  });

  it('S7 reads the rows of the tenant: in tables, joins, nested queries, unions and by other names', async () => {
    const queries = data.for(ada);
    const titles = (rows: readonly { title: string | null }[]): unknown => rows.map(({ title }) => title).sort();
    expect(titles(await queries.selectFrom('documents').selectAll().execute())).toEqual(['list', 'plan']);
    const joined = await queries
      .selectFrom('documents as d')
      .leftJoin('folders', 'folders.id', 'd.folder')
      .select(['d.title', 'folders.name'])
      .orderBy('d.title', 'desc')
      .execute();
    expect(joined).toEqual([
      { title: 'plan', name: 'ours' },
      { title: 'list', name: null },
    ]);
    const nested = await queries
      .selectFrom('folders')
      .where((eb) => eb.exists(eb.selectFrom('documents').select('id').where('title', '=', 'secret')))
      .select('name')
      .execute();
    expect(nested).toEqual([]);
    const all = await queries
      .selectFrom('documents')
      .select('title')
      .union(queries.selectFrom('folders').select('name as title'))
      .execute();
    expect(titles(all)).toEqual(['list', 'ours', 'plan']);
    const small = open(dialect(), 1);
    const inside = small.for(ada).selectFrom('documents').select('id').as('x');
    const counted = small
      .for(ada)
      .selectFrom(inside)
      .select((eb) => eb.fn.countAll<string>().as('n'));
    expect(await counted.execute()).toEqual([{ n: '2' }]);
    await small.close();
    const derived = queries.selectFrom((eb) => eb.selectFrom('documents').select('title').as('x')).select('x.title');
    expect(titles(await derived.execute())).toEqual(['list', 'plan']);
    expect(await queries.selectFrom('currencies').selectAll().execute()).toEqual([{ code: 'EUR' }]);
  });

  it('S7 keeps the tenant whatever the condition says, also when conditions are taken away', async () => {
    const queries = data.for(ada).selectFrom('documents').select('id');
    const wide = queries.where((eb) => eb.or([eb('title', '=', 'secret'), eb('id', '>', 0)]));
    expect((await wide.execute()).length).toBe(2);
    expect((await queries.where('id', '=', 1).clearWhere().execute()).length).toBe(2);
    expect(await queries.where('tenant_id', '=', 'globex').execute()).toEqual([]);
    expect(await queries.where('title', '=', "' or 1=1 --").execute()).toEqual([]);
  });

  it('S7 inserts for the tenant and its user, and never for another one', async () => {
    const queries = data.for(ada);
    await queries
      .insertInto('documents')
      .values([{ title: 'a' }, { title: 'b', folder: 10 }])
      .execute();
    const rows = await admin(`select tenant_id, owner from documents where title in ('a', 'b')`);
    expect(rows).toEqual([
      { tenant_id: 'acme', owner: 'ada' },
      { tenant_id: 'acme', owner: 'ada' },
    ]);
    const forOther = { title: 'x', tenant_id: 'globex' } as { title: string };
    await expect(queries.insertInto('documents').values(forOther).execute()).rejects.toThrow('never inserted');
    const forBob = queries.insertInto('documents').values({ title: 'x', owner: 'bob' });
    await expect(forBob.execute()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await data.for(manager).insertInto('documents').values({ title: 'given', owner: 'bob' }).execute();
    expect(await admin(`select owner from documents where title = 'given'`)).toEqual([{ owner: 'bob' }]);
    const selected = queries
      .insertInto('folders')
      .columns(['id', 'name'])
      .expression((eb) => eb.selectFrom('folders').select(['id', 'name']));
    await expect(selected.execute()).rejects.toThrow('inserts values only');
  });

  it('S7 does not take over a row of another tenant that is in the way', async () => {
    const queries = data.for(ada);
    const upsert = (id: number): Promise<unknown> =>
      queries
        .insertInto('documents')
        .values({ id, title: 'taken' })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ title: 'taken' }))
        .execute();
    await upsert(1);
    await upsert(3);
    expect(await ofGlobex()).toEqual([{ id: 3, title: 'secret', owner: 'ada' }]);
    expect(await admin('select title from documents where id = 1')).toEqual([{ title: 'taken' }]);
    expect('replaceInto' in queries).toBe(false);
  });

  it('S7 updates and deletes rows of the tenant, of the owner or for a manager', async () => {
    const change = (context: typeof ada) =>
      data.for(context).updateTable('documents').set({ title: 'changed' }).returning('id').execute();
    expect(await change(bob)).toEqual([{ id: 2 }]);
    expect((await change(manager)).length).toBe(2);
    expect(await change(contextOf('nobody'))).toEqual([]);
    const queries = data.for(ada);
    const toOther = { tenant_id: 'globex' } as object;
    await expect(queries.updateTable('documents').set(toOther).execute()).rejects.toThrow('never changed');
    const toBob = queries.updateTable('documents').set({ owner: 'bob' });
    await expect(toBob.execute()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    const joined = queries
      .updateTable('documents')
      .from('folders')
      .set((eb) => ({ title: eb.ref('folders.name') }))
      .whereRef('folders.id', '=', 'documents.folder');
    await joined.execute();
    expect(await admin('select title from documents order by id')).toEqual([
      { title: 'ours' },
      { title: 'changed' },
      { title: 'secret' },
    ]);
    await queries.deleteFrom('documents').using('folders').whereRef('folders.id', '=', 'documents.folder').execute();
    await data.for(globex).deleteFrom('folders').execute();
    expect(await admin('select id from documents order by id')).toEqual([{ id: 2 }, { id: 3 }]);
    expect(await admin('select id from folders')).toEqual([{ id: 10 }]);
  });

  it('S7 a rule can keep rows to their owner', async () => {
    const rules = { ...RULES, documents: { ...RULES.documents, read: 'owner' } } as const;
    const own = tenantData<Tables>(dialect()).tables(rules);
    const ids = async (context: typeof ada): Promise<unknown> =>
      (await own.for(context).selectFrom('documents').select('id').orderBy('id').execute()).map(({ id }) => id);
    expect(await ids(ada)).toEqual([1]);
    expect(await ids(manager)).toEqual([1, 2]);
    expect(await ids(globex)).toEqual([3]);
    await own.close();
  });

  it('R4 refuses what cannot be judged: raw SQL, other tables, other kinds of queries', async () => {
    const queries = data.for(ada);
    const documents = queries.selectFrom('documents');
    const refused: readonly (() => Promise<unknown>)[] = [
      () => documents.select(sql<string>`(select title from documents where id = 3)`.as('x')).execute(),
      () =>
        documents
          .select('id')
          .where(sql<boolean>`true or true`)
          .execute(),
      () =>
        queries
          .selectFrom('log' as 'folders')
          .selectAll()
          .execute(),
      () =>
        queries
          .selectFrom('public.documents' as 'documents')
          .selectAll()
          .execute(),
      () =>
        queries
          .selectFrom('DOCUMENTS' as 'documents')
          .selectAll()
          .execute(),
      () =>
        queries
          .selectFrom(sql<{ x: number }>`documents`.as('x'))
          .selectAll()
          .execute(),
      () => queries.insertInto('currencies').values({ code: 'USD' }).execute(),
      () => queries.deleteFrom('currencies').execute(),
      () => documents.select((eb) => eb.fn<string>('query_to_xml', [eb.val('select 1')]).as('x')).execute(),
      () => documents.select('id').explain(),
      () => queries.insertInto('folders').defaultValues().execute(),
    ];
    for (const run of refused) await expect(Promise.resolve().then(run)).rejects.toThrow(TypeError);
    expect(await ofGlobex()).toEqual([{ id: 3, title: 'secret', owner: 'ada' }]);
  });

  it('forgetting the tenant does not compile', () => {
    // @ts-expect-error there are no queries without a call
    expect(data.selectFrom).toBeUndefined();
    // @ts-expect-error a call has a tenant
    void (() => data.for({ signal: new AbortController().signal }));
    // @ts-expect-error no query is without the plugin
    expect(data.for(ada).withoutPlugins).toBeUndefined();
    // @ts-expect-error the tenant is not inserted
    void (() => data.for(ada).insertInto('documents').values({ title: 'x', tenant_id: 'globex' }));
    // @ts-expect-error the tenant is not changed
    void (() => data.for(ada).updateTable('documents').set({ tenant_id: 'globex' }));
    // @ts-expect-error a table has no rule
    void (() => tenantData<Tables>(dialect()).tables({ documents: { tenant: 'tenant_id' }, currencies: 'shared' }));
    // @ts-expect-error there is no such column
    void (() => tenantData<Tables>(dialect()).tables({ ...RULES, folders: { tenant: 'tenant_id' } }));
  });

  it('ends with the call, undoes a transaction that fails, and bounds a result', async () => {
    const cancel = new AbortController();
    cancel.abort(new Error('gone'));
    const late = data
      .for(contextOf('acme', { signal: cancel.signal }))
      .selectFrom('documents')
      .selectAll();
    await expect(late.execute()).rejects.toThrow('gone');
    const work = data.transaction(ada, async (queries) => {
      await queries.deleteFrom('documents').execute();
      throw new Error('stop');
    });
    await expect(work).rejects.toThrow('stop');
    expect((await data.for(ada).selectFrom('documents').select('id').execute()).length).toBe(2);
    const small = open(dialect(), 1);
    const few = small.for(ada).selectFrom('documents').select('id');
    await expect(few.execute()).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await expect(few.limit(100).execute()).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(few.compile().sql).toContain('limit');
    await small.close();
    expect(() => open(dialect(), 0)).toThrow('rowsMax');
  });
});
