import { GuardError } from '../../errors.ts';
import type { JsonObject } from '../../call.ts';
import type { JwtIssuer } from './issuer.ts';
import { refused } from './refused.ts';

/**
 * O22: scope tokens separated by single spaces (RFC 6749 section 3.3), compared as whole tokens.
 *
 * @throws GuardError `insufficient_scope` when a required one is missing.
 */
export function checkScopes({ scope }: JsonObject, issuer: JwtIssuer): readonly string[] {
  if (
    scope !== undefined &&
    (typeof scope !== 'string' || !/^([\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*)?$/.test(scope))
  )
    throw refused('scope');
  const scopes = scope === undefined || scope === '' ? [] : scope.split(' ');
  if (!issuer.requiredScopes.every((needed) => scopes.includes(needed))) {
    throw new GuardError('insufficient_scope', {
      data: { error: 'insufficient_scope', scope: issuer.requiredScopes.join(' ') },
    });
  }
  return scopes;
}
