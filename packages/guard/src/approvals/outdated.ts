/** Ends requests that wait, or are approved, for what has changed since: who would decide is told before they do. */
import type { ApprovalStore, FiledApproval } from '../approval-store.ts';

/**
 * Why a request ended whose rules say something else now.
 *
 * @example
 * ```ts
 * const isByRules = ({ endedBecause }: FiledApproval): boolean => endedBecause === RULES_CHANGED;
 * ```
 */
export const RULES_CHANGED = 'The rules for approvals changed since then.';

/** A no stands until it expires, and what nobody asks for any more stays as it was filed. */
export const isOfOtherRules = (filed: FiledApproval, now: Pick<FiledApproval, 'rules' | 'demand'>): boolean =>
  filed.status !== 'denied' && filed.rules !== undefined && filed.rules !== now.rules && now.demand.required > 0;

/** @returns why a request is not for the call any more, in a sentence for people; `undefined` while it is. */
export type Outdated = (filed: FiledApproval) => string | undefined;

/** The same request, ended. */
export const superseded = (filed: FiledApproval, endedBecause: string, nowMs: number): FiledApproval => ({
  ...filed,
  status: 'superseded',
  endedBecause,
  endedAtMs: nowMs,
  version: filed.version + 1,
});

/** What somebody else changes meanwhile is judged when it is used. */
export async function endOutdated(store: ApprovalStore, outdated: Outdated, nowMs: number): Promise<void> {
  for (const filed of await store.list({ status: 'open' }, nowMs)) {
    const because = filed.status === 'denied' ? undefined : outdated(filed);
    if (because !== undefined) await store.replace(superseded(filed, because, nowMs), 'superseded', nowMs);
  }
}
