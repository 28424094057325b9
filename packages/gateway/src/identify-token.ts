/** Whom a gateway with this configuration would take the holder of a credential for, found without one. */
import type { Identity, Principal } from '@sallyport/guard';
import { createMemoryTenants, steadyClock, systemClock } from '@sallyport/guard/memory';
import { createApiKeyAuthenticator, createAccessTokenAuthenticator, firstOf } from '@sallyport/guard/stages';
import { createKeySource } from '@sallyport/server/jwks/keys';
import { createIntrospect } from './adapters/openid-client/introspect.ts';
import type { Snapshot } from './snapshot.ts';
import { withKeysAndPins } from './stores.ts';

/** A user and the tenant that they act in; `tenant` is `undefined` where the gateway knows no such tenant. */
export interface KnownUser {
  readonly principal: Principal;
  readonly tenant: Identity['tenant'] | undefined;
}

/** @throws GuardError for a credential that is not accepted. */
export async function identifyToken(snapshot: Snapshot, token: string): Promise<KnownUser> {
  const { identity, tenants } = snapshot;
  const issuers = (): typeof identity.issuers => identity.issuers;
  const keys = createKeySource({ issuers, clock: steadyClock, log: () => undefined });
  const principal = await withKeysAndPins(snapshot, async ({ keys: apiKeys }) => {
    const byKey = createApiKeyAuthenticator(apiKeys, systemClock);
    const byToken = createAccessTokenAuthenticator({
      issuers,
      keys,
      clock: systemClock,
      incomplete: () => undefined,
      introspect: createIntrospect(
        (name) => identity.issuers.find(({ issuer }) => issuer === name)?.introspectionClient,
      ),
    });
    return firstOf(byToken, (credentials) => (identity.apiKeys ? byKey(credentials) : undefined))({
      kind: 'bearer',
      token,
    });
  });
  if (principal === undefined) throw new Error('The credential is neither an API key nor an access token.');
  const { tenantClaim } = principal;
  const tenant = tenantClaim === undefined ? undefined : await createMemoryTenants(() => tenants).find(tenantClaim);
  return { principal, tenant };
}
