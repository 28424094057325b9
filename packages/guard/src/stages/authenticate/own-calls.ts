/**
 * Credentials that only our own code constructs: the gateway's own calls, and requests of a server on behalf of a call.
 */
import type { Credentials, Principal } from '../../call.ts';
import { principalKey } from './principal-key.ts';

const USER = { issuer: 'urn:sallyport', subject: 'gateway', roles: [], groups: [], claims: {} };
const AGENT = { clientId: 'sallyport', actors: [] };
/** One object per tenant: caches hang on it. */
const gatewayPrincipals = new Map<string, Principal>();

/** The principal of our own credentials; `undefined` for every other kind. */
export function authenticateOwnCalls(credentials: Credentials): Principal | undefined {
  if (credentials.kind === 'on_behalf_of_call') return credentials.principal;
  return credentials.kind === 'gateway' ? gatewayPrincipal(credentials.tenant) : undefined;
}

function gatewayPrincipal(tenant: string): Principal {
  const known = gatewayPrincipals.get(tenant);
  if (known !== undefined) return known;
  const principal: Principal = {
    user: USER,
    agent: AGENT,
    scopes: [],
    tenantClaim: tenant,
    tier: undefined,
    expiresAtMs: undefined,
    key: principalKey(USER, AGENT, tenant),
  };
  gatewayPrincipals.set(tenant, principal);
  return principal;
}
