/** The authenticators of a server, from its options. */
import type { ApiKey, Authenticator, KeyStore, Log } from '@sallyport/guard';
import { createMemoryKeys, steadyClock, systemClock } from '@sallyport/guard/memory';
import { createApiKeyAuthenticator, createBearerJwt, type JwtIssuer } from '@sallyport/guard/stages';
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
  return createBearerJwt({ issuers: () => settings, keys: source, clock: systemClock });
}

/** As strict as the gateway is without configuration. */
export function issuerOf({ jwksUri: _location, claims, ...given }: IssuerOptions): JwtIssuer {
  return {
    multipleAudiences: false,
    algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
    accessTokenProfile: 'rfc9068',
    requiredScopes: [],
    tenantWithoutClaim: given.tenants.length === 1 ? given.tenants[0] : undefined,
    allowedClients: undefined,
    clockSkewSeconds: 60,
    lifetimeSecondsMax: 86_400,
    ...given,
    claims: { tenant: 'tenant_id', roles: 'roles', groups: 'groups', agent: 'client_id', tier: 'tier', ...claims },
  };
}

function storeOf(keys: KeyStore | readonly ApiKey[]): KeyStore {
  if (!isList(keys)) return keys;
  const store = createMemoryKeys();
  for (const key of keys) void store.put(key);
  return store;
}

const isList = (keys: KeyStore | readonly ApiKey[]): keys is readonly ApiKey[] => Array.isArray(keys);
