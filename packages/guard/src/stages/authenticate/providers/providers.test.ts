/** Rows O11, O16, O22 and U2: the access tokens of each provider are taken, and nothing else of it. */
import { describe, expect, it } from 'vitest';
import type { JsonObject, Principal } from '../../../call.ts';
import type { JwtIssuer } from '../issuer.ts';
import type { RefusedClaim } from '../refused.ts';
import { subjectOfIdToken } from '../subject.ts';
import { AUDIENCE, ISSUER, NOW, openHarness, token, type Claims } from '../testing/tokens.mts';
import { IDENTITY_PROVIDERS, type IdentityProviderName } from './index.ts';

/** What the presets are for: tokens as each provider makes them by default. */
const ACCESS_TOKENS: Readonly<Record<Exclude<IdentityProviderName, 'generic'>, Claims>> = {
  keycloak: {
    typ: 'Bearer',
    aud: [AUDIENCE, 'account'],
    azp: 'claude-code',
    client_id: undefined,
    scope: 'openid profile mcp:tools',
    realm_access: { roles: ['clerk', 'offline_access'] },
    sid: 's-1',
  },
  entra: {
    ver: '2.0',
    azp: 'claude-code',
    azpacr: '0',
    client_id: undefined,
    sub: 'pairwise-1',
    oid: 'alice',
    tid: 'tenant-1',
    scp: 'mcp.tools mcp.read',
    roles: ['clerk'],
    jti: undefined,
  },
  okta: {
    ver: 1,
    jti: 'AT.x',
    cid: 'claude-code',
    client_id: undefined,
    uid: 'alice',
    sub: 'alice@acme.example',
    scp: ['mcp:tools', 'openid'],
    roles: ['clerk'],
  },
  auth0: {
    azp: 'claude-code',
    client_id: undefined,
    aud: [AUDIENCE, `${ISSUER.issuer}/userinfo`],
    scope: 'openid mcp:tools',
    permissions: ['clerk'],
    jti: undefined,
  },
  google: { azp: 'claude-code', client_id: undefined, email: 'a@acme.example', email_verified: true, roles: ['clerk'] },
};

/** The ID token of the same sign-in, with this gateway as its audience: the worst case. */
const ID_TOKENS: Readonly<Record<keyof typeof ACCESS_TOKENS, Claims>> = {
  keycloak: { typ: 'ID', azp: 'claude-code', nonce: 'n', at_hash: 'h' },
  // Of a sign-in without a nonce: only `azp` is missing.
  entra: { ver: '2.0', oid: 'alice', roles: ['clerk'] },
  okta: { ver: 1, jti: 'ID.x', amr: ['pwd'], idp: '00o', nonce: 'n', at_hash: 'h' },
  auth0: { nonce: 'n', sid: 's' },
  google: { azp: 'claude-code', nonce: 'n', at_hash: 'h' },
};

const NAMES = Object.keys(ACCESS_TOKENS) as (keyof typeof ACCESS_TOKENS)[];

const issuerOf = (provider: IdentityProviderName): Partial<JwtIssuer> => ({
  provider,
  accessTokenProfile: provider === 'generic' ? 'rfc9068' : 'provider',
  claims: { ...IDENTITY_PROVIDERS[provider].claims, tenant: 'tenant' },
});

const send = (provider: IdentityProviderName, claims: Claims, over: Partial<JwtIssuer> = {}): Promise<Principal> =>
  openHarness({ issuer: { ...issuerOf(provider), ...over } }).bearer(token(claims, { typ: 'JWT' }));

async function refusedClaimOf(provider: IdentityProviderName, claims: Claims): Promise<RefusedClaim | undefined> {
  const harness = openHarness({ issuer: issuerOf(provider) });
  await expect(harness.bearer(token(claims, { typ: 'JWT' }))).rejects.toMatchObject({ code: 'unauthenticated' });
  return harness.claims[0];
}

describe.each(NAMES)('%s', (provider) => {
  const claims = ACCESS_TOKENS[provider];

  it('its access token is taken, and says who, which agent and which roles', async () => {
    const principal = await send(provider, claims);
    expect(principal.user).toMatchObject({ issuer: ISSUER.issuer, subject: 'alice' });
    expect(principal.user.roles).toContain('clerk');
    expect(principal.agent.clientId).toBe('claude-code');
  });

  it('O16 its ID token is refused, also with the audience of this gateway', async () => {
    expect(await refusedClaimOf(provider, { client_id: undefined, jti: undefined, ...ID_TOKENS[provider] })).toEqual({
      claim: expect.any(String),
      found: expect.any(String),
      accept: expect.stringContaining('nothing'),
    });
  });

  it('O11 an audience that the provider does not add by itself is refused', async () => {
    const refused = await refusedClaimOf(provider, { ...claims, aud: [AUDIENCE, 'https://other.example'] });
    expect(refused).toMatchObject({ claim: 'aud', found: `["${AUDIENCE}", "https://other.example"]` });
    expect(await refusedClaimOf(provider, { ...claims, aud: ['account'] })).toMatchObject({ claim: 'aud' });
  });

  it('without the preset the same token is refused', async () => {
    await expect(
      send('generic', claims, { accessTokenProfile: 'rfc9068', claims: ISSUER.claims }),
    ).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('an expired one is refused as any other', async () => {
    expect(await refusedClaimOf(provider, { ...claims, iat: NOW - 900, exp: NOW - 600 })).toEqual({
      claim: 'exp',
      found: '600 s ago',
      accept: 'identity.issuers[].clockSkew',
    });
  });
});

describe('scopes', () => {
  it.each([
    ['keycloak', ['openid', 'profile', 'mcp:tools']],
    ['entra', ['mcp.tools', 'mcp.read']],
    ['okta', ['mcp:tools', 'openid']],
    ['auth0', ['openid', 'mcp:tools']],
  ] as const)('%s: as a text or as a list', async (provider, scopes) => {
    expect((await send(provider, ACCESS_TOKENS[provider])).scopes).toEqual(scopes);
  });

  it.each([
    [['mcp:tools admin'], 'a list'],
    [['mcp:tools', 1], 'a list'],
    [[''], 'a list'],
  ])('O22 a list of anything but scope tokens is refused: %j', async (scp, found) => {
    expect(await refusedClaimOf('okta', { ...ACCESS_TOKENS.okta, scp })).toMatchObject({ claim: 'scp', found });
  });
});

describe('rights of applications', () => {
  it('entra: an application without a user has app roles instead of scopes', async () => {
    const { scp: _scp, ...claims } = ACCESS_TOKENS.entra;
    expect((await send('entra', { ...claims, oid: 'service-1', idtyp: 'app' })).scopes).toEqual([]);
  });

  it('okta: a token without cid names no client, and is refused', async () => {
    expect(await refusedClaimOf('okta', { ...ACCESS_TOKENS.okta, cid: undefined })).toMatchObject({ claim: 'cid' });
  });

  it('okta: a client of its own has no uid, and is its own subject', async () => {
    const own = { ...ACCESS_TOKENS.okta, uid: undefined, sub: 'claude-code' };
    expect((await send('okta', own)).user.subject).toBe('claude-code');
    expect(await refusedClaimOf('okta', { ...own, sub: 'alice@acme.example' })).toMatchObject({ claim: 'uid' });
  });
});

describe('entra', () => {
  it('tokens of version 1.0 are refused: they name the same person and another issuer', async () => {
    expect(await refusedClaimOf('entra', { ...ACCESS_TOKENS.entra, ver: '1.0' })).toMatchObject({
      claim: 'ver',
      found: '"1.0"',
      accept: expect.stringContaining('requestedAccessTokenVersion'),
    });
  });

  it.each([{ _claim_names: { groups: 'src1' } }, { hasgroups: true }])(
    'groups that a token leaves out are told: %j',
    async (over) => {
      const harness = openHarness({ issuer: issuerOf('entra') });
      const { user } = await harness.bearer(token({ ...ACCESS_TOKENS.entra, ...over }, { typ: 'JWT' }));
      expect(user.groups).toEqual([]);
      expect(harness.claims).toMatchObject([{ claim: 'groups' }]);
    },
  );
});

describe('U2 who signs in is who calls', () => {
  const issuer = (provider: IdentityProviderName): JwtIssuer => ({ ...ISSUER, ...issuerOf(provider) });
  it.each([
    ['keycloak', { sub: 'alice' }],
    ['entra', { sub: 'pairwise-2', oid: 'alice' }],
    ['okta', { sub: 'alice', preferred_username: 'alice@acme.example' }],
    ['auth0', { sub: 'alice' }],
    ['google', { sub: 'alice' }],
  ] as const)('%s: the ID token names the same subject as the access token', async (provider, idToken: JsonObject) => {
    const { user } = await send(provider, ACCESS_TOKENS[provider]);
    expect(subjectOfIdToken(idToken, issuer(provider))).toBe(user.subject);
  });

  it('an ID token without that claim names nobody', () => {
    expect(subjectOfIdToken({ sub: 'pairwise-2' }, issuer('entra'))).toBeUndefined();
    const longest = 'x'.repeat(1_022);
    expect(subjectOfIdToken({ sub: longest }, issuer('keycloak'))).toBe(longest);
    expect(subjectOfIdToken({ sub: `${longest}x` }, issuer('keycloak'))).toBeUndefined();
    const employees = { ...issuer('okta'), claims: { ...ISSUER.claims, subject: 'employee_id' } };
    expect(subjectOfIdToken({ sub: 'alice', employee_id: '7' }, employees)).toBe('7');
    expect(subjectOfIdToken({ sub: 'alice' }, employees)).toBeUndefined();
  });
});

describe('what the log says of a refused token', () => {
  it('is one short line, whatever the token has in it', async () => {
    const iss = `https://evil.test/\n\u202E${'x'.repeat(10_000)}`;
    const found = (await refusedClaimOf('keycloak', { iss }))?.found ?? '';
    expect(found).not.toMatch(/[\n\u202E]/u);
    expect(found.length).toBeLessThan(120);
  });
});
