/** Who is who: people, and the selectors of a demand that name them. */
import type { ApproverSelector, Person } from '../approval-store.ts';
import type { Principal } from '../call.ts';

/**
 * Whether two names are of the same person. A subject means nothing without its issuer.
 *
 * @example
 * ```ts
 * const isOwn = ({ requester }: FiledApproval, person: Person): boolean => isSamePerson(requester, person);
 * ```
 */
export const isSamePerson = (a: Person, b: Person): boolean => a.issuer === b.issuer && a.subject === b.subject;

/**
 * Whether a selector names a person.
 *
 * @example
 * ```ts
 * const mayDecide = (approvers: readonly ApproverSelector[], by: Principal): boolean =>
 *   approvers.some((selector) => isSelected(selector, by));
 * ```
 */
export function isSelected({ kind, name, issuer }: ApproverSelector, { user }: Pick<Principal, 'user'>): boolean {
  if (issuer !== undefined && issuer !== user.issuer) return false;
  if (kind === 'user') return user.subject === name;
  return (kind === 'role' ? user.roles : user.groups).includes(name);
}

/**
 * A selector as configurations write it.
 *
 * @example
 * ```ts
 * const text = selectorText({ kind: 'group', name: 'finance-leads' }); // group:finance-leads
 * ```
 */
export const selectorText = ({ kind, name, issuer }: ApproverSelector): string =>
  issuer === undefined ? `${kind}:${name}` : `${kind}:${name} from ${issuer}`;

const SELECTOR = /^(user|role|group):(\S{1,128})(?: from (\S{1,2048}))?$/;

/**
 * Reads a selector.
 *
 * @returns `undefined` when the text is none.
 *
 * @example
 * ```ts
 * const bob = readSelector('user:bob from https://login.example.com');
 * ```
 */
export function readSelector(text: string): ApproverSelector | undefined {
  const [, kind, name, issuer] = SELECTOR.exec(text) ?? [];
  if ((kind !== 'user' && kind !== 'role' && kind !== 'group') || name === undefined) return undefined;
  return issuer === undefined ? { kind, name } : { kind, name, issuer };
}
