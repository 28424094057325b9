/** Requests for approval in memory. Every method is one synchronous step, so nothing comes between check and change. */
import type {
  ApprovalFilter,
  ApprovalLimits,
  ApprovalPage,
  ApprovalStore,
  FiledApproval,
  Filing,
} from '../approval-store.ts';
import { isOpen, statusAt } from '../approvals/expired.ts';
import { isSamePerson } from '../approvals/people.ts';
import { createFairShares, shareHolder, type ShareHolder } from '../fair-shares.ts';
import { createEnded, createEvents, keptBytes } from './approval-history.ts';

/** B7: bytes of all requests, of which each user and tenant has a share. */
const KEPT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * An approval store that is lost with the process.
 *
 * @example
 * ```ts
 * const approvals = createApprovals(createMemoryApprovalStore(), systemClock);
 * ```
 */
export function createMemoryApprovalStore(): ApprovalStore {
  const open = new Map<string, FiledApproval>();
  const ended = createEnded();
  const events = createEvents();
  const shares = createFairShares(() => KEPT_BYTES_MAX);
  const end = (filed: FiledApproval): void => {
    open.delete(filed.id);
    shares.release(holderOf(filed), keptBytes(filed));
    ended.add(filed);
  };
  // What has expired takes no share, also before it is noted.
  const endOld = (nowMs: number): void => {
    for (const filed of open.values()) if (!isOpen(filed, nowMs)) end(filed);
  };
  const find = (id: string): FiledApproval | undefined => open.get(id) ?? ended.get(id);
  const select = (filter: ApprovalFilter, nowMs: number): FiledApproval[] =>
    [...open.values(), ...ended.all()].filter((filed) => matches(filter, filed, nowMs));
  return {
    findOpen: (tenant, digest, nowMs) =>
      [...open.values()].find((filed) => filed.tenant === tenant && filed.digest === digest && isOpen(filed, nowMs)),
    get(tenant, id) {
      const filed = find(id);
      return filed?.tenant === tenant ? filed : undefined;
    },
    list: (filter, nowMs, page) => pageOf(select(filter, nowMs), page),
    count: (filter, nowMs) => select(filter, nowMs).length,
    insert(filed, limits) {
      endOld(filed.createdAtMs);
      const filing = filingOf(filed, limits, [...open.values()], ended.all());
      if (filing !== 'inserted') return filing;
      if (shares.take(holderOf(filed), keptBytes(filed)) !== undefined) return 'full';
      open.set(filed.id, filed);
      events.add(filed, 'filed', filed.createdAtMs);
      return 'inserted';
    },
    replace(filed, kind, atMs) {
      if (find(filed.id)?.version !== filed.version - 1) return false;
      events.add(filed, kind, atMs);
      if (!open.has(filed.id)) ended.add(filed);
      else if (isOpen(filed, atMs)) open.set(filed.id, filed);
      else end(filed);
      return true;
    },
    due: (nowMs, max) =>
      select({ status: 'expired' }, nowMs)
        .filter(({ status }) => status !== 'expired')
        .slice(0, max),
    remind(nowMs) {
      for (const filed of select({ status: 'pending' }, nowMs))
        if (nowMs >= filed.remindAtMs) events.addOnce(filed, 'reminder', nowMs);
    },
    events: (after, max) => events.after(after).slice(0, max),
    lastEvent: () => events.last(),
    forget(beforeMs) {
      for (const filed of open.values()) if (filed.expiresAtMs < beforeMs) end(filed);
      ended.forget(beforeMs);
      events.forget(beforeMs);
    },
  };
}

function filingOf(
  { tenant, digest, requester, agent, createdAtMs }: FiledApproval,
  limits: ApprovalLimits,
  waiting: readonly FiledApproval[],
  ended: readonly FiledApproval[],
): Filing {
  const mine = waiting.filter((other) => other.tenant === tenant);
  if (mine.some((other) => other.digest === digest)) return 'exists';
  const lately = (status: 'denied' | 'withdrawn'): number =>
    [...waiting, ...ended].filter(
      (other) =>
        matches({ tenant, requester, status }, other, createdAtMs) && (other.endedAtMs ?? 0) > limits.denialsAfterMs,
    ).length;
  if (lately('denied') >= limits.denialsMax) return 'denied_often';
  // U7: people are told of each of them, so asking and taking back would fill a channel.
  if (lately('withdrawn') >= limits.pendingMax) return 'withdrawn_often';
  const pending = mine.filter(({ status }) => status === 'pending');
  const ofUser = pending.filter((other) => isSamePerson(other.requester, requester)).length;
  const ofAgent = pending.filter((other) => other.agent.clientId === agent.clientId).length;
  if (ofUser >= limits.pendingMax || ofAgent >= limits.agentPendingMax) return 'full';
  return pending.length >= limits.tenantPendingMax ? 'tenant_full' : 'inserted';
}

const matches = (
  { tenant, status, requester, subject, server, tool }: ApprovalFilter,
  filed: FiledApproval,
  nowMs: number,
): boolean =>
  (tenant === undefined || filed.tenant === tenant) &&
  (status === undefined || (status === 'open' ? isOpen(filed, nowMs) : statusAt(filed, nowMs) === status)) &&
  (requester === undefined || isSamePerson(requester, filed.requester)) &&
  (subject === undefined || filed.requester.subject === subject) &&
  (server === undefined || filed.server === server) &&
  (tool === undefined || filed.tool === tool);

const byAge = (a: Pick<FiledApproval, 'createdAtMs' | 'id'>, b: Pick<FiledApproval, 'createdAtMs' | 'id'>): number =>
  a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : Number(a.id > b.id));

function pageOf(found: readonly FiledApproval[], page: ApprovalPage | undefined): readonly FiledApproval[] {
  const sign = page?.order === 'newest' ? -1 : 1;
  const sorted = found.toSorted((a, b) => sign * byAge(a, b));
  const after = page?.after;
  const rest = after === undefined ? sorted : sorted.filter((filed) => sign * byAge(filed, after) > 0);
  return page === undefined ? rest : rest.slice(0, page.limit);
}

const holderOf = ({ tenant, requester }: FiledApproval): ShareHolder => shareHolder(requester, tenant);
