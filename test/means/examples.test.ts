/** The examples of SQL, files, programs and tenant-aware data run, and their guides show what they hold. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresDialect } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SecureServer } from '@sallyport/server';
import { callAs, expectRefused } from '@sallyport/server/testing';
import { analyticsServer } from '../../examples/analytics/server.ts';
import { documentStore } from '../../examples/document-store/server.ts';
import { documentsServer } from '../../examples/documents/server.ts';
import { noPostgres, openTestPostgres, type TestPostgres } from '../fixtures/postgres.ts';

describe.skipIf(noPostgres !== undefined)(noPostgres ?? 'examples over PostgreSQL', () => {
  let server: TestPostgres;
  let database: string;
  let analytics: SecureServer;
  let store: SecureServer;
  const analyst = (tenant: string) => callAs(analytics, { subject: 'ann', roles: ['analyst'], tenant });
  const user = (subject: string, role: string, tenant = 'acme') => callAs(store, { subject, roles: [role], tenant });

  beforeAll(async () => {
    server = await openTestPostgres();
    database = await server.create();
    const { host, port } = server;
    await server.query(database, readFileSync('examples/analytics/schema.sql', 'utf8'));
    await server.query(
      database,
      `insert into orders values (1, 'acme', 'north', '2026-03-01', 10.5), (2, 'acme', 'south', '2026-03-02', 100),
        (3, 'globex', 'north', '2026-03-01', 9999);
      create table documents (id serial primary key, tenant_id text, owner text, title text, body text);
      create table tags (tenant_id text, document int, tag text)`,
    );
    analytics = await analyticsServer({ host, port, database, user: 'analytics' });
    const pool = new pg.Pool({ host, port, database, user: server.user });
    pool.on('error', () => undefined);
    store = documentStore(new PostgresDialect({ pool }));
  });
  afterAll(() => server?.close());

  it('analytics: sums and lists of the own tenant only', async () => {
    const period = { from: '2026-01-01', to: '2026-12-31' };
    expect(await analyst('acme').callTool('sum_sales', { ...period, order: 'total' })).toMatchObject({
      structuredContent: {
        regions: [
          { region: 'south', orders: 1, total: 100 },
          { region: 'north', orders: 1, total: 10.5 },
        ],
      },
    });
    expect(await analyst('globex').callTool('find_orders', { region: 'north' })).toMatchObject({
      structuredContent: { orders: [{ id: 3, placed_on: '2026-03-01', total: 9999 }] },
    });
    for (const region of ["north' or '1'='1", "'; drop table orders; --"])
      expect(await analyst('acme').callTool('find_orders', { region })).toMatchObject({
        structuredContent: { orders: [] },
      });
    await expectRefused(analyst('acme').callTool('sum_sales', { ...period, order: 'id; --' }), 'INVALID_ARGUMENT');
    await expectRefused(
      callAs(analytics, { subject: 'eve', tenant: 'acme' }).callTool('sum_sales', period),
      'NOT_FOUND',
    );
  });

  it('document store: owners change their documents, managers all of their tenant', async () => {
    const added = await user('ada', 'member').callTool('add_document', { title: 'plan', body: 'x', tags: ['q1', 'x'] });
    const { id } = added['structuredContent'] as { id: number };
    const rename = (caller: ReturnType<typeof user>) => caller.callTool('rename_document', { id, title: 'new' });
    await expectRefused(rename(user('bob', 'member')), 'NOT_FOUND');
    await expectRefused(rename(user('ada', 'manager', 'globex')), 'NOT_FOUND');
    expect((await rename(user('max', 'manager')))['isError']).toBeUndefined();
    const find = (tenant: string) => user('bob', 'member', tenant).callTool('find_documents', { tag: 'q1' });
    expect(await find('acme')).toMatchObject({
      structuredContent: { documents: [{ id, title: 'new', owner: 'ada' }] },
    });
    expect(await find('globex')).toMatchObject({ structuredContent: { documents: [] } });
  });
});

describe('examples over files', () => {
  const root = mkdtempSync(join(tmpdir(), 'documents-'));
  let documents: SecureServer;
  const writer = (tenant = 'acme') => callAs(documents, { subject: 'ann', roles: ['writer'], tenant });

  beforeAll(async () => {
    for (const tenant of ['acme', 'globex']) mkdirSync(join(root, tenant));
    writeFileSync(join(root, 'globex/secret.txt'), 'of globex');
    symlinkSync(join(root, 'globex'), join(root, 'acme/link'));
    documents = await documentsServer(root);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('documents: reads and writes in the folder of the tenant, and counts with a program', async () => {
    await writer().callTool('write_file', { path: 'notes/one.txt', text: 'one two\nthree\n' });
    expect(await writer().callTool('read_file', { path: 'notes/one.txt' })).toMatchObject({
      structuredContent: { text: 'one two\nthree\n', isComplete: true },
    });
    expect(await writer().callTool('count_words', { path: 'notes/one.txt' })).toMatchObject({
      structuredContent: { counts: [2, 3, 14] },
    });
    expect(await writer('globex').callTool('list_files', { glob: '**/*.txt' })).toMatchObject({
      structuredContent: { items: [{ path: 'secret.txt' }] },
    });
    const reader = callAs(documents, { subject: 'bob', roles: ['reader'], tenant: 'acme' });
    await expectRefused(reader.callTool('write_file', { path: 'x', text: 'x' }), 'NOT_FOUND');
    for (const path of ['../globex/secret.txt', 'link/secret.txt', '/etc/passwd', '-l'])
      await expectRefused(writer().callTool('count_words', { path }));
    await expectRefused(writer().callTool('write_file', { path: 'notes/one.txt', text: 'x' }), 'CONFLICT');
  });
});

describe('guides', () => {
  it.each([
    ['read-only-sql', ['analytics/server.ts', 'analytics/schema.sql']],
    ['document-store', ['document-store/server.ts']],
    ['files', ['documents/server.ts']],
    ['allow-listed-commands', ['documents/server.ts']],
  ])('%s shows code of its example', (guide, examples) => {
    const lines = new Set(
      examples.flatMap((name) => readFileSync(`examples/${name}`, 'utf8').split('\n')).map((line) => line.trim()),
    );
    const blocks = [...readFileSync(`docs/guides/${guide}.md`, 'utf8').matchAll(/```(?:ts|sql)\n(.*?)```/gs)];
    expect(blocks.length).toBeGreaterThan(0);
    const shown = blocks.flatMap(([, code = '']) => code.split('\n')).map((line) => line.trim());
    expect(shown.filter((line) => line !== '' && line !== '…' && !lines.has(line))).toEqual([]);
  });
});
