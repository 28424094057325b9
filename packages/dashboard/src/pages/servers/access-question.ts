/** About whom the access of a server is asked: it stands in the address. */
import type { AskedUser } from '../../api/queries.ts';
import type { KnownPerson } from '../../api/types.ts';
import type { FilterValues } from '../../text/filter-values.ts';
import { listOf } from '../../text/list-of.ts';

/** Fields of the form, by their names in the address. */
export const ASKED = ['user', 'roles', 'groups', 'agent', 'issuer'] as const;
export type Asked = Readonly<Record<(typeof ASKED)[number], string>>;

/** The form as the address says it. */
export const askedIn = (values: FilterValues): Asked => {
  const { user = '', roles = '', groups = '', agent = '', issuer = '' } = values;
  return { user, roles, groups, agent, issuer };
};

/** A person who called lately, as they called last. */
export const askedAbout = ({ subject, issuer, roles, groups, agents }: KnownPerson): Asked => ({
  user: subject,
  issuer,
  roles: roles.join(', '),
  groups: groups.join(', '),
  agent: agents.at(-1) ?? '',
});

/** `undefined` while nobody is named. */
export function userOf({ user, roles, groups, agent, issuer }: Asked): AskedUser | undefined {
  if (user.trim() === '') return undefined;
  return {
    subject: user.trim(),
    ...(issuer.trim() !== '' && { issuer: issuer.trim() }),
    roles: listOf(roles),
    groups: listOf(groups),
    ...(agent.trim() !== '' && { agent: agent.trim() }),
  };
}
