import type { JsonObject } from '../../call.ts';
import type { JwtIssuer } from './issuer.ts';
import { IDENTITY_PROVIDERS } from './providers/index.ts';
import { refused, WHICH_PROVIDER } from './refused.ts';

/** O17: what RFC 9068 section 2.2 requires of an access token, besides what is checked elsewhere. */
const REQUIRED = ['sub', 'client_id', 'iat', 'jti'];

/** O16, O17: an access token, as its issuer makes them, and no ID token or other one that it signs. */
export function checkAccessToken(payload: JsonObject, { accessTokenProfile, provider }: JwtIssuer): void {
  if (accessTokenProfile === 'rfc9068') {
    const missing = REQUIRED.find((name) => !Object.hasOwn(payload, name));
    if (missing === undefined) return;
    throw refused('claims', {
      of: { claim: missing, found: 'absent', accept: WHICH_PROVIDER },
    });
  }
  const of = accessTokenProfile === 'provider' ? IDENTITY_PROVIDERS[provider].refusedToken(payload) : undefined;
  if (of !== undefined) throw refused('type', { of });
}
