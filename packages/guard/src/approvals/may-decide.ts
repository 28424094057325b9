/** Who may decide about a request: somebody whom the demand names, and never the caller or its agent (U5). */
import type { ApproverSelector, FiledApproval } from '../approval-store.ts';
import type { Principal } from '../call.ts';
import { GuardError } from '../errors.ts';

/**
 * @returns the selector that lets the person decide.
 * @throws GuardError `not_permitted` for the caller, its agent, somebody who has decided already, and everybody whom
 * the demand does not name.
 */
export function checkMayDecide(filed: FiledApproval, by: Principal): ApproverSelector {
  if (isCaller(filed, by)) throw refusal('Nobody decides about their own call, nor about that of their own agent.');
  const { issuer, subject } = by.user;
  if (filed.decisions.some(({ by: earlier }) => earlier.issuer === issuer && earlier.subject === subject))
    throw refusal('This person has decided already.');
  const { approvers, distinct } = filed.demand;
  const named = approvers.filter((selector) => isNamed(selector, by));
  if (named.length === 0) throw refusal(`Only ${listOf(approvers)} may decide about this call.`);
  const free = distinct ? named.filter((selector) => !isTaken(filed, selector)) : named;
  if (free[0] === undefined) throw refusal('Somebody else has decided for this group already.');
  return free[0];
}

/** The user, or the agent: with client credentials, the subject of an agent's token is its client id. */
function isCaller({ requester, agent }: FiledApproval, { user, agent: own }: Principal): boolean {
  if (requester.issuer === user.issuer && requester.subject === user.subject) return true;
  const agents = [agent.clientId, ...agent.actors];
  return agents.includes(user.subject) || agents.includes(own.clientId) || own.actors.some((id) => agents.includes(id));
}

function isNamed({ kind, name }: ApproverSelector, { user }: Principal): boolean {
  if (kind === 'user') return user.subject === name;
  return (kind === 'role' ? user.roles : user.groups).includes(name);
}

const isTaken = ({ decisions }: FiledApproval, { kind, name }: ApproverSelector): boolean =>
  decisions.some(({ as }) => as.kind === kind && as.name === name);

const listOf = (approvers: readonly ApproverSelector[]): string =>
  approvers.map(({ kind, name }) => `${kind}:${name}`).join(', ');

const refusal = (message: string): GuardError => new GuardError('not_permitted', { message });
