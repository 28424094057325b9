/**
 * Callers that wait for an approval: how many may, for how long, and when their request was decided, here or by another
 * process on the same store.
 */
import { createFairShares, takeShare, watchDecisions, type Approvals } from '@sallyport/guard';
import type { SettingsHolder } from './active-settings.ts';
import type { ApprovalWaits } from '@sallyport/server/edge/deps';

/** Of all calls that are worked on, so many may wait. */
const WAITING_PART = 2;

/** Nobody waits at first. */
export function createApprovalWaits(
  approvals: Pick<Approvals, 'show' | 'subscribe'>,
  settings: SettingsHolder,
): ApprovalWaits {
  const snapshot = () => settings.current().snapshot;
  const shares = createFairShares(() => Math.ceil(snapshot().gateway.callsMax / WAITING_PART));
  return {
    pageOf: (id) => `${snapshot().admin.publicUrl}/approvals/${encodeURIComponent(id)}`,
    waitMs: () => snapshot().approvals.waitMs,
    revision: () => settings.current().policies.revision,
    hold(holder) {
      try {
        return takeShare(shares, holder, 'calls … wait for an approval');
      } catch {
        return undefined;
      }
    },
    decided: watchDecisions(approvals),
  };
}
