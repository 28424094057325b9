/** What an identity provider's access tokens look like: each file beside this one knows one provider. */
import type { JsonObject } from '../../../call.ts';
import type { RefusedClaim } from '../refused.ts';

/**
 * What is known of one provider. Its access tokens do not follow RFC 9068, so that something else must tell them from
 * its ID tokens: a preset is stricter than `any-jwt`, which takes both.
 *
 * @example
 * ```ts
 * const isKnown = (provider: IdentityProvider, payload: JsonObject): boolean =>
 *   provider.refusedToken(payload) === undefined;
 * ```
 */
export interface IdentityProvider {
  /** @returns why the payload is not that of an access token for an API; `undefined` when it is. */
  readonly refusedToken: (payload: JsonObject) => RefusedClaim | undefined;
  /** @returns what an access token leaves out although the provider knows it, so that rights may be missing. */
  readonly incomplete: (payload: JsonObject) => RefusedClaim | undefined;
  /** Audiences that the provider adds by itself, beside the one that is asked for. */
  readonly audiencesBeside: (issuer: string) => readonly string[];
  /** Where its access tokens say what, by default. */
  readonly claims: ProviderClaims;
  /** Where its ID tokens have the value that `claims.subject` names in access tokens. */
  readonly idTokenSubject: string;
}

/**
 * Names of claims, or dotted paths.
 *
 * @example
 * ```ts
 * const paths = (claims: ProviderClaims): readonly string[] => Object.values(claims);
 * ```
 */
export interface ProviderClaims {
  readonly subject: string;
  readonly tenant: string;
  readonly roles: string;
  readonly groups: string;
  readonly agent: string;
  readonly scopes: string;
  readonly tier: string;
}

/** What the claims are called without a preset (RFC 9068 section 2.2). */
export const STANDARD_CLAIMS: ProviderClaims = {
  subject: 'sub',
  tenant: 'tenant_id',
  roles: 'roles',
  groups: 'groups',
  agent: 'client_id',
  scopes: 'scope',
  tier: 'tier',
};

/** Claims of OpenID Connect Core 2 and 3.1.3.6 that only ID tokens have. */
const OF_ID_TOKENS = ['nonce', 'at_hash', 'c_hash', 's_hash'];

/** @returns the claim that shows that this is an ID token. */
export function idTokenClaim(payload: JsonObject): RefusedClaim | undefined {
  const claim = OF_ID_TOKENS.find((name) => Object.hasOwn(payload, name));
  return claim === undefined
    ? undefined
    : { claim, found: 'present', accept: 'nothing: this is an ID token, and the client must send the access token' };
}
