import type { Agent, User } from '../../call.ts';
import type { PrincipalKey } from '../../identifiers.ts';

/**
 * O25: exact issuer and subject, tenant and software, as a text that no other combination has.
 *
 * @example
 * ```ts
 * const user = { issuer: 'https://issuer.example', subject: 'alice' };
 * const key = principalKey(user, { clientId: 'cli', actors: [] }, 'acme');
 * ```
 */
export function principalKey(
  user: Pick<User, 'issuer' | 'subject'>,
  agent: Agent,
  tenant: string | undefined,
): PrincipalKey {
  return JSON.stringify([user.issuer, user.subject, tenant ?? null, agent.clientId, ...agent.actors]) as PrincipalKey;
}

/**
 * B7: the part of a key that is the same for all software of a user: issuer, subject and tenant.
 *
 * @example
 * ```ts
 * const isSameUser = (a: PrincipalKey, b: PrincipalKey): boolean => userPartOf(a) === userPartOf(b);
 * ```
 */
export function userPartOf(key: PrincipalKey): string {
  const parts: unknown = JSON.parse(key);
  return JSON.stringify(Array.isArray(parts) ? parts.slice(0, 3) : parts);
}
