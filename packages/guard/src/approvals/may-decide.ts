/** Who may decide about a request: somebody whom the demand names, and never the caller or its agent (U5). */
import type { ApprovalDemand, ApproverSelector, Decision, FiledApproval } from '../approval-store.ts';
import type { Principal } from '../call.ts';
import { GuardError } from '../errors.ts';
import { countedAs, demandsOf, isMet } from './demands.ts';
import { isSameHuman, isSelected, requesterOf, selectorText } from './people.ts';

/**
 * A no is heard from everybody whom a demand names; a yes only where it counts for something.
 *
 * @returns the selector that lets the person decide, and those under which a yes counts.
 * @throws GuardError `not_permitted` for the caller, its agent, somebody who has decided already, and everybody whom
 * the demand does not name.
 *
 * @example
 * ```ts
 * const selectorOf = (filed: FiledApproval, by: Principal): ApproverSelector => checkMayDecide(filed, by).as;
 * ```
 */
export function checkMayDecide(
  filed: FiledApproval,
  by: Principal,
  verdict: Decision['verdict'] = 'approve',
): Pick<Decision, 'as' | 'each'> {
  if (isCaller(filed, by)) throw refusal('Nobody decides about their own call, nor about that of their own agent.');
  const self = requesterOf(by.user);
  if (filed.decisions.some(({ by: { subject }, email }) => isSameHuman({ subject, email }, self)))
    throw refusal('This person has decided already.');
  const demands = demandsOf(filed.demand);
  const [named] = demands.flatMap(({ approvers }) => approvers.filter((selector) => isSelected(selector, by)));
  if (named === undefined) throw refusal(`Only ${approversText(demands)} may decide about this call.`);
  const each = demands.map((demand, index) => selectorFor(filed, demand, index, by));
  const counts = each.find((selector) => selector !== null);
  if (counts === undefined && verdict === 'approve') throw refusal('Somebody else has decided for this group already.');
  return demands.length === 1 ? { as: counts ?? named } : { as: counts ?? named, each };
}

/**
 * The user, under whatever issuer, or the agent: with client credentials, the subject of an agent's token is its client
 * id.
 */
function isCaller({ requester, agent }: FiledApproval, { user, agent: own }: Principal): boolean {
  if (isSameHuman(requester, requesterOf(user))) return true;
  const agents = [agent.clientId, ...agent.actors];
  return agents.includes(user.subject) || agents.includes(own.clientId) || own.actors.some((id) => agents.includes(id));
}

/** Under which selector a yes of the person counts for one demand; `null` when it does not. */
function selectorFor(
  filed: FiledApproval,
  demand: ApprovalDemand,
  index: number,
  by: Principal,
): ApproverSelector | null {
  if (isMet(demand, index, filed.decisions)) return null;
  const isTaken = (selector: ApproverSelector): boolean =>
    demand.distinct &&
    filed.decisions.some((earlier) => {
      const taken = countedAs(earlier, index);
      return taken !== undefined && selectorText(taken) === selectorText(selector);
    });
  return demand.approvers.find((selector) => isSelected(selector, by) && !isTaken(selector)) ?? null;
}

const approversText = (demands: readonly ApprovalDemand[]): string =>
  [...new Set(demands.flatMap(({ approvers }) => approvers.map(selectorText)))].join(', ');

const refusal = (message: string): GuardError => new GuardError('not_permitted', { message });
