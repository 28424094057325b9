/** What the in-memory store of approvals keeps of the past: requests that ended, and events. Both are bounded. */
import type { ApprovalEvent, ApprovalEventKind, FiledApproval } from '../approval-store.ts';

/** Of everything but the arguments. */
const REQUEST_BYTES = 1_024;
/** Requests that ended are kept without a share, so there are few of them. */
const ENDED_MAX = 1_000;
const ENDED_BYTES_MAX = 8 * 1024 * 1024;
const EVENTS_MAX = 10_000;

/** What a request takes. */
export const keptBytes = (filed: FiledApproval): number => REQUEST_BYTES + JSON.stringify(filed.arguments).length;

/** The newest requests that ended, bounded in number and bytes. */
export function createEnded() {
  const byId = new Map<string, FiledApproval>();
  let bytes = 0;
  const remove = (filed: FiledApproval): void => {
    if (byId.delete(filed.id)) bytes -= keptBytes(filed);
  };
  return {
    get: (id: string) => byId.get(id),
    all: () => [...byId.values()],
    add(filed: FiledApproval): void {
      const earlier = byId.get(filed.id);
      if (earlier !== undefined) remove(earlier);
      byId.set(filed.id, filed);
      bytes += keptBytes(filed);
      for (const oldest of byId.values()) {
        if (byId.size <= ENDED_MAX && bytes <= ENDED_BYTES_MAX) break;
        remove(oldest);
      }
    },
    forget(beforeMs: number): void {
      for (const filed of byId.values()) if ((filed.endedAtMs ?? filed.expiresAtMs) < beforeMs) remove(filed);
    },
  };
}

/** The newest events. */
export function createEvents() {
  let events: ApprovalEvent[] = [];
  const reminded = new Set<string>();
  let sequence = 0;
  const add = ({ tenant, id }: FiledApproval, kind: ApprovalEventKind, atMs: number): void => {
    sequence += 1;
    events.push({ sequence, kind, tenant, id, atMs });
    if (events.length > EVENTS_MAX) events = events.slice(-EVENTS_MAX / 2);
    if (kind !== 'filed' && kind !== 'reminder' && kind !== 'decided') reminded.delete(id);
  };
  return {
    add,
    addOnce(filed: FiledApproval, kind: ApprovalEventKind, atMs: number): void {
      if (reminded.has(filed.id)) return;
      reminded.add(filed.id);
      add(filed, kind, atMs);
    },
    after: (after: number) => events.filter((event) => event.sequence > after),
    last: () => sequence,
    forget(beforeMs: number): void {
      events = events.filter(({ atMs }) => atMs >= beforeMs);
    },
  };
}
