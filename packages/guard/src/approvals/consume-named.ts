/** Uses one named request for exactly this call, or says why it cannot be used. Nothing is filed. */
import type { ApprovalStatus, ApprovalStore, FiledApproval } from '../approval-store.ts';
import type { ApprovalRequest, ApprovalState } from './consume.ts';
import { statusAt } from './expired.ts';
import { isOfOtherRules, RULES_CHANGED, superseded } from './outdated.ts';
import { supersededBy } from './superseded.ts';
import { reasonOf, use } from './use.ts';

/** Why a request that has ended cannot be used. */
const ENDED: Readonly<Record<Exclude<ApprovalStatus, 'pending' | 'approved' | 'denied'>, string>> = {
  expired: 'The time for this request was over before the call was made.',
  withdrawn: 'The request for approval was withdrawn.',
  superseded: 'The call is another one now.',
  consumed: 'The approval was used for this call already.',
};

/** @param request with the id of the only request that may be used. */
export async function consumeNamed(
  store: ApprovalStore,
  now: () => number,
  request: ApprovalRequest & { readonly only: string },
): Promise<ApprovalState> {
  const { only: id, tenant, digest } = request;
  const end = async (filed: FiledApproval, because: string): Promise<boolean> =>
    store.replace(superseded(filed, because, now()), 'superseded', now());
  for (;;) {
    const filed = await store.get(tenant, id);
    if (filed === undefined) return { state: 'ended', id, because: 'There is no such request for approval any more.' };
    const status = statusAt(filed, now());
    if (status === 'denied') return { state: 'refused', id, reason: reasonOf(filed) };
    if (status !== 'pending' && status !== 'approved')
      return { state: 'ended', id, because: filed.endedBecause ?? ENDED[status] };
    if (filed.digest !== digest) {
      const endedBecause = supersededBy(filed, request) ?? ENDED.superseded;
      if (await end(filed, endedBecause)) return { state: 'ended', id, because: endedBecause };
    } else if (isOfOtherRules(filed, request)) {
      if (await end(filed, RULES_CHANGED)) return { state: 'ended', id, because: RULES_CHANGED };
    } else if (status === 'pending') return { state: 'pending', id, because: undefined };
    else {
      const used = await use(store, filed, now());
      if (used !== undefined) return used;
    }
  }
}
