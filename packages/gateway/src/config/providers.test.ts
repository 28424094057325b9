/** What `provider` of an issuer means, as the configuration says it. */
import { describe, expect, it } from 'vitest';
import { errorOf, snapshotOf } from './testing/load.mts';

const issuerOf = (fields: string) => {
  const text = `tenants: [acme]\nidentity: { issuers: [{ issuer: "https://x.example", audience: y${fields} }] }`;
  const { identity, weakenings } = snapshotOf(text);
  return { ...identity.issuers[0], weakenings };
};

describe('provider', () => {
  it.each([
    ['keycloak', 'sub', 'realm_access.roles', 'azp', 'scope', 'tenant_id'],
    ['entra', 'oid', 'roles', 'azp', 'scp', 'tid'],
    ['okta', 'uid', 'roles', 'cid', 'scp', 'tenant_id'],
    ['auth0', 'sub', 'permissions', 'azp', 'scope', 'org_id'],
    ['google', 'sub', 'roles', 'azp', 'scope', 'hd'],
  ])(
    '%s: the claims of its access tokens, and nothing is weakened',
    (provider, subject, roles, agent, scopes, tenant) => {
      expect(issuerOf(`, provider: ${provider}`)).toMatchObject({
        provider,
        accessTokenProfile: 'provider',
        claims: { subject, roles, agent, scopes, tenant, groups: 'groups', tier: 'tier' },
        weakenings: [],
      });
    },
  );

  it('what the configuration names itself goes before the preset', () => {
    const issuer = issuerOf(
      ', provider: okta, claims: { subject: employee, roles: groups }, accessTokenProfile: rfc9068',
    );
    expect(issuer).toMatchObject({
      accessTokenProfile: 'rfc9068',
      claims: { subject: 'employee', roles: 'groups', agent: 'cid' },
    });
  });

  it('B14 an issuer with one tenant does not ask the organisations of the provider', () => {
    expect(issuerOf(', provider: entra, tenant: acme')).toMatchObject({
      tenantWithoutClaim: 'acme',
      claims: { tenant: 'tenant_id' },
    });
  });

  it('clients are told to ask for scopesSupported, and for requiredScopes without it', () => {
    expect(issuerOf(', requiredScopes: [mcp], scopesSupported: [mcp, openid]').scopesSupported).toEqual([
      'mcp',
      'openid',
    ]);
    expect(issuerOf(', requiredScopes: [mcp]').scopesSupported).toEqual(['mcp']);
  });

  it('O21 one issuer is asked about opaque tokens, as a client whose secret is a reference', () => {
    const asks = (issuer: string) =>
      `{ issuer: "${issuer}", audience: y, introspection: { clientId: gw, clientSecret: { secret: "env:NONE" } } }`;
    expect(errorOf(`identity: { issuers: [${asks('https://x')}] }`)).toContain('NONE is not set');
    expect(errorOf(`identity: { issuers: [${asks('https://x')}, ${asks('https://y')}] }`)).toContain(
      'cannot be here, because https://x is asked already',
    );
  });

  it('an unknown provider is an error that lists the known ones', () => {
    expect(errorOf('identity: { issuers: [{ issuer: "https://x", audience: y, provider: ping }] }')).toContain(
      'expected one of "generic"|"entra"|"okta"|"keycloak"|"auth0"|"google"',
    );
  });
});
