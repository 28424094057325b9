/** Every change of a request raises one sequence first, so that changes have one order, and adds an event. */
import type { ApprovalEventKind, FiledApproval } from '@sallyport/guard';
import type { Kysely, Transaction } from 'kysely';
import { isOpen } from './approval-conditions.ts';
import { rowOf } from './approval-row.ts';
import { quoted, unquoted, type Tables } from './tables.ts';

/** The number of the next event of a change. */
type NextSequence = () => Promise<number>;

const REMINDERS_PER_STEP = 200;

/**
 * One change after the other, in all processes: whoever raises the sequence holds it until the transaction ends, so
 * what is read after that is not changed by anybody else, and a reader of events misses none.
 */
export function change<T>(
  database: Kysely<Tables>,
  work: (transaction: Transaction<Tables>, next: NextSequence) => Promise<T>,
): Promise<T> {
  return database
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (transaction) => {
      const next = async (): Promise<number> => {
        const { value } = await transaction
          .updateTable('sequences')
          .set((column) => ({ value: column('value', '+', 1) }))
          .where('name', '=', 'approvals')
          .returning('value')
          .executeTakeFirstOrThrow();
        return value;
      };
      const first = await next();
      let isFirst = true;
      return work(transaction, async () => {
        if (!isFirst) return next();
        isFirst = false;
        return first;
      });
    });
}

/** Replaces the version before, if it is the one that is stored. */
export async function replace(
  transaction: Transaction<Tables>,
  next: NextSequence,
  filed: FiledApproval,
  kind: ApprovalEventKind,
  atMs: number,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('approvals')
    .set(rowOf(filed))
    .where('id', '=', quoted(filed.id))
    .where('version', '=', filed.version - 1)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await addEvent(transaction, await next(), filed, kind, atMs);
  return true;
}

/** Adds the event of every reminder whose time has come. */
export async function remind(database: Kysely<Tables>, nowMs: number): Promise<void> {
  const due = (reader: Kysely<Tables>) =>
    reader
      .selectFrom('approvals')
      .select(['id', 'tenant'])
      .where('status', '=', 'pending')
      .where('reminded', '=', 0)
      .where('remind_at', '<=', nowMs)
      .where((where) => isOpen(where, nowMs))
      .limit(REMINDERS_PER_STEP)
      .execute();
  // Without a transaction first: mostly there is nothing to do.
  if ((await due(database)).length === 0) return;
  await change(database, async (transaction, next) => {
    for (const { id, tenant } of await due(transaction)) {
      await transaction.updateTable('approvals').set({ reminded: 1 }).where('id', '=', id).execute();
      await addEvent(transaction, await next(), { id: unquoted(id), tenant: unquoted(tenant) }, 'reminder', nowMs);
    }
  });
}

/** Notes what happened. */
export async function addEvent(
  transaction: Transaction<Tables>,
  sequence: number,
  { tenant, id }: Pick<FiledApproval, 'tenant' | 'id'>,
  kind: ApprovalEventKind,
  atMs: number,
): Promise<void> {
  await transaction
    .insertInto('approval_events')
    .values({ sequence, kind, tenant: quoted(tenant), approval_id: quoted(id), at: atMs })
    .execute();
}
