/** Who may decide about a request: somebody whom the demand names, and never the caller or its agent (U5). */
import type { ApproverSelector, FiledApproval } from '../approval-store.ts';
import type { Principal } from '../call.ts';
import { GuardError } from '../errors.ts';
import { isSamePerson, isSelected, selectorText } from './people.ts';

/**
 * @returns the selector that lets the person decide.
 * @throws GuardError `not_permitted` for the caller, its agent, somebody who has decided already, and everybody whom
 * the demand does not name.
 */
export function checkMayDecide(filed: FiledApproval, by: Principal): ApproverSelector {
  if (isCaller(filed, by)) throw refusal('Nobody decides about their own call, nor about that of their own agent.');
  if (filed.decisions.some((earlier) => isSamePerson(earlier.by, by.user)))
    throw refusal('This person has decided already.');
  const { approvers, distinct } = filed.demand;
  const named = approvers.filter((selector) => isSelected(selector, by));
  if (named.length === 0) throw refusal(`Only ${approvers.map(selectorText).join(', ')} may decide about this call.`);
  const free = distinct ? named.filter((selector) => !isTaken(filed, selector)) : named;
  if (free[0] === undefined) throw refusal('Somebody else has decided for this group already.');
  return free[0];
}

/** The user, or the agent: with client credentials, the subject of an agent's token is its client id. */
function isCaller({ requester, agent }: FiledApproval, { user, agent: own }: Principal): boolean {
  if (isSamePerson(requester, user)) return true;
  const agents = [agent.clientId, ...agent.actors];
  return agents.includes(user.subject) || agents.includes(own.clientId) || own.actors.some((id) => agents.includes(id));
}

const isTaken = ({ decisions }: FiledApproval, selector: ApproverSelector): boolean =>
  decisions.some(({ as }) => selectorText(as) === selectorText(selector));

const refusal = (message: string): GuardError => new GuardError('not_permitted', { message });
