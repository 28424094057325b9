/** L8: a row that something else has damaged stops nothing but its own request. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ApprovalStore, FiledApproval } from '@sallyport/guard';
import { requestOf } from '../../../../guard/src/approvals/testing.mts';
import { openSqlite } from '../sqlite/product.ts';
import { rowOf } from './approval-row.ts';
import { createApprovalStore } from './approvals.ts';
import { openDatabase } from './database.ts';
import { quoted, type Tables } from './tables.ts';

let folder: string;
let kysely: Kysely<Tables>;
let store: ApprovalStore;
let damaged: string[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-damaged-'));
  const file = join(folder, 'sallyport.db');
  await (await openDatabase(openSqlite(file))).close();
  kysely = new Kysely<Tables>({ dialect: openSqlite(file).dialect });
  damaged = [];
  store = createApprovalStore(kysely, (id) => void damaged.push(id));
  const { ttlMs: _ttl, ...request } = requestOf();
  for (const name of ['a', 'b']) {
    const filed: FiledApproval = {
      ...request,
      id: name.repeat(32),
      digest: name,
      status: 'pending',
      version: 1,
      decisions: [],
      createdAtMs: 1_000,
      expiresAtMs: 2_000,
      remindAtMs: 2_000,
      endedAtMs: undefined,
      endedBecause: undefined,
      execution: undefined,
    };
    await kysely.insertInto('approvals').values(rowOf(filed)).execute();
  }
});
afterEach(async () => {
  await kysely.destroy();
  rmSync(folder, { recursive: true, force: true });
});

const A = 'a'.repeat(32);
const B = 'b'.repeat(32);
const damage = (document: string) =>
  kysely.updateTable('approvals').set({ document }).where('id', '=', quoted(A)).execute();
const ids = (found: readonly FiledApproval[]): readonly string[] => found.map(({ id }) => id);

it.each([
  ['that is cut', '{"id":"'],
  ['of another shape', '{}'],
  ['of another request', 'B'],
  ['that is a list', '[]'],
])('L8 a document %s: the others are listed, looked up and expire, and the log names it once', async (_name, text) => {
  const other = await kysely.selectFrom('approvals').select('document').where('id', '=', quoted(B)).executeTakeFirst();
  await damage(text === 'B' ? (other?.document ?? '') : text);
  for (let round = 0; round < 2; round += 1) expect(ids(await store.list({ tenant: 'acme' }, 1_500))).toEqual([B]);
  expect((await store.get('acme', B))?.id).toBe(B);
  await expect(store.get('acme', A)).rejects.toThrow(A);
  await expect(store.findOpen('acme', 'a', 1_500)).rejects.toThrow(A);
  expect(damaged).toEqual([A]);
  expect(ids(await store.due(3_000, 1))).toEqual([]);
  expect(ids(await store.due(3_000, 1)), 'the damaged one does not stay due').toEqual([B]);
});

it('U4 a row whose status was changed beside its document is not used', async () => {
  await kysely.updateTable('approvals').set({ status: 'approved' }).where('id', '=', quoted(A)).execute();
  await expect(store.findOpen('acme', 'a', 1_500)).rejects.toThrow(A);
});
