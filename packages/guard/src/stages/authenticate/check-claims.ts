import type { JsonObject, Principal } from '../../call.ts';
import { checkAgent } from './check-agent.ts';
import { checkAudience } from './check-audience.ts';
import { checkScopes } from './check-scopes.ts';
import { claimedUser } from './claimed-user.ts';
import { checkTimes } from './check-times.ts';
import { claimAt, type JwtIssuer } from './issuer.ts';
import { principalKey } from './principal-key.ts';
import { subjectOfAccessToken } from './subject.ts';

/**
 * The claims of a token, which its issuer signed or said when it was asked, as a principal.
 *
 * @throws GuardError `unauthenticated` or `insufficient_scope` for the first claim that is not accepted.
 */
export function checkClaims(payload: JsonObject, issuer: JwtIssuer, nowMs: number): Principal {
  checkAudience(payload, issuer);
  const exp = checkTimes(payload, issuer, nowMs);
  const agent = checkAgent(payload, issuer);
  const scopes = checkScopes(payload, issuer);
  const subject = subjectOfAccessToken(payload, issuer, agent);
  const { user, tenantClaim } = claimedUser(subject, payload, issuer);
  return {
    user,
    agent,
    scopes,
    tenantClaim,
    tier: text(claimAt(payload, issuer.claims.tier)),
    expiresAtMs: exp * 1000,
    key: principalKey(user, agent, tenantClaim),
  };
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
