/** Requests for approval in memory. Every method is one synchronous step, so nothing comes between check and change. */
import type { ApprovalFilter, ApprovalStore, FiledApproval } from '../approval-store.ts';
import { isSamePerson } from '../approvals/people.ts';
import { createFairShares, shareHolder, type ShareHolder } from '../fair-shares.ts';

/** B7: bytes of all requests, of which each user and tenant has a share. */
const KEPT_BYTES_MAX = 64 * 1024 * 1024;
/** Of everything but the arguments. */
const REQUEST_BYTES = 1_024;

/**
 * An approval store that is lost with the process.
 *
 * @example
 * ```ts
 * const approvals = createApprovals(createMemoryApprovalStore(), systemClock);
 * ```
 */
export function createMemoryApprovalStore(): ApprovalStore {
  const byId = new Map<string, FiledApproval>();
  const shares = createFairShares(() => KEPT_BYTES_MAX);
  const open = (nowMs: number): FiledApproval[] => {
    for (const filed of byId.values()) {
      if (isOpen(filed, nowMs)) continue;
      byId.delete(filed.id);
      shares.release(holderOf(filed), keptBytes(filed));
    }
    return [...byId.values()];
  };
  return {
    findOpen: (tenant, digest, nowMs) =>
      open(nowMs).find((filed) => filed.tenant === tenant && filed.digest === digest),
    get: (tenant, id) => {
      const filed = byId.get(id);
      return filed?.tenant === tenant ? filed : undefined;
    },
    list: (filter, nowMs) => open(nowMs).filter((filed) => matches(filter, filed)),
    insert(filed, pendingMax) {
      const { tenant, digest, requester } = filed;
      const all = open(filed.createdAtMs);
      if (all.some((other) => other.tenant === tenant && other.digest === digest)) return 'exists';
      const pending = all.filter((other) => matches({ tenant, requester, status: 'pending' }, other));
      if (pending.length >= pendingMax || shares.take(holderOf(filed), keptBytes(filed)) !== undefined) return 'full';
      byId.set(filed.id, filed);
      return 'inserted';
    },
    replace(filed) {
      if (byId.get(filed.id)?.version !== filed.version - 1) return false;
      byId.set(filed.id, filed);
      return true;
    },
  };
}

const OPEN: readonly FiledApproval['status'][] = ['pending', 'approved', 'refused'];

const isOpen = ({ status, expiresAtMs }: FiledApproval, nowMs: number): boolean =>
  OPEN.includes(status) && nowMs < expiresAtMs;

const matches = ({ tenant, status, requester }: ApprovalFilter, filed: FiledApproval): boolean =>
  (tenant === undefined || filed.tenant === tenant) &&
  (status === undefined || filed.status === status) &&
  (requester === undefined || isSamePerson(requester, filed.requester));

const keptBytes = (filed: FiledApproval): number => REQUEST_BYTES + JSON.stringify(filed.arguments).length;

const holderOf = ({ tenant, requester }: FiledApproval): ShareHolder => shareHolder(requester, tenant);
