/** Stage 7: must a person approve? An approval is for exactly these bytes, once, until it expires. */
import type { ApprovalDemand } from '../../approval-store.ts';
import type { ApprovalRequest, ApprovalState } from '../../approvals/index.ts';
import type { Approval } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import type { Identity, Stages } from '../../guard.ts';
import { andThen, type MaybePromise } from '../../maybe-promise.ts';
import type { Clock } from '../../ports.ts';
import { approvalDigest, type ApprovedCall } from './digest.ts';

export { approvalDigest } from './digest.ts';

/**
 * Which tools need an approval, and of whom. `*` stands for every server or tool. The first rule that matches asks.
 *
 * @example
 * ```ts
 * const allDeletes: ApprovalRule = {
 *   server: '*',
 *   tool: 'delete',
 *   demand: { approvers: [{ kind: 'role', name: 'approver' }], required: 1, distinct: false, source: 'deletes' },
 *   ttlMs: 600_000,
 * };
 * ```
 */
export interface ApprovalRule {
  readonly server: string;
  readonly tool: string;
  readonly demand: ApprovalDemand;
  /** How long a request waits, and how long its approval can be used, from when it was filed. */
  readonly ttlMs: number;
}

/** What the approve stage works with. */
export interface ApproveDeps {
  /** Read for every call. */
  readonly rules: () => readonly ApprovalRule[];
  readonly approvals: { consume(request: ApprovalRequest): MaybePromise<ApprovalState> };
  readonly clock: Clock;
}

/**
 * The approve stage.
 *
 * @example
 * ```ts
 * const stageOf = (rules: readonly ApprovalRule[]) =>
 *   createApprove({
 *     rules: () => rules,
 *     approvals: createApprovals(createMemoryApprovalStore(), systemClock),
 *     clock: systemClock,
 *   });
 * ```
 */
export function createApprove({ rules, approvals, clock }: ApproveDeps): Stages['approve'] {
  return (identity, { row, definition, input }, grant) => {
    // A task was approved with the call that made it.
    if (definition?.kind !== 'tool' || row.target === 'task') return undefined;
    const rule = rules().find(
      ({ server, tool }) => matches(server, definition.server) && matches(tool, definition.name),
    );
    if (rule === undefined) return undefined;
    const call = { ...identity, definition, input, revision: grant?.revision ?? '' };
    return andThen(approvals.consume(requestOf(call, rule, clock.now())), approvalOrRefusal);
  };
}

const matches = (pattern: string, name: string): boolean => pattern === '*' || pattern === name;

function requestOf(call: ApprovedCall & Identity, { demand, ttlMs }: ApprovalRule, nowMs: number): ApprovalRequest {
  const { principal, tenant, definition, input, revision } = call;
  const { user, agent } = principal;
  return {
    tenant: tenant.id,
    digest: approvalDigest(call),
    requester: { issuer: user.issuer, subject: user.subject },
    agent: { clientId: agent.clientId, actors: agent.actors },
    server: definition.server,
    tool: definition.name,
    definitionDigest: definition.digest,
    arguments: input,
    revision,
    demand,
    expiresAtMs: nowMs + ttlMs,
  };
}

function approvalOrRefusal(state: ApprovalState): Approval {
  switch (state.state) {
    case 'approved':
      return state.approval;
    case 'pending':
      throw new GuardError('approval_required', {
        data: { approval_id: state.id },
        ...(state.because === undefined ? {} : { message: `${state.because} A person must approve this call again.` }),
      });
    case 'refused':
      throw new GuardError('approval_refused', {
        data: { approval_id: state.id },
        ...(state.reason === undefined ? {} : { message: `A person refused this call: ${state.reason}` }),
      });
    // A store that answers anything else has not approved.
    default:
      throw new GuardError('internal', { cause: new Error('the approval store gave an unknown answer') });
  }
}
