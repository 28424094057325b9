/** Which rows are meant: the same questions that the in-memory store asks of objects, in SQL. */
import { CLOCK_SKEW_MS, type ApprovalFilter } from '@sallyport/guard';
import type { ExpressionBuilder } from 'kysely';
import { quoted, type Tables } from './tables.ts';

type Where = ExpressionBuilder<Tables, 'approvals'>;

/** Whether the time of a request is over. */
export const hasExpired = (where: Where, nowMs: number) =>
  where.or([where('expires_at', '<=', nowMs), where('created_at', '>', nowMs + CLOCK_SKEW_MS)]);

/** Whether a request may still become a call, or stands against one. */
export const isOpen = (where: Where, nowMs: number) =>
  where.and([where('status', 'in', ['pending', 'approved', 'denied']), where.not(hasExpired(where, nowMs))]);

/** What a list is asked for. */
export function matches(
  where: Where,
  { tenant, status, requester, subject, server, tool }: ApprovalFilter,
  nowMs: number,
) {
  return where.and([
    ...(tenant === undefined ? [] : [where('tenant', '=', quoted(tenant))]),
    ...(subject === undefined ? [] : [where('subject', '=', quoted(subject))]),
    ...(server === undefined ? [] : [where('server', '=', quoted(server))]),
    ...(tool === undefined ? [] : [where('tool', '=', quoted(tool))]),
    ...(requester === undefined
      ? []
      : [where('issuer', '=', quoted(requester.issuer)), where('subject', '=', quoted(requester.subject))]),
    ...(status === undefined ? [] : [hasStatus(where, status, nowMs)]),
  ]);
}

/** The status as it is at a time, also before an expiry is noted. */
function hasStatus(where: Where, status: NonNullable<ApprovalFilter['status']>, nowMs: number) {
  if (status === 'open') return isOpen(where, nowMs);
  if (status === 'pending' || status === 'approved')
    return where.and([where('status', '=', status), where.not(hasExpired(where, nowMs))]);
  if (status !== 'expired') return where('status', '=', status);
  return where.or([
    where('status', '=', 'expired'),
    where.and([where('status', 'in', ['pending', 'approved']), hasExpired(where, nowMs)]),
  ]);
}
