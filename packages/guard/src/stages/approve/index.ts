/** Stage 7: must a human say yes? By rule; the yes is for exactly these bytes, once, until it expires. */
import type { Stages } from '../../guard.ts';
import type { ApprovalRequest, ApprovalState, ApprovalStore, Clock } from '../../ports.ts';
import type { Approval } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import { approvalDigest } from './digest.ts';

export { approvalDigest } from './digest.ts';

/** `*` stands for every server or tool. */
export interface ApprovalRule {
  readonly server: string;
  readonly tool: string;
}

export interface ApproveDeps {
  readonly rules: () => readonly ApprovalRule[];
  readonly store: ApprovalStore;
  readonly ttlMs: () => number;
  readonly clock: Clock;
}

export function createApprove({ rules, store, ttlMs, clock }: ApproveDeps): Stages['approve'] {
  return ({ principal, tenant }, { definition, input }, grant) => {
    if (definition?.kind !== 'tool') return undefined;
    const applies = rules().some(
      (rule) => matches(rule.server, definition.server) && matches(rule.tool, definition.name),
    );
    if (!applies) return undefined;
    const digest = approvalDigest({ principal, tenant, definition, input, revision: grant?.revision ?? '' });
    const question: ApprovalRequest = {
      digest,
      principal,
      tenant,
      definition,
      input,
      expiresAtMs: clock.now() + ttlMs(),
    };
    const state = store.consume(question);
    return state instanceof Promise ? state.then(settle) : settle(state);
  };
}

const matches = (pattern: string, name: string): boolean => pattern === '*' || pattern === name;

function settle(state: ApprovalState): Approval {
  switch (state.state) {
    case 'approved':
      return state.approval;
    case 'pending':
      throw new GuardError('approval_required', { data: { approval_id: state.id } });
    case 'refused':
      throw new GuardError('approval_refused', { data: { approval_id: state.id } });
    // A store that answers anything else has not said yes.
    default:
      throw new GuardError('internal', { cause: new Error('the approval store gave an unknown answer') });
  }
}
