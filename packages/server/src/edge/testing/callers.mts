/** Bearer tokens of tests, and whom they authenticate. */
import { GuardError, type Credentials, type Principal } from '@sallyport/guard';
import { principalKey } from '@sallyport/guard/stages';

/** Token → caller: `alice2` is alice with a refreshed token, `alice-bot` is alice through another agent. */
const CALLERS: Readonly<Record<string, readonly [subject: string, tenant: string, agent: string]>> = {
  alice: ['alice', 'acme', 'agent'],
  alice2: ['alice', 'acme', 'agent'],
  'alice-bot': ['alice', 'acme', 'bot'],
  bob: ['bob', 'acme', 'agent'],
  carol: ['carol', 'globex', 'agent'],
  nobody: ['nobody', 'nowhere', 'agent'],
};
export const ISSUER = 'https://issuer.test';

/**
 * The principal of a token. `alice.3` is another user of the same tenant and agent; `undefined` for an unknown token.
 */
export function principalOf(token: string): Principal | undefined {
  const [name = '', suffix] = token.split('.');
  const caller = Object.hasOwn(CALLERS, name) ? CALLERS[name] : undefined;
  if (caller === undefined) return undefined;
  const [subject, tenant, clientId] = caller;
  const user = {
    issuer: ISSUER,
    subject: suffix === undefined ? subject : `${subject}.${suffix}`,
    roles: [],
    groups: [],
    claims: {},
  };
  const agent = { clientId, actors: [] };
  return {
    user,
    agent,
    scopes: [],
    tenantClaim: tenant,
    tier: undefined,
    expiresAtMs: undefined,
    key: principalKey(user, agent, tenant),
  };
}

/** `narrow` is a token without the scopes that it needs. @throws GuardError for tokens that are not accepted. */
export function authenticate(credentials: Credentials): Principal | undefined {
  if (credentials.kind !== 'bearer') return undefined;
  if (credentials.token === 'narrow')
    throw new GuardError('insufficient_scope', { data: { error: 'insufficient_scope', scope: 'mcp:read mcp:call' } });
  const principal = principalOf(credentials.token);
  if (principal === undefined) throw new GuardError('unauthenticated', { data: { error: 'invalid_token' } });
  return principal;
}
