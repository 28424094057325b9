import type { JsonObject, User } from '../../call.ts';
import { checkTenant } from './check-tenant.ts';
import { claimAt, type JwtIssuer } from './issuer.ts';

/**
 * What the claims of a token that was verified say of a user, by the settings of its issuer.
 *
 * @example
 * ```ts
 * const rolesOf = (claims: JsonObject, issuer: JwtIssuer): readonly string[] =>
 *   claimedUser(String(claims['sub']), claims, issuer).user.roles;
 * ```
 */
export function claimedUser(
  subject: string,
  claims: JsonObject,
  issuer: JwtIssuer,
): { readonly user: User; readonly tenantClaim: string | undefined } {
  const user = {
    issuer: issuer.issuer,
    subject,
    roles: texts(claimAt(claims, issuer.claims.roles)),
    groups: texts(claimAt(claims, issuer.claims.groups)),
    claims,
  };
  return { user, tenantClaim: checkTenant(claims, issuer) };
}

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
