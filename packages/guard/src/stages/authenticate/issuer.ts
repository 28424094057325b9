import type { KeyObject } from 'node:crypto';
import type { JsonObject } from '../../call.ts';
import type { IdentityProviderName } from './providers/index.ts';
import type { ProviderClaims } from './providers/provider.ts';

/**
 * An issuer whose tokens are accepted, and how.
 *
 * @example
 * ```ts
 * const acceptsAnyJwt = (issuer: JwtIssuer): boolean => issuer.accessTokenProfile === 'any-jwt';
 * ```
 */
export interface JwtIssuer {
  /** Compared byte for byte with `iss`. */
  readonly issuer: string;
  /** The `aud` of this gateway. */
  readonly audience: string;
  /** Whether a token may name other audiences too. */
  readonly multipleAudiences: boolean;
  /** JWS names of asymmetric algorithms. */
  readonly algorithms: readonly string[];
  /** Which provider it is. */
  readonly provider: IdentityProviderName;
  /**
   * With `rfc9068`, `typ` must be `at+jwt` and all claims of RFC 9068 section 2.2 are required. With `provider`, the
   * rule of the provider tells access tokens from others.
   */
  readonly accessTokenProfile: 'rfc9068' | 'provider' | 'any-jwt';
  /** Whether tokens that are no JWTs are its own, so that it is asked about them (RFC 7662). */
  readonly introspection: boolean;
  readonly requiredScopes: readonly string[];
  /** Where the claims are: names, or dotted paths. */
  readonly claims: ProviderClaims;
  /** The tenants that its tokens may name. */
  readonly tenants: readonly string[];
  /** The tenant of a token without that claim; `undefined` = none, so that it is refused. */
  readonly tenantWithoutClaim: string | undefined;
  /** OAuth client ids that may present tokens; `undefined` = all. */
  readonly allowedClients: readonly string[] | undefined;
  /** Whether a token must be bound to a key (RFC 9449), so that a stolen one is of no use. */
  readonly senderConstrained: boolean;
  readonly clockSkewSeconds: number;
  readonly lifetimeSecondsMax: number;
}

/**
 * Finds the verification key of one issuer, and never one of another issuer.
 *
 * @example
 * ```ts
 * const oneKey = (key: CryptoKey): KeySource => ({ key: async () => key });
 * ```
 */
export interface KeySource {
  /**
   * Rejects when there is no key, or more than one. `kid` is the header's: a short string, or absent.
   */
  key(issuer: string, kid: string | undefined, algorithm: string): Promise<CryptoKey | KeyObject>;
}

/** The value at a dotted path, e.g. `realm_access.roles`; a claim whose own name has dots wins. */
export function claimAt(payload: JsonObject, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path];
  let value: unknown = payload;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as JsonObject)[part];
  }
  return value;
}
