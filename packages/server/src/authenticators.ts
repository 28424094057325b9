/** The authenticators of a server, from its options. */
import type { ApiKey, Authenticator, KeyStore, Log } from '@sallyport/guard';
import { createMemoryKeys, steadyClock, systemClock } from '@sallyport/guard/memory';
import {
  createApiKeyAuthenticator,
  createAccessTokenAuthenticator,
  IDENTITY_PROVIDERS,
  type JwtIssuer,
} from '@sallyport/guard/stages';
import type { EdgeIssuer } from './edge/deps.ts';
import { createKeySource } from './jwks/keys.ts';
import type { AuthOptions, IssuerOptions } from './options.ts';

/** Tried in order; none when nothing was configured. */
export function authenticatorsOf({ keys, issuers = [], authenticators = [] }: AuthOptions, log: Log): Authenticator[] {
  return [
    ...authenticators,
    ...(issuers.length === 0 ? [] : [jwtAuthenticator(issuers, log)]),
    ...(keys === undefined ? [] : [createApiKeyAuthenticator(storeOf(keys), systemClock)]),
  ];
}

function jwtAuthenticator(issuers: readonly IssuerOptions[], log: Log): Authenticator {
  const settings = issuers.map(issuerOf);
  const located = issuers.map(({ issuer, jwksUri }) => ({ issuer, jwksUri }));
  const source = createKeySource({ issuers: () => located, clock: steadyClock, log });
  return createAccessTokenAuthenticator({ issuers: () => settings, keys: source, clock: systemClock });
}

/** As strict as the gateway is without configuration. */
export function issuerOf({ jwksUri: _location, claims, ...given }: IssuerOptions): JwtIssuer {
  const provider = given.provider ?? 'generic';
  const onlyTenant = given.tenants.length === 1 ? given.tenants[0] : undefined;
  const preset = IDENTITY_PROVIDERS[provider].claims;
  return {
    multipleAudiences: false,
    algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
    provider,
    accessTokenProfile: provider === 'generic' ? 'rfc9068' : 'provider',
    introspection: false,
    requiredScopes: [],
    senderConstrained: false,
    tenantWithoutClaim: onlyTenant,
    allowedClients: undefined,
    clockSkewSeconds: 60,
    lifetimeSecondsMax: 86_400,
    ...given,
    // The provider's own organisations have other names than the one tenant that all its tokens are for.
    claims: {
      ...preset,
      ...(onlyTenant !== undefined && { tenant: IDENTITY_PROVIDERS.generic.claims.tenant }),
      ...claims,
    },
  };
}

/** What clients are told of the issuers (RFC 9728). */
export const edgeIssuersOf = (issuers: readonly IssuerOptions[]): readonly EdgeIssuer[] =>
  issuers.map(({ issuer, requiredScopes = [], senderConstrained = false }) => ({
    issuer,
    requiredScopes,
    senderConstrained,
    scopesSupported: requiredScopes,
  }));

function storeOf(keys: KeyStore | readonly ApiKey[]): KeyStore {
  if (!isList(keys)) return keys;
  const store = createMemoryKeys();
  for (const key of keys) void store.put(key);
  return store;
}

const isList = (keys: KeyStore | readonly ApiKey[]): keys is readonly ApiKey[] => Array.isArray(keys);
