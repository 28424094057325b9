/** Requests for approval in a database. */
import {
  BoundedMap,
  type ApprovalEvent,
  type ApprovalFilter,
  type ApprovalPage,
  type ApprovalStore,
  type FiledApproval,
} from '@sallyport/guard';
import type { Kysely } from 'kysely';
import { addEvent, change, remind, replace } from './approval-changes.ts';
import { hasExpired, isOpen, matches } from './approval-conditions.ts';
import { file } from './approval-filing.ts';
import { COLUMNS, read } from './approval-row.ts';
import { quoted, unquoted, type ApprovalRow, type Tables } from './tables.ts';

/** @param damaged is told once of each request whose row cannot be read. */
export function createApprovalStore(database: Kysely<Tables>, damaged: (id: string) => void = () => {}): ApprovalStore {
  const readRow = createReadRow(damaged);
  return {
    async findOpen(tenant, digest, nowMs) {
      const row = await database
        .selectFrom('approvals')
        .select(COLUMNS)
        .where('tenant', '=', quoted(tenant))
        .where('digest', '=', quoted(digest))
        .where((where) => isOpen(where, nowMs))
        .executeTakeFirst();
      return row && whole(row, readRow);
    },
    async get(tenant, id) {
      const row = await database
        .selectFrom('approvals')
        .select(COLUMNS)
        .where('id', '=', quoted(id))
        .where('tenant', '=', quoted(tenant))
        .executeTakeFirst();
      return row && whole(row, readRow);
    },
    list: (filter, nowMs, page) => list(database, readRow, filter, nowMs, page),
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
    due: (nowMs, max) => due(database, readRow, nowMs, max),
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

type Row = Pick<ApprovalRow, (typeof COLUMNS)[number]>;
type ReadRow = (row: Row) => FiledApproval | undefined;

const DAMAGED_REPORTED_MAX = 1_000;

function createReadRow(damaged: (id: string) => void): ReadRow {
  const reported = new BoundedMap<string, true>(DAMAGED_REPORTED_MAX);
  return (row) => {
    const filed = read(row);
    if (filed === undefined && !reported.has(row.id)) {
      reported.set(row.id, true);
      damaged(unquoted(row.id));
    }
    return filed;
  };
}

/** Of one request. @throws Error that names it. */
function whole(row: Row, readRow: ReadRow): FiledApproval {
  const filed = readRow(row);
  if (filed === undefined) throw new Error(`the request ${unquoted(row.id)} cannot be read`);
  return filed;
}

async function list(
  database: Kysely<Tables>,
  readRow: ReadRow,
  filter: ApprovalFilter,
  nowMs: number,
  page: ApprovalPage | undefined,
): Promise<readonly FiledApproval[]> {
  const direction = page?.order === 'newest' ? 'desc' : 'asc';
  let query = database
    .selectFrom('approvals')
    .select(COLUMNS)
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
  return (await query.execute()).flatMap((row) => readRow(row) ?? []);
}

async function due(
  database: Kysely<Tables>,
  readRow: ReadRow,
  nowMs: number,
  max: number,
): Promise<readonly FiledApproval[]> {
  const rows = await database
    .selectFrom('approvals')
    .select(COLUMNS)
    .where('status', 'in', ['pending', 'approved'])
    .where((where) => hasExpired(where, nowMs))
    .orderBy('expires_at')
    .limit(max)
    .execute();
  const readable = rows.flatMap((row) => readRow(row) ?? []);
  // What cannot be read ends here: it would be due for ever, and keep others from being looked at.
  const ids = new Set(readable.map(({ id }) => quoted(id)));
  const unreadable = rows.flatMap(({ id }) => (ids.has(id) ? [] : [id]));
  if (unreadable.length > 0)
    await database
      .updateTable('approvals')
      .set({ status: 'expired', ended_at: nowMs })
      .where('id', 'in', unreadable)
      .execute();
  return readable;
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
