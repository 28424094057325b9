/** Requests for approval: filed by the guard, decided by people, used once. */
import type {
  ApprovalEventKind,
  ApprovalFilter,
  ApprovalLimits,
  ApprovalPage,
  ApprovalStore,
  FiledApproval,
} from '../approval-store.ts';
import type { Principal } from '../call.ts';
import { GuardError } from '../errors.ts';
import type { Clock } from '../ports.ts';
import { availableStore } from './available.ts';
import { consume, type ApprovalRequest, type ApprovalState } from './consume.ts';
import { applyVerdict, type Verdict } from './decide.ts';
import { createApprovalEvents, type ApprovalListener } from './events.ts';
import { statusAt } from './expired.ts';
import { endOutdated, type Outdated } from './outdated.ts';
import { sweep } from './sweep.ts';
import { applyWithdrawal } from './withdraw.ts';

export type { ApprovalRequest, ApprovalState } from './consume.ts';
export type { Verdict } from './decide.ts';
export type { ApprovalListener } from './events.ts';

/**
 * The requests for approval of all tenants. A store that fails is GuardError `approvals_unavailable` everywhere.
 *
 * @example
 * ```ts
 * const queueOf = (approvals: Approvals, tenant: string) => approvals.list({ tenant, status: 'pending' });
 * ```
 */
export interface Approvals {
  /**
   * Uses an approval for exactly this call, or files a request for one.
   *
   * @throws GuardError `rate_limited` when too many requests of the user or agent are pending, or were denied lately.
   */
  consume(request: ApprovalRequest): Promise<ApprovalState>;
  /** Requests with their status as it is now; all of them when there is no page. */
  list(filter: ApprovalFilter, page?: ApprovalPage): Promise<readonly FiledApproval[]>;
  count(filter: ApprovalFilter): Promise<number>;
  /** @throws GuardError `not_found`. */
  show(tenant: string, id: string): Promise<FiledApproval>;
  /**
   * Records what a person says.
   *
   * @throws GuardError `not_found` when the request does not wait (any more), `not_permitted` for a person who may not
   * decide, `invalid_input` for a reason that is too long.
   */
  decide(tenant: string, id: string, verdict: Verdict): Promise<FiledApproval>;
  /**
   * Takes a request back, for the user of the call.
   *
   * @throws GuardError `not_found` when it has ended, `not_permitted` for anybody else.
   */
  withdraw(tenant: string, id: string, by: Principal, reason?: string): Promise<FiledApproval>;
  /** Notes that the call of a consumed approval has ended. Until then, what became of it is `unknown` (U16). */
  executed(tenant: string, id: string, execution: 'finished' | 'failed'): Promise<void>;
  /** Notes what has expired, reminds of what is about to, and forgets what ended long ago. */
  sweep(): Promise<void>;
  /** Ends requests that are not for the call any more, because something else changed. */
  endOutdated(outdated: Outdated): Promise<void>;
  /** Hears of what happens to requests, also by other processes on the store. @returns a function that ends it. */
  subscribe(listener: ApprovalListener): () => void;
  /** Tells subscribers what other processes did since the last time. */
  poll(): Promise<void>;
}

/**
 * How much may wait, read with every request, and who is told of a change that this process made.
 *
 * @example
 * ```ts
 * const few: ApprovalsOptions = { pendingMax: 3 };
 * ```
 */
export interface ApprovalsOptions extends Partial<
  Pick<ApprovalLimits, 'pendingMax' | 'agentPendingMax' | 'tenantPendingMax'>
> {
  /** So many denials of one user within `coolDownMs`, and nothing more is filed for that user. */
  readonly denialsMax?: number;
  readonly coolDownMs?: number;
  /** Called by the one process that made a change, once. */
  readonly changed?: (kind: ApprovalEventKind, filed: FiledApproval) => void;
}

const PENDING_MAX = 20;
const AGENT_PENDING_MAX = 200;
const TENANT_PENDING_MAX = 2_000;
const DENIALS_MAX = 5;
const COOL_DOWN_MS = 600_000;
const FORGET_MS = 3_600_000;

/**
 * The requests in a store. Two processes on one store agree: every change is a compare-and-set.
 *
 * @param clock must not be one that can be set back: approvals would live longer.
 *
 * @example
 * ```ts
 * const approvals = createApprovals(createMemoryApprovalStore(), systemClock);
 * ```
 */
export function createApprovals(given: ApprovalStore, clock: Clock, options: ApprovalsOptions = {}): Approvals {
  const events = createApprovalEvents(availableStore(given));
  const store = announcing(availableStore(given), (kind, filed) => {
    options.changed?.(kind, filed);
    // The interval of the gateway reads what this read misses.
    void events.poll().catch(() => undefined);
  });
  // Whole milliseconds: databases keep no others.
  const now = (): number => Math.floor(clock.now());
  let forgetAtMs = 0;
  const change = async (tenant: string, id: string, kind: ApprovalEventKind, apply: Change): Promise<FiledApproval> => {
    for (;;) {
      const changed = apply(await show(store, tenant, id), now());
      // Somebody else was quicker: the request is judged again as it is now.
      if (await store.replace(changed, kind, now())) return changed;
    }
  };
  const asNow = (filed: FiledApproval): FiledApproval => ({ ...filed, status: statusAt(filed, now()) });
  return {
    consume: (request) => consume(store, now, () => limitsAt(options, now()), request),
    list: async (filter, page) => (await store.list(filter, now(), page)).map(asNow),
    count: async (filter) => store.count(filter, now()),
    show: async (tenant, id) => asNow(await show(store, tenant, id)),
    decide: (tenant, id, verdict) =>
      change(tenant, id, 'decided', (filed, nowMs) => applyVerdict(filed, verdict, nowMs)),
    withdraw: (tenant, id, by, reason) =>
      change(tenant, id, 'withdrawn', (filed, nowMs) => applyWithdrawal(filed, by, reason, nowMs)),
    async executed(tenant, id, execution) {
      const filed = await show(store, tenant, id);
      if (filed.execution !== 'unknown') return;
      await store.replace({ ...filed, execution, version: filed.version + 1 }, 'executed', now());
    },
    async sweep() {
      const isForgetting = now() >= forgetAtMs;
      if (isForgetting) forgetAtMs = now() + FORGET_MS;
      await sweep(store, now(), isForgetting);
      await events.poll();
    },
    endOutdated: (outdated) => endOutdated(store, outdated, now()),
    subscribe: (listener) => events.subscribe(listener),
    poll: () => events.poll(),
  };
}

type Change = (filed: FiledApproval, nowMs: number) => FiledApproval;

async function show(store: ApprovalStore, tenant: string, id: string): Promise<FiledApproval> {
  const filed = await store.get(tenant, id);
  if (filed === undefined) throw new GuardError('not_found', { message: 'No such request for approval.' });
  return filed;
}

const limitsAt = (
  {
    pendingMax = PENDING_MAX,
    agentPendingMax = AGENT_PENDING_MAX,
    tenantPendingMax = TENANT_PENDING_MAX,
    denialsMax = DENIALS_MAX,
    coolDownMs = COOL_DOWN_MS,
  }: ApprovalsOptions,
  nowMs: number,
): ApprovalLimits => ({
  pendingMax,
  agentPendingMax,
  tenantPendingMax,
  denialsMax,
  denialsAfterMs: nowMs - coolDownMs,
});

/** A store whose changes are told, each once, by the process that made it. */
const announcing = (
  store: ApprovalStore,
  changed: (kind: ApprovalEventKind, filed: FiledApproval) => void,
): ApprovalStore => ({
  ...store,
  async insert(filed, limits) {
    const filing = await store.insert(filed, limits);
    if (filing === 'inserted') changed('filed', filed);
    return filing;
  },
  async replace(filed, kind, atMs) {
    const isReplaced = await store.replace(filed, kind, atMs);
    if (isReplaced) changed(kind, filed);
    return isReplaced;
  },
});
