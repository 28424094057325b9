/** Stage 7: must a person approve? An approval is for exactly these bytes, once, until it expires. */
import type { Stages } from '../../guard.ts';
import { andThen } from '../../maybe-promise.ts';
import type { ApprovalState, ApprovalStore, Clock } from '../../ports.ts';
import type { Approval } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import { approvalDigest } from './digest.ts';

export { approvalDigest } from './digest.ts';

/**
 * Which tools need an approval. `*` stands for every server or tool.
 *
 * @example
 * ```ts
 * const allDeletes: ApprovalRule = { server: '*', tool: 'delete' };
 * ```
 */
export interface ApprovalRule {
  readonly server: string;
  readonly tool: string;
}

/** What the approve stage works with. */
export interface ApproveDeps {
  /** Read for every call. */
  readonly rules: () => readonly ApprovalRule[];
  readonly store: ApprovalStore;
  readonly ttlMs: () => number;
  readonly clock: Clock;
}

/**
 * The approve stage.
 *
 * @example
 * ```ts
 * const approve = createApprove({
 *   rules: () => [{ server: 'crm', tool: '*' }],
 *   store: createMemoryApprovals(systemClock),
 *   ttlMs: () => 600_000,
 *   clock: systemClock,
 * });
 * ```
 */
export function createApprove({ rules, store, ttlMs, clock }: ApproveDeps): Stages['approve'] {
  return ({ principal, tenant }, { definition, input }, grant) => {
    if (definition?.kind !== 'tool') return undefined;
    const applies = rules().some(
      (rule) => matches(rule.server, definition.server) && matches(rule.tool, definition.name),
    );
    if (!applies) return undefined;
    const digest = approvalDigest({ principal, tenant, definition, input, revision: grant?.revision ?? '' });
    const expiresAtMs = clock.now() + ttlMs();
    return andThen(store.consume({ digest, principal, tenant, definition, input, expiresAtMs }), approvalOrRefusal);
  };
}

const matches = (pattern: string, name: string): boolean => pattern === '*' || pattern === name;

function approvalOrRefusal(state: ApprovalState): Approval {
  switch (state.state) {
    case 'approved':
      return state.approval;
    case 'pending':
      throw new GuardError('approval_required', { data: { approval_id: state.id } });
    case 'refused':
      throw new GuardError('approval_refused', { data: { approval_id: state.id } });
    // A store that answers anything else has not approved.
    default:
      throw new GuardError('internal', { cause: new Error('the approval store gave an unknown answer') });
  }
}
