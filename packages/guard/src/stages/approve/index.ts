/** Stage 7: must a person approve? An approval is for exactly these bytes, once, until it expires. */
import type { ApprovalDemand } from '../../approval-store.ts';
import type { ApprovalRequest, ApprovalState } from '../../approvals/index.ts';
import { allDemands } from '../../approvals/demands.ts';
import { requesterOf } from '../../approvals/people.ts';
import { rulesDigest } from '../../approvals/rules-digest.ts';
import type { Approval, Definition, Grant } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import type { Identity, Stages } from '../../guard.ts';
import { andThen, type MaybePromise } from '../../maybe-promise.ts';
import { asObject } from '../../json/is-object.ts';
import type { Condition } from '../../policy/condition.ts';
import type { Clock, PolicyRequest } from '../../ports.ts';
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
  /** Only tools whose approved definition says that they destroy something. */
  readonly destructiveOnly?: boolean;
  /** Only calls for which this holds, and those for which it cannot be said. */
  readonly when?: Condition;
  /** What `when` was compiled from, so that a rule with another condition is another rule. */
  readonly whenText?: string;
  /** `undefined`: nobody is asked, and no later rule asks either. */
  readonly demand: ApprovalDemand | undefined;
  /** How long a request waits, and how long its approval can be used, from when it was filed. */
  readonly ttlMs: number;
}

/** What the approve stage works with. */
export interface ApproveDeps {
  /** Read for every call. */
  readonly rules: () => readonly ApprovalRule[];
  /** How long a request waits that a policy asks for without a time. Read for every call. */
  readonly ttlMs: () => number;
  readonly approvals: { consume(request: ApprovalRequest): MaybePromise<ApprovalState> };
  /** Whether the live definition is known to differ from its pin. */
  readonly differs?: (definition: Definition) => MaybePromise<boolean>;
  readonly clock: Clock;
}

/**
 * What a call must wait for, and how long.
 *
 * @example
 * ```ts
 * const isShort = ({ ttlMs }: CallDemand): boolean => ttlMs < 60_000;
 * ```
 */
export interface CallDemand {
  readonly demand: ApprovalDemand;
  readonly ttlMs: number;
}

/**
 * The approve stage.
 *
 * @example
 * ```ts
 * const stageOf = (rules: readonly ApprovalRule[]) =>
 *   createApprove({
 *     rules: () => rules,
 *     ttlMs: () => 600_000,
 *     approvals: createApprovals(createMemoryApprovalStore(), systemClock),
 *     clock: systemClock,
 *   });
 * ```
 */
export function createApprove({ rules, ttlMs, approvals, differs, clock }: ApproveDeps): Stages['approve'] {
  return (identity, { row, definition, input }, grant, call) => {
    // A task was approved with the call that made it.
    if (definition?.kind !== 'tool' || row.target === 'task') return undefined;
    const request: PolicyRequest = { ...identity, action: 'call', definition, input, call };
    const inForce = rules();
    const asked = callDemand(inForce, request, grant, { now: clock.now(), ttlMs: ttlMs() });
    if (asked === undefined && call.approvalId === undefined) return undefined;
    const approved = { ...identity, definition, input, revision: grant?.revision ?? '' };
    const wanted = {
      ...requestOf(approved, asked ?? NOBODY_ASKED),
      rules: rulesDigest(inForce, { server: definition.server, tool: definition.name }),
      only: call.approvalId,
    };
    return andThen(differs?.(definition) ?? false, (isOther) => {
      // Nobody is asked about a call that would be refused afterwards, and no approval is used up by one.
      if (isOther) throw new GuardError('quarantined');
      return andThen(approvals.consume(wanted), approvalOrRefusal);
    });
  };
}

/** For a held call that nobody would be asked for any more. It is still used up, so that it goes on only once. */
const NOBODY_ASKED: CallDemand = {
  demand: { approvers: [], required: 0, distinct: false, source: '' },
  ttlMs: 0,
};

/**
 * What people must say before a call: what the first rule that matches asks for, and what every policy asks for that
 * permits the call. All of it must be met, within the shortest time.
 *
 * @returns `undefined` when nobody is asked.
 *
 * @example
 * ```ts
 * const isAsked = (rules: readonly ApprovalRule[], request: PolicyRequest, grant: Grant): boolean =>
 *   callDemand(rules, request, grant, { now: Date.now(), ttlMs: 600_000 }) !== undefined;
 * ```
 */
export function callDemand(
  rules: readonly ApprovalRule[],
  request: PolicyRequest,
  grant: Pick<Grant, 'approvals'> | undefined,
  { now, ttlMs }: { readonly now: number; readonly ttlMs: number },
): CallDemand | undefined {
  const rule = rules.find((candidate) => applies(candidate, request, now));
  const byRule = rule?.demand === undefined ? [] : [{ demand: rule.demand, ttlMs: rule.ttlMs }];
  const asked = [...byRule, ...(grant?.approvals ?? [])];
  const demand = allDemands(asked.map((part) => part.demand));
  return demand && { demand, ttlMs: Math.min(...asked.map((part) => part.ttlMs ?? ttlMs)) };
}

function applies(rule: ApprovalRule, request: PolicyRequest, nowMs: number): boolean {
  const { definition } = request;
  if (!matches(rule.server, definition.server) || !matches(rule.tool, definition.name)) return false;
  if (rule.destructiveOnly === true && !isDestructive(definition)) return false;
  if (rule.when === undefined) return true;
  const holds = rule.when(request, nowMs);
  // In doubt a rule that asks applies, and one that lets through does not.
  return holds === 'unclear' ? rule.demand !== undefined : holds;
}

/** As the approved definition says; a tool that says nothing is not taken for one. */
const isDestructive = ({ document }: Definition): boolean =>
  asObject(document['annotations'])['destructiveHint'] === true;

const matches = (pattern: string, name: string): boolean => pattern === '*' || pattern === name;

function requestOf(call: ApprovedCall & Identity, { demand, ttlMs }: CallDemand): ApprovalRequest {
  const { principal, tenant, definition, input, revision } = call;
  const { user, agent } = principal;
  return {
    tenant: tenant.id,
    digest: approvalDigest(call),
    requester: requesterOf(user),
    agent: { clientId: agent.clientId, actors: agent.actors },
    server: definition.server,
    tool: definition.name,
    definitionDigest: definition.digest,
    arguments: input,
    revision,
    demand,
    ttlMs,
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
    case 'ended':
      throw new GuardError('approval_refused', { data: { approval_id: state.id }, message: state.because });
    // A store that answers anything else has not approved.
    default:
      throw new GuardError('internal', { cause: new Error('the approval store gave an unknown answer') });
  }
}
