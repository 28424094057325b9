/** Uses an approval for exactly this call, or files a request for one. */
import { randomBytes } from 'node:crypto';
import type { ApprovalLimits, ApprovalStore, FiledApproval, Filing } from '../approval-store.ts';
import type { Approval } from '../call.ts';
import { GuardError } from '../errors.ts';
import { consumeNamed } from './consume-named.ts';
import { isOfOtherRules, RULES_CHANGED, superseded } from './outdated.ts';
import { supersededBy } from './superseded.ts';
import { reasonOf, use } from './use.ts';

/**
 * A call for which an approval is used or, when there is none, asked.
 *
 * @example
 * ```ts
 * const describe = ({ requester, tool }: ApprovalRequest): string => `${requester.subject} calls ${tool}`;
 * ```
 */
export interface ApprovalRequest extends Omit<
  FiledApproval,
  | 'id'
  | 'status'
  | 'version'
  | 'decisions'
  | 'createdAtMs'
  | 'expiresAtMs'
  | 'remindAtMs'
  | 'endedAtMs'
  | 'endedBecause'
  | 'execution'
> {
  /** How long the request waits, and how long its approval can be used, from when it is filed. */
  readonly ttlMs: number;
  /** Uses the request with this id or none, and files nothing: for a call that waited as a task. */
  readonly only?: string | undefined;
}

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
  | { readonly state: 'refused'; readonly id: string; readonly reason: string | undefined }
  /** Only of a request that was named. `because`: why it cannot be used, as a sentence. */
  | { readonly state: 'ended'; readonly id: string; readonly because: string };

/** @throws GuardError `rate_limited` when too many requests wait, or people said no too often. */
export async function consume(
  store: ApprovalStore,
  now: () => number,
  limits: () => ApprovalLimits,
  request: ApprovalRequest,
): Promise<ApprovalState> {
  if (request.only !== undefined) return consumeNamed(store, now, { ...request, only: request.only });
  let changed: string | undefined;
  for (;;) {
    const filed = await store.findOpen(request.tenant, request.digest, now());
    if (filed !== undefined && isOfOtherRules(filed, request)) {
      changed = RULES_CHANGED;
      await store.replace(superseded(filed, changed, now()), 'superseded', now());
      continue;
    }
    if (filed?.status === 'denied') return { state: 'refused', id: filed.id, reason: reasonOf(filed) };
    if (filed?.status === 'pending') return { state: 'pending', id: filed.id, because: undefined };
    if (filed !== undefined) {
      const used = await use(store, filed, now());
      if (used !== undefined) return used;
      continue;
    }
    const created = fileOf(request, now());
    const because = (await supersede(store, created)) ?? changed;
    const filing = await store.insert(created, limits());
    if (filing === 'inserted') return { state: 'pending', id: created.id, because };
    if (filing !== 'exists') throw tooMany(filing);
  }
}

/** People are reminded when three quarters of the time are over. */
const REMIND_AFTER = 0.75;

function fileOf({ ttlMs, only: _only, ...request }: ApprovalRequest, nowMs: number): FiledApproval {
  return {
    ...request,
    id: randomBytes(16).toString('hex'),
    status: 'pending',
    version: 1,
    decisions: [],
    createdAtMs: nowMs,
    expiresAtMs: nowMs + ttlMs,
    remindAtMs: nowMs + Math.floor(ttlMs * REMIND_AFTER),
    endedAtMs: undefined,
    endedBecause: undefined,
    execution: undefined,
  };
}

/** Ends the requests of the same call that was another one then. @returns why the last of them ended. */
async function supersede(store: ApprovalStore, created: FiledApproval): Promise<string | undefined> {
  const { tenant, requester, server, tool, createdAtMs } = created;
  let because: string | undefined;
  for (const earlier of await store.list({ tenant, requester, server, tool, status: 'open' }, createdAtMs)) {
    const endedBecause = supersededBy(earlier, created);
    if (endedBecause === undefined) continue;
    because = endedBecause;
    await store.replace(superseded(earlier, endedBecause, createdAtMs), 'superseded', createdAtMs);
  }
  return because;
}

const TOO_MANY: Readonly<Record<Exclude<Filing, 'inserted' | 'exists'>, string>> = {
  full: 'Too many calls of this user or agent wait for approval.',
  tenant_full: 'Too many calls in this organisation wait for approval.',
  denied_often: 'People refused several calls of this user lately. Nothing more is asked of them for a while.',
  withdrawn_often: 'Too many requests of this user were taken back lately. Nobody is asked for a while.',
};
const WAIT_OR_WITHDRAW =
  'Wait until some of them are decided, or take back what is not needed any more: sallyport approvals withdraw.';

const tooMany = (filing: keyof typeof TOO_MANY): GuardError =>
  new GuardError('rate_limited', {
    message: TOO_MANY[filing],
    ...(filing.endsWith('full') && { suggestion: WAIT_OR_WITHDRAW }),
    retryAfterSeconds: 60,
  });
