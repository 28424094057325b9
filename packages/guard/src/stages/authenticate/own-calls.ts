/** Credentials that only our own code can make: the gateway's discovery, and what a server asks while it executes a call. */
import type { Credentials, Principal } from '../../call.ts';
import { principalKey } from './principal-key.ts';

const user = { issuer: 'urn:sallyport', subject: 'gateway', roles: [], groups: [], claims: {} };
const agent = { clientId: 'sallyport', actors: [] };
const principals = new Map<string, Principal>();

export function ownCalls(credentials: Credentials): Principal | undefined {
  if (credentials.kind === 'on_behalf_of_call') return credentials.principal;
  if (credentials.kind !== 'gateway') return undefined;
  const { tenant } = credentials;
  let principal = principals.get(tenant);
  if (principal === undefined) {
    principal = {
      user,
      agent,
      scopes: [],
      tenantClaim: tenant,
      tier: undefined,
      expiresAtMs: undefined,
      key: principalKey(user, agent, tenant),
    };
    principals.set(tenant, principal);
  }
  return principal;
}
