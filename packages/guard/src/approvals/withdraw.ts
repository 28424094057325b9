/** Whoever asked takes the request back: only the user of the call, while it waits or its approval is unused. */
import type { FiledApproval } from '../approval-store.ts';
import type { Principal } from '../call.ts';
import { GuardError } from '../errors.ts';
import { checkReason } from './decide.ts';
import { hasExpired } from './expired.ts';
import { isSamePerson } from './people.ts';

/**
 * @throws GuardError `not_found` when there is nothing to take back any more, `not_permitted` for anybody else.
 *
 * @example
 * ```ts
 * const isOwn = (filed: FiledApproval, by: Principal): void => checkMayWithdraw(filed, by, Date.now());
 * ```
 */
export function checkMayWithdraw(filed: FiledApproval, { user }: Principal, nowMs: number): void {
  if (!isSamePerson(filed.requester, user))
    throw new GuardError('not_permitted', { message: 'Only who asked for an approval can withdraw the request.' });
  if ((filed.status !== 'pending' && filed.status !== 'approved') || hasExpired(filed, nowMs))
    throw new GuardError('not_found', { message: 'This request has ended already.' });
}

/**
 * @param reason for people.
 * @returns the request afterwards, with the next version.
 * @throws GuardError `not_found` when there is nothing to take back any more, `not_permitted` for anybody else.
 */
export function applyWithdrawal(
  filed: FiledApproval,
  by: Principal,
  reason: string | undefined,
  nowMs: number,
): FiledApproval {
  checkMayWithdraw(filed, by, nowMs);
  checkReason(reason);
  const endedBecause = reason ?? 'Withdrawn by the user of the call.';
  return { ...filed, status: 'withdrawn', endedAtMs: nowMs, endedBecause, version: filed.version + 1 };
}
