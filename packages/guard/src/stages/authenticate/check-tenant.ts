import type { JsonObject } from '../../call.ts';
import { claimAt, type JwtIssuer } from './issuer.ts';

/**
 * B14: the tenant that a token names. An issuer names only the tenants that it was configured for: what it says of any
 * other one is treated as a tenant that does not exist, so that the stage after this one refuses it.
 *
 * @returns `undefined` when the token names no tenant of its issuer.
 */
export function checkTenant(payload: JsonObject, issuer: JwtIssuer): string | undefined {
  const claim = claimAt(payload, issuer.claims.tenant);
  if (claim === undefined) return issuer.tenantWithoutClaim;
  return typeof claim === 'string' && issuer.tenants.includes(claim) ? claim : undefined;
}
