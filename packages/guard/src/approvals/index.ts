/** Requests for approval: filed by the guard, decided by people, used once. */
import { randomBytes } from 'node:crypto';
import type { ApprovalFilter, ApprovalStore, FiledApproval } from '../approval-store.ts';
import type { Approval } from '../call.ts';
import { GuardError } from '../errors.ts';
import type { Clock } from '../ports.ts';
import { applyVerdict, type Verdict } from './decide.ts';
import { supersededBy } from './superseded.ts';

export type { Verdict } from './decide.ts';

/**
 * A call for which an approval is used or, when there is none, asked.
 *
 * @example
 * ```ts
 * const describe = ({ requester, tool }: ApprovalRequest): string => `${requester.subject} calls ${tool}`;
 * ```
 */
export type ApprovalRequest = Omit<
  FiledApproval,
  'id' | 'status' | 'version' | 'decisions' | 'createdAtMs' | 'endedBecause'
>;

/**
 * Whether a call is approved. `id` names the request for the caller and the approver.
 *
 * @example
 * ```ts
 * const isOpen = ({ state }: ApprovalState): boolean => state === 'pending';
 * ```
 */
export type ApprovalState =
  | { readonly state: 'approved'; readonly approval: Approval }
  /** `because`: what ended an earlier request for the same call. */
  | { readonly state: 'pending'; readonly id: string; readonly because: string | undefined }
  | { readonly state: 'refused'; readonly id: string; readonly reason: string | undefined };

/**
 * The requests for approval of all tenants.
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
   * @throws GuardError `rate_limited` when too many requests of the user are pending.
   */
  consume(request: ApprovalRequest): Promise<ApprovalState>;
  /** Requests that are open, oldest first. */
  list(filter: ApprovalFilter): Promise<readonly FiledApproval[]>;
  /** @throws GuardError `not_found`. */
  show(tenant: string, id: string): Promise<FiledApproval>;
  /**
   * Records what a person says.
   *
   * @throws GuardError `not_found` when the request does not wait (any more), `not_permitted` for a person who may not
   * decide, `invalid_input` for a reason that is too long.
   */
  decide(tenant: string, id: string, verdict: Verdict): Promise<FiledApproval>;
}

const PENDING_MAX = 20;

/**
 * The requests in a store. Two processes on one store agree: every change is a compare-and-set.
 *
 * @param pendingMax requests of one user that may wait at the same time.
 *
 * @example
 * ```ts
 * const approvals = createApprovals(createMemoryApprovalStore(), systemClock);
 * ```
 */
export function createApprovals(store: ApprovalStore, clock: Clock, pendingMax = PENDING_MAX): Approvals {
  return {
    consume: (request) => consume(store, clock, pendingMax, request),
    list: async (filter) => store.list(filter, clock.now()),
    show: (tenant, id) => show(store, tenant, id),
    async decide(tenant, id, verdict) {
      for (;;) {
        const decided = applyVerdict(await show(store, tenant, id), verdict, clock.now());
        // Somebody else was quicker: the request is judged again as it is now.
        if (await store.replace(decided)) return decided;
      }
    },
  };
}

async function show(store: ApprovalStore, tenant: string, id: string): Promise<FiledApproval> {
  const filed = await store.get(tenant, id);
  if (filed === undefined) throw new GuardError('not_found', { message: 'No such request for approval.' });
  return filed;
}

async function consume(
  store: ApprovalStore,
  clock: Clock,
  pendingMax: number,
  request: ApprovalRequest,
): Promise<ApprovalState> {
  for (;;) {
    const filed = await store.findOpen(request.tenant, request.digest, clock.now());
    if (filed?.status === 'refused') return { state: 'refused', id: filed.id, reason: reasonOf(filed) };
    if (filed?.status === 'pending') return { state: 'pending', id: filed.id, because: undefined };
    if (filed !== undefined) {
      if (await store.replace({ ...filed, status: 'used', version: filed.version + 1 }))
        return { state: 'approved', approval: { id: filed.id, approvers: filed.decisions.map(({ by }) => by) } };
      continue;
    }
    const created = fileOf(request, clock.now());
    const because = await supersede(store, created);
    const inserted = await store.insert(created, pendingMax);
    if (inserted === 'inserted') return { state: 'pending', id: created.id, because };
    if (inserted === 'full') throw tooMany();
  }
}

const fileOf = (request: ApprovalRequest, nowMs: number): FiledApproval => ({
  ...request,
  id: randomBytes(16).toString('hex'),
  status: 'pending',
  version: 1,
  decisions: [],
  createdAtMs: nowMs,
  endedBecause: undefined,
});

/** Ends the requests of the same call that was another one then. @returns why the last of them ended. */
async function supersede(store: ApprovalStore, created: FiledApproval): Promise<string | undefined> {
  const { tenant, requester, createdAtMs } = created;
  let because: string | undefined;
  for (const earlier of await store.list({ tenant, requester }, createdAtMs)) {
    const endedBecause = supersededBy(earlier, created);
    if (endedBecause === undefined) continue;
    because = endedBecause;
    await store.replace({ ...earlier, status: 'superseded', endedBecause, version: earlier.version + 1 });
  }
  return because;
}

const reasonOf = ({ decisions }: FiledApproval): string | undefined =>
  decisions.find(({ verdict }) => verdict === 'deny')?.reason;

const tooMany = (): GuardError =>
  new GuardError('rate_limited', {
    message: 'Too many calls of this user wait for approval.',
    retryAfterSeconds: 60,
  });
