/** The authorization server from discovery to revocation, over HTTP, with the gateway that believes it. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Browser } from './browser.ts';
import {
  allow,
  authorization,
  CALLBACK,
  codeFor,
  post,
  redeem,
  refresh,
  register,
  registered,
  returned,
  signIn,
  tokensOf,
  toolsOf,
} from './client.ts';
import { ALICE, BOB, BOBS_TOOL, openSignInGateway, type SignInGateway } from './gateway.ts';

let gateway: SignInGateway;
const said: string[] = [];
beforeAll(async () => {
  for (const level of ['info', 'warn'] as const)
    vi.spyOn(console, level).mockImplementation((line: string) => void said.push(line));
  gateway = await openSignInGateway();
});
afterAll(() => gateway?.close());

const json = async (path: string): Promise<Record<string, unknown>> =>
  (await fetch(`${gateway.url}${path}`)).json() as Promise<Record<string, unknown>>;

describe('discovery', () => {
  it('RFC 9728 leads from a refused request to the authorization server', async () => {
    const refused = await fetch(`${gateway.url}/mcp`, {
      method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    });
    const where = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '')?.[1] ?? '';
    expect([refused.status, where]).toEqual([401, `${gateway.url}/.well-known/oauth-protected-resource/mcp`]);
    expect(await (await fetch(where)).json()).toMatchObject({
      resource: gateway.resource,
      authorization_servers: [`${gateway.url}/oauth`],
    });
  });

  it.each([
    '/.well-known/oauth-authorization-server/oauth',
    '/.well-known/openid-configuration/oauth',
    '/oauth/.well-known/oauth-authorization-server',
    '/oauth/.well-known/openid-configuration',
  ])('RFC 8414 %s', async (path) => {
    const { url } = gateway;
    expect(await json(path)).toMatchObject({
      issuer: `${url}/oauth`,
      authorization_endpoint: `${url}/oauth/authorize`,
      token_endpoint: `${url}/oauth/token`,
      registration_endpoint: `${url}/oauth/register`,
      revocation_endpoint: `${url}/oauth/revoke`,
      jwks_uri: `${url}/oauth/jwks`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      scopes_supported: expect.arrayContaining(['mcp', 'offline_access']),
      authorization_response_iss_parameter_supported: true,
    });
  });

  it('publishes keys without their private part', async () => {
    const { keys } = (await json('/oauth/jwks')) as { keys: Record<string, unknown>[] };
    expect(keys.map(({ kty, alg, use }) => ({ kty, alg, use }))).toEqual([{ kty: 'EC', alg: 'ES256', use: 'sig' }]);
    expect(keys[0]).not.toHaveProperty('d');
    expect(statSync(join(gateway.folder, 'data', 'sign-in.keys.json')).mode & 0o777).toBe(0o600);
  });
});

describe('the flow', () => {
  it('RFC 7591 registers a public client under the name that it gives', async () => {
    const { status, body } = await register(gateway, { client_name: 'Cursor', token_endpoint_auth_method: 'none' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      client_name: 'Cursor',
      redirect_uris: [CALLBACK],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
    });
    expect(body).not.toHaveProperty('client_secret');
  });

  it.each(['client_secret_basic', 'client_secret_post'])(
    'RFC 7591 a client with a secret must show it: %s',
    async (method) => {
      const { body } = await register(gateway, { token_endpoint_auth_method: method });
      const client_id = String(body['client_id']);
      const { code, verifier } = await codeFor(gateway, client_id, ALICE);
      expect(await redeem(gateway, { client_id, code, code_verifier: verifier })).toMatchObject({
        status: 401,
        body: { error: 'invalid_client' },
      });
      if (method === 'client_secret_post')
        tokensOf(
          await redeem(gateway, {
            client_id,
            code,
            code_verifier: verifier,
            client_secret: String(body['client_secret']),
          }),
        );
    },
  );

  it.each([
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'https://claude.ai/api/mcp/auth_callback',
    'http://localhost:33418/',
    'http://[::1]:1/cb',
    'com.example.app:/cb',
  ])('registers what clients really use: %s', async (uri) => {
    expect((await register(gateway, { redirect_uris: [uri] })).status).toBe(201);
  });

  it('a token is for the requested resource and the user who signed in, and works', async () => {
    const { access, claims } = await signIn(gateway, await registered(gateway), ALICE);
    expect(decodeProtectedHeader(access)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
    expect(claims).toMatchObject({
      iss: `${gateway.url}/oauth`,
      aud: gateway.resource,
      sub: 'alice',
      tenant_id: 'acme',
      roles: ['admin'],
      scope: 'mcp',
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(3_600);
    expect(((await toolsOf(gateway, access)) as string[]).length).toBeGreaterThan(3);
    expect(await toolsOf(gateway, access, '/mcp')).toContain(`fixture__${BOBS_TOOL}`);
  });

  it("RFC 8707 one server's endpoint is a resource too, and the token is for the gateway", async () => {
    const { access, claims } = await signIn(gateway, await registered(gateway), ALICE, {
      params: { resource: `${gateway.resource}/fixture` },
    });
    expect(claims.aud).toBe(gateway.resource);
    expect(await toolsOf(gateway, access)).toContain(BOBS_TOOL);
  });

  it.each([
    [undefined, undefined],
    [undefined, 'mcp'],
    ['offline_access mcp', undefined],
    ['openid mcp', 'here'],
    ['profile', undefined],
  ])('a client that asks for scope %s and resource %s gets what there is', async (scope, resource) => {
    const { access, claims } = await signIn(gateway, await registered(gateway), ALICE, {
      params: { scope, resource: resource === undefined ? undefined : gateway.resource },
    });
    expect(claims).toMatchObject({ aud: gateway.resource, scope: 'mcp' });
    expect(await toolsOf(gateway, access)).toContain(BOBS_TOOL);
  });

  it('the gateway knows the user of the token: bob sees what bob may see', async () => {
    const { access, claims } = await signIn(gateway, await registered(gateway), BOB);
    expect(claims).toMatchObject({ sub: 'bob', roles: ['analyst'] });
    expect(await toolsOf(gateway, access)).toEqual([BOBS_TOOL]);
  });

  it('O25 bob, who signs in after alice in the same browser and client, is bob', async () => {
    const [browser, client] = [new Browser(), await registered(gateway)];
    const alice = await signIn(gateway, client, ALICE, { browser });
    const bob = await signIn(gateway, client, BOB, { browser });
    expect([alice.claims.sub, bob.claims.sub]).toEqual(['alice', 'bob']);
    expect(tokensOf(await refresh(gateway, client, bob.refresh)).claims).toMatchObject({
      sub: 'bob',
      roles: ['analyst'],
    });
    expect(tokensOf(await refresh(gateway, client, alice.refresh)).claims).toMatchObject({
      sub: 'alice',
      roles: ['admin'],
    });
  });

  it('O25 bob, who signs in after alice in the same browser, is not affected by what alice allowed', async () => {
    const [browser, here, there] = [new Browser(), await registered(gateway), await registered(gateway)];
    await signIn(gateway, here, ALICE, { browser });
    await signIn(gateway, there, ALICE, { browser });
    await signIn(gateway, here, BOB, { browser });
    expect((await signIn(gateway, there, BOB, { browser })).claims.sub).toBe('bob');
  });

  it('RFC 9207 the answer carries the issuer and the state, and so does a refusal by the user', async () => {
    const [browser, client] = [new Browser(), await registered(gateway)];
    const first = authorization(gateway, client);
    const back = returned(await allow(browser, await browser.open(first.url), ALICE));
    expect([back.get('iss'), back.get('state')]).toEqual([`${gateway.url}/oauth`, first.state]);
    const second = authorization(gateway, client);
    const refused = returned(await browser.submit(await browser.open(second.url), { answer: 'cancel' }));
    expect(Object.fromEntries(refused)).toEqual({
      error: 'access_denied',
      error_description: 'the user refused',
      iss: `${gateway.url}/oauth`,
      state: second.state,
    });
  });
});

describe('P10 refresh tokens', () => {
  it('P10 rotate, and a reused one is refused and revokes its family', async () => {
    const client = await registered(gateway);
    const first = await signIn(gateway, client, ALICE);
    const second = tokensOf(await refresh(gateway, client, first.refresh));
    expect(second.refresh).not.toBe(first.refresh);
    expect(second.claims).toMatchObject({ sub: 'alice', aud: gateway.resource, scope: 'mcp', tenant_id: 'acme' });
    expect(await toolsOf(gateway, second.access)).toContain(BOBS_TOOL);
    expect(await refresh(gateway, client, first.refresh)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect(await refresh(gateway, client, second.refresh)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it('P10 at most one of 20 parallel uses succeeds', async () => {
    const client = await registered(gateway);
    const { refresh: token } = await signIn(gateway, client, ALICE);
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(gateway, client, token)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  });

  it('P10 are refused from another client', async () => {
    const { refresh: token } = await signIn(gateway, await registered(gateway), ALICE);
    expect(await refresh(gateway, await registered(gateway), token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it('RFC 7009 end when they are revoked, by their own client only', async () => {
    const client = await registered(gateway);
    const { refresh: token } = await signIn(gateway, client, ALICE);
    expect((await post(gateway, 'revoke', { client_id: await registered(gateway), token })).status).toBe(200);
    const next = tokensOf(await refresh(gateway, client, token));
    expect((await post(gateway, 'revoke', { client_id: client, token: next.refresh })).status).toBe(200);
    expect(await refresh(gateway, client, next.refresh)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });
});

describe('P4 codes', () => {
  it('P4 work once, and a second use revokes the tokens of the first', async () => {
    const client_id = await registered(gateway);
    const { code, verifier } = await codeFor(gateway, client_id, ALICE);
    const given = tokensOf(await redeem(gateway, { client_id, code, code_verifier: verifier }));
    expect(await redeem(gateway, { client_id, code, code_verifier: verifier })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect(await refresh(gateway, client_id, given.refresh)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it('P4 at most one of 50 parallel uses succeeds', async () => {
    const client_id = await registered(gateway);
    const { code, verifier } = await codeFor(gateway, client_id, ALICE);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => redeem(gateway, { client_id, code, code_verifier: verifier })),
    );
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  });

  it('P3 P4 need their verifier, their client and their redirect address', async () => {
    const client_id = await registered(gateway);
    const { code, verifier } = await codeFor(gateway, client_id, ALICE);
    const proper = { client_id, code, code_verifier: verifier };
    for (const wrong of [
      { code_verifier: 'x'.repeat(43) },
      { code_verifier: 'x'.repeat(42) },
      { code_verifier: `${verifier}!` },
      { code_verifier: '' },
      { redirect_uri: `${CALLBACK}/` },
      { client_id: await registered(gateway) },
    ]) {
      expect(await redeem(gateway, { ...proper, ...wrong }), JSON.stringify(wrong)).toMatchObject({ status: 400 });
    }
    tokensOf(await redeem(gateway, proper));
  });
});

describe('a restart', () => {
  it('keeps tokens, refresh tokens, clients and cookies valid', async () => {
    const [browser, client] = [new Browser(), await registered(gateway)];
    const before = await signIn(gateway, client, ALICE, { browser });
    const started = authorization(gateway, client);
    const page = await browser.open(started.url);
    const keys = await json('/oauth/jwks');
    await gateway.restart();
    expect(await json('/oauth/jwks')).toEqual(keys);
    expect(await toolsOf(gateway, before.access)).toContain(BOBS_TOOL);
    expect(tokensOf(await refresh(gateway, client, before.refresh)).claims.sub).toBe('alice');
    const again = await browser.visit(page.url);
    expect(returned(await allow(browser, again, ALICE)).get('state')).toBe(started.state);
    expect((await signIn(gateway, client, BOB)).claims.sub).toBe('bob');
  });
});

it('the library logs no warning about its configuration', () => {
  expect(said).toEqual([]);
});
