/**
 * Callers that wait for an approval: how many may, for how long, and when their request was decided, here or by another
 * process on the same store.
 */
import { createFairShares, takeShare, watchDecisions, type Approvals, type JsonObject } from '@sallyport/guard';
import type { SettingsHolder } from './active-settings.ts';
import type { ApprovalWaits } from '@sallyport/server/edge/deps';

/** Of all calls that are worked on, so many may wait. */
const WAITING_PART = 2;

/** Nobody waits at first. */
export function createApprovalWaits(
  approvals: Pick<Approvals, 'show' | 'subscribe' | 'withdraw'>,
  settings: SettingsHolder,
  record: (tenant: string, event: string, fields: JsonObject) => Promise<unknown>,
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
    show: (tenant, id) => approvals.show(tenant, id),
    async withdraw(tenant, id, by) {
      const { endedBecause = '' } = await approvals.withdraw(tenant, id, by, 'Cancelled by the client of the call.');
      const user = { issuer: by.user.issuer, subject: by.user.subject };
      const fields = { approval_id: id, user, client_id: by.agent.clientId, because: endedBecause };
      await record(tenant, 'approval.withdrawn', fields);
    },
    decided: watchDecisions(approvals),
  };
}
