/** Who is who: people, and the selectors of a demand that name them. */
import type { ApproverSelector, Person, Requester } from '../approval-store.ts';
import type { Principal, User } from '../call.ts';

/**
 * Whether two names are of the same person. A subject means nothing without its issuer.
 *
 * @example
 * ```ts
 * const isOwn = ({ requester }: FiledApproval, person: Person): boolean => isSamePerson(requester, person);
 * ```
 */
export const isSamePerson = (a: Person, b: Person): boolean => a.issuer === b.issuer && a.subject === b.subject;

/** Somebody by the names that an issuer has for them. */
interface Named {
  readonly subject: string;
  /** Verified by the issuer. */
  readonly email?: string | undefined;
}

/**
 * Whether two accounts may be of one human being, under whatever issuer: who signs in twice, or has a key as well, says
 * yes once, and not to an own call (U5). One issuer may name by an address whom another one names by an id.
 */
export function isSameHuman(a: Named, b: Named): boolean {
  const names = new Set(namesOf(a));
  return namesOf(b).some((name) => names.has(name));
}

const namesOf = ({ subject, email }: Named): readonly string[] =>
  [subject, ...(email === undefined ? [] : [email])].map((name) => name.normalize('NFKC').toLowerCase());

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

const NAME_LENGTH_MAX = 200;
/** Control, format (bidirectional, zero-width), private-use and lone surrogate characters. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;

/**
 * The user of a call, with the name and the e-mail address that the token states (OpenID Connect Core 5.1). An address
 * that the issuer has not verified could be that of somebody else, and is left out.
 *
 * @example
 * ```ts
 * const name = (user: User): string => requesterOf(user).name ?? user.subject;
 * ```
 */
export function requesterOf({ issuer, subject, claims }: User): Requester {
  const name = textClaim(claims['name']) ?? textClaim(claims['preferred_username']);
  const email = claims['email_verified'] === true ? textClaim(claims['email']) : undefined;
  return { issuer, subject, ...(name !== undefined && { name }), ...(email !== undefined && { email }) };
}

function textClaim(claim: unknown): string | undefined {
  if (typeof claim !== 'string') return undefined;
  const text = claim.slice(0, NAME_LENGTH_MAX).replace(INVISIBLE, '').trim();
  return text === '' ? undefined : text;
}
