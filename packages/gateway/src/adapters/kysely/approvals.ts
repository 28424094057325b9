/** Requests for approval in a database. */
import type { ApprovalEvent, ApprovalFilter, ApprovalPage, ApprovalStore, FiledApproval } from '@sallyport/guard';
import type { Kysely } from 'kysely';
import { addEvent, change, remind, replace } from './approval-changes.ts';
import { hasExpired, isOpen, matches } from './approval-conditions.ts';
import { file } from './approval-filing.ts';
import { read } from './approval-row.ts';
import { quoted, unquoted, type Tables } from './tables.ts';

/** The requests of all tenants. */
export function createApprovalStore(database: Kysely<Tables>): ApprovalStore {
  return {
    async findOpen(tenant, digest, nowMs) {
      const row = await database
        .selectFrom('approvals')
        .select('document')
        .where('tenant', '=', quoted(tenant))
        .where('digest', '=', quoted(digest))
        .where((where) => isOpen(where, nowMs))
        .executeTakeFirst();
      return row && read(row);
    },
    async get(tenant, id) {
      const row = await database
        .selectFrom('approvals')
        .select('document')
        .where('id', '=', quoted(id))
        .where('tenant', '=', quoted(tenant))
        .executeTakeFirst();
      return row && read(row);
    },
    list: (filter, nowMs, page) => list(database, filter, nowMs, page),
    async count(filter, nowMs) {
      const { count } = await database
        .selectFrom('approvals')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where((where) => matches(where, filter, nowMs))
        .executeTakeFirstOrThrow();
      return count;
    },
    insert: (filed, limits) =>
      change(database, async (transaction, next) => {
        const filing = await file(transaction, filed, limits);
        if (filing === 'inserted') await addEvent(transaction, await next(), filed, 'filed', filed.createdAtMs);
        return filing;
      }),
    replace: (filed, kind, atMs) =>
      change(database, (transaction, next) => replace(transaction, next, filed, kind, atMs)),
    due: (nowMs, max) => due(database, nowMs, max),
    remind: (nowMs) => remind(database, nowMs),
    events: (after, max) => events(database, after, max),
    lastEvent: () => lastEvent(database),
    async forget(beforeMs) {
      await database
        .deleteFrom('approvals')
        .where((where) => where.or([where('ended_at', '<', beforeMs), where('expires_at', '<', beforeMs)]))
        .execute();
      await database.deleteFrom('approval_events').where('at', '<', beforeMs).execute();
      await database
        .deleteFrom('channel_notices')
        .where('approval_id', 'not in', database.selectFrom('approvals').select('id'))
        .execute();
    },
  } satisfies ApprovalStore;
}

async function list(
  database: Kysely<Tables>,
  filter: ApprovalFilter,
  nowMs: number,
  page: ApprovalPage | undefined,
): Promise<readonly FiledApproval[]> {
  const direction = page?.order === 'newest' ? 'desc' : 'asc';
  let query = database
    .selectFrom('approvals')
    .select('document')
    .where((where) => matches(where, filter, nowMs))
    .orderBy('created_at', direction)
    .orderBy('id', direction);
  const after = page?.after;
  if (after !== undefined) {
    const beyond = direction === 'asc' ? '>' : '<';
    query = query.where((where) =>
      where.or([
        where('created_at', beyond, after.createdAtMs),
        where.and([where('created_at', '=', after.createdAtMs), where('id', beyond, quoted(after.id))]),
      ]),
    );
  }
  if (page !== undefined) query = query.limit(page.limit);
  return (await query.execute()).map(read);
}

async function due(database: Kysely<Tables>, nowMs: number, max: number): Promise<readonly FiledApproval[]> {
  const rows = await database
    .selectFrom('approvals')
    .select('document')
    .where('status', 'in', ['pending', 'approved'])
    .where((where) => hasExpired(where, nowMs))
    .orderBy('expires_at')
    .limit(max)
    .execute();
  return rows.map(read);
}

async function events(database: Kysely<Tables>, after: number, max: number): Promise<readonly ApprovalEvent[]> {
  const rows = await database
    .selectFrom('approval_events')
    .selectAll()
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(max)
    .execute();
  return rows.map(({ sequence, kind, tenant, approval_id: id, at }) => ({
    sequence,
    kind,
    tenant: unquoted(tenant),
    id: unquoted(id),
    atMs: at,
  }));
}

async function lastEvent(database: Kysely<Tables>): Promise<number> {
  const row = await database.selectFrom('sequences').select('value').where('name', '=', 'approvals').executeTakeFirst();
  return row?.value ?? 0;
}
