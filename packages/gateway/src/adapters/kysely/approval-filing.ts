/** Files a request, unless something that is stored stands against it. */
import { usedUpBy, type ApprovalLimits, type FiledApproval, type Filing } from '@sallyport/guard';
import { sql, type Transaction } from 'kysely';
import { isOpen } from './approval-conditions.ts';
import { bytesOf, rowOf } from './approval-row.ts';
import { quoted, type Tables } from './tables.ts';

/** B7: bytes of all open requests, of which each user and tenant has a share. */
const KEPT_BYTES_MAX = 1024 ** 3;
/** Of one user: what ended and can still be looked up. */
const ENDED_MAX = 200;
const ENDED_BYTES_MAX = 8 * 1024 ** 2;

/** To be called while the sequence of changes is held, so that nothing is filed between the question and the answer. */
export async function file(
  transaction: Transaction<Tables>,
  filed: FiledApproval,
  limits: ApprovalLimits,
): Promise<Filing> {
  const filing = await filingOf(transaction, filed, limits);
  if (filing !== 'inserted') return filing;
  await forgetEnded(transaction, filed);
  await transaction.insertInto('approvals').values(rowOf(filed)).execute();
  return 'inserted';
}

/** What stands against a new request, by everything that is stored. */
async function filingOf(
  transaction: Transaction<Tables>,
  { tenant, digest, requester, agent, arguments: sent, createdAtMs }: FiledApproval,
  limits: ApprovalLimits,
): Promise<Filing> {
  const isUser = sql<boolean>`issuer = ${quoted(requester.issuer)} and subject = ${quoted(requester.subject)}`;
  const isTenant = sql<boolean>`tenant = ${quoted(tenant)}`;
  const sum = (what: ReturnType<typeof sql<number>>, condition: ReturnType<typeof sql<boolean>>) =>
    sql<number>`cast(coalesce(sum(case when ${condition} then ${what} else 0 end), 0) as bigint)`;
  const one = sql<number>`1`;
  const open = await transaction
    .selectFrom('approvals')
    .where((where) => isOpen(where, createdAtMs))
    .select([
      sum(one, sql`${isTenant} and digest = ${quoted(digest)}`).as('equal'),
      sum(one, sql`${isTenant} and status = 'pending' and ${isUser}`).as('of_user'),
      sum(one, sql`${isTenant} and status = 'pending' and client_id = ${quoted(agent.clientId)}`).as('of_agent'),
      sum(one, sql`${isTenant} and status = 'pending'`).as('of_tenant'),
      sum(sql`bytes`, sql`1 = 1`).as('bytes'),
      sum(sql`bytes`, isTenant).as('tenant_bytes'),
      sum(sql`bytes`, sql`${isTenant} and ${isUser}`).as('user_bytes'),
    ])
    .executeTakeFirstOrThrow();
  if (open.equal > 0) return 'exists';
  const lately = await transaction
    .selectFrom('approvals')
    .where(sql<boolean>`${isTenant} and ${isUser}`)
    .where('ended_at', '>', limits.denialsAfterMs)
    .select([sum(one, sql`status = 'denied'`).as('denied'), sum(one, sql`status = 'withdrawn'`).as('withdrawn')])
    .executeTakeFirstOrThrow();
  if (lately.denied >= limits.denialsMax) return 'denied_often';
  // U7: people are told of each of them, so asking and taking back would fill a channel.
  if (lately.withdrawn >= limits.pendingMax) return 'withdrawn_often';
  if (open.of_user >= limits.pendingMax || open.of_agent >= limits.agentPendingMax) return 'full';
  if (open.of_tenant >= limits.tenantPendingMax) return 'tenant_full';
  const held = { used: open.bytes, ofTenant: open.tenant_bytes, ofUser: open.user_bytes };
  return usedUpBy(held, bytesOf(sent), KEPT_BYTES_MAX) === undefined ? 'inserted' : 'full';
}

/** B7: a user who files and withdraws all day fills nothing: of what ended, the newest are kept. */
async function forgetEnded(
  transaction: Transaction<Tables>,
  { tenant, requester, createdAtMs }: FiledApproval,
): Promise<void> {
  const ended = transaction
    .selectFrom('approvals')
    .where('tenant', '=', quoted(tenant))
    .where('issuer', '=', quoted(requester.issuer))
    .where('subject', '=', quoted(requester.subject))
    .where((where) => where.not(isOpen(where, createdAtMs)))
    .select([
      'id',
      sql<number>`row_number() over (order by created_at desc, id)`.as('place'),
      sql<number>`sum(bytes) over (order by created_at desc, id)`.as('newer_bytes'),
    ])
    .as('ended');
  await transaction
    .deleteFrom('approvals')
    .where('id', 'in', (where) =>
      where
        .selectFrom(ended)
        .select('ended.id')
        .where((row) => row.or([row('place', '>', ENDED_MAX), row('newer_bytes', '>', ENDED_BYTES_MAX)])),
    )
    .execute();
}
