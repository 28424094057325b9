import { GuardError } from '../../errors.ts';
import type { JsonObject } from '../../call.ts';
import { claimAt, type JwtIssuer } from './issuer.ts';
import { refused } from './refused.ts';

/**
 * O22: scope tokens separated by single spaces (RFC 6749 section 3.3), compared as whole tokens. Some providers send
 * a list of them.
 *
 * @throws GuardError `insufficient_scope` when a required one is missing.
 */
export function checkScopes(payload: JsonObject, issuer: JwtIssuer): readonly string[] {
  const scopes = scopesIn(claimAt(payload, issuer.claims.scopes), issuer);
  if (!issuer.requiredScopes.every((needed) => scopes.includes(needed))) {
    throw new GuardError('insufficient_scope', {
      data: { error: 'insufficient_scope', scope: issuer.requiredScopes.join(' ') },
    });
  }
  return scopes;
}

const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

function scopesIn(claim: unknown, { claims, provider }: JwtIssuer): readonly string[] {
  if (claim === undefined || claim === '') return [];
  // RFC 6749 knows one text. A list is taken from a provider that is known to send one.
  const scopes = typeof claim === 'string' ? claim.split(' ') : claim;
  const isTaken = typeof claim === 'string' || provider !== 'generic';
  if (isTaken && Array.isArray(scopes) && scopes.every((one) => typeof one === 'string' && SCOPE.test(one)))
    return scopes;
  const found = Array.isArray(claim) ? 'a list' : typeof claim;
  throw refused('scope', {
    of: { claim: claims.scopes, found, accept: 'identity.issuers[].provider or claims.scopes' },
  });
}
