/** A store whose failures are refusals with a code of their own: no answer of the store, no approval (U16). */
import type { ApprovalStore } from '../approval-store.ts';
import { GuardError } from '../errors.ts';
import type { MaybePromise } from '../maybe-promise.ts';

const RETRY_AFTER_SECONDS = 5;

/** Every method throws GuardError `approvals_unavailable` where the store throws. */
export function availableStore(store: ApprovalStore): ApprovalStore {
  return {
    findOpen: (tenant, digest, nowMs) => step(() => store.findOpen(tenant, digest, nowMs)),
    get: (tenant, id) => step(() => store.get(tenant, id)),
    list: (filter, nowMs, page) => step(() => store.list(filter, nowMs, page)),
    count: (filter, nowMs) => step(() => store.count(filter, nowMs)),
    insert: (filed, limits) => step(() => store.insert(filed, limits)),
    replace: (filed, kind, atMs) => step(() => store.replace(filed, kind, atMs)),
    due: (nowMs, max) => step(() => store.due(nowMs, max)),
    remind: (nowMs) => step(() => store.remind(nowMs)),
    events: (after, max) => step(() => store.events(after, max)),
    lastEvent: () => step(() => store.lastEvent()),
    forget: (beforeMs) => step(() => store.forget(beforeMs)),
  };
}

async function step<T>(work: () => MaybePromise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new GuardError('approvals_unavailable', { cause, retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
}
