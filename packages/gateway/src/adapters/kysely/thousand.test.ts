/** A thousand requests wait: pages, counts and one decision read no more than they show. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createApprovals, type FiledApproval } from '@sallyport/guard';
import { createManualClock } from '@sallyport/guard/memory';
import { personOf, requestOf, says } from '../../../../guard/src/approvals/testing.mts';
import { openSqlite } from '../sqlite/product.ts';
import { rowOf } from './approval-row.ts';
import { createApprovalStore } from './approvals.ts';
import { openDatabase } from './database.ts';
import type { Tables } from './tables.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-thousand-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('U7 a thousand pending requests are listed in pages, oldest first, each once', async () => {
  const file = join(folder, 'sallyport.db');
  await (await openDatabase(openSqlite(file))).close();
  const kysely = new Kysely<Tables>({ dialect: openSqlite(file).dialect });
  const clock = createManualClock();
  const approvals = createApprovals(createApprovalStore(kysely), clock);
  const { ttlMs, ...request } = requestOf({ ttlMs: 600_000 });
  const filed = Array.from({ length: 1_000 }, (_, at): FiledApproval => ({
    ...request,
    id: at.toString(16).padStart(32, '0'),
    digest: `d${at}`,
    requester: { issuer: 'https://i', subject: `u${at % 60}` },
    status: 'pending',
    version: 1,
    decisions: [],
    // Some have the same time.
    createdAtMs: clock.now() + Math.floor(at / 3),
    expiresAtMs: clock.now() + ttlMs,
    remindAtMs: clock.now() + ttlMs,
    endedAtMs: undefined,
    endedBecause: undefined,
    execution: undefined,
  }));
  for (let at = 0; at < 1_000; at += 200)
    await kysely
      .insertInto('approvals')
      .values(filed.slice(at, at + 200).map(rowOf))
      .execute();
  clock.advance(1_000);
  expect(await approvals.count({ tenant: 'acme', status: 'pending' })).toBe(1_000);
  const seen: string[] = [];
  let after: FiledApproval | undefined;
  do {
    const page = await approvals.list({ tenant: 'acme', status: 'pending' }, { limit: 50, ...(after && { after }) });
    seen.push(...page.map(({ id }) => id));
    after = page.at(-1);
    if (after !== undefined) await approvals.decide('acme', after.id, says(personOf('bob')));
  } while (after !== undefined);
  expect(seen).toEqual(filed.map(({ id }) => id));
  expect(await approvals.count({ tenant: 'acme', status: 'pending' })).toBe(980);
  await kysely.destroy();
});
