/** Refusals of the authorization server without a page: requests, registration, the token endpoint, headers. */
import { request } from 'node:http';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Browser, formOf, type Page } from './browser.ts';
import { allow, authorization, CALLBACK, codeFor, post, redeem, register, registered, returned } from './client.ts';
import { ALICE, openSignInGateway, type SignInGateway } from './gateway.ts';

let gateway: SignInGateway;
beforeAll(async () => {
  gateway = await openSignInGateway();
});
afterAll(() => gateway?.close());
afterEach(() => void vi.useRealTimers());

const inMinutes = (minutes: number): void => void vi.setSystemTime(Date.now() + minutes * 60_000);
const open = async (params: Record<string, string | undefined> = {}): Promise<Page> =>
  new Browser().open(authorization(gateway, await registered(gateway), params).url);
describe('an authorization request', () => {
  it.each([
    ['prefix', `${CALLBACK}x`],
    ['suffix', 'http://127.0.0.1:8765/call'],
    ['dots', 'http://127.0.0.1:8765/a/../callback/../evil'],
    ['query', `${CALLBACK}?a=1`],
    ['fragment', `${CALLBACK}#a`],
    ['user', 'http://evil@127.0.0.1:8765/callback'],
    ['case', 'http://127.0.0.1:8765/Callback'],
    ['https', 'https://127.0.0.1:8765/callback'],
    ['localhost', 'http://localhost:8765/callback'],
    ['[::1]', 'http://[::1]:8765/callback'],
    ['another host', 'https://evil.test/callback'],
    ['suffix of the host', 'http://127.0.0.1.evil.test:8765/callback'],
    ['javascript', 'javascript:alert(1)'],
    ['data', 'data:text/html,x'],
    ['//', '//evil.test/callback'],
    ['newline', `${CALLBACK}\r\nx: y`],
    ['nothing', undefined],
  ])(
    'P1 P2 P14 to a redirect address that was not registered is shown, not sent anywhere: %s',
    async (_name, redirect_uri) => {
      const page = await open({ redirect_uri });
      expect([page.status, page.headers.get('location')]).toEqual([400, null]);
      expect(page.text).not.toMatch(/evil|<form|<script/);
    },
  );

  it('P1 RFC 8252 on the loopback address only the port may differ', async () => {
    const page = await open({ redirect_uri: 'http://127.0.0.1:9999/callback' });
    expect(formOf(page).action).toContain('/oauth/interaction/');
    expect(page.text).toContain('127.0.0.1:9999');
    const web = await registered(gateway, { application_type: 'web' });
    expect(
      (await new Browser().open(authorization(gateway, web, { redirect_uri: 'http://127.0.0.1:9999/callback' }).url))
        .status,
    ).toBe(400);
  });

  it('P1 of an unknown client is answered with a page, not with a redirect', async () => {
    const page = await new Browser().open(authorization(gateway, 'nobody').url);
    expect([page.status, page.headers.get('location')]).toEqual([400, null]);
    expect(page.text).toContain('This client is not registered here.');
  });

  it.each([
    ['P3 without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['P3 with plain PKCE', { code_challenge_method: 'plain', code_challenge: 'x'.repeat(43) }, 'invalid_request'],
    ['P3 with plain PKCE that is not named', { code_challenge_method: undefined }, 'invalid_request'],
    ['P3 with a short challenge', { code_challenge: 'x'.repeat(42) }, 'invalid_request'],
    ['for a token at once', { response_type: 'token' }, 'unsupported_response_type'],
    ['without a user', { prompt: 'none' }, 'login_required'],
    ['RFC 8707 for another resource', { resource: 'https://other.test/mcp' }, 'invalid_target'],
    ['RFC 8707 for a resource that begins alike', { resource: 'HERE-evil' }, 'invalid_target'],
    ['RFC 8707 for the authorization server', { resource: 'AS' }, 'invalid_target'],
    ['with a request object', { request_uri: 'http://169.254.169.254/' }, 'request_uri_not_supported'],
  ])('%s goes back to the client, with the issuer', async (_name, params, error) => {
    const resource =
      'resource' in params
        ? { resource: params.resource.replace('HERE', gateway.resource).replace('AS', `${gateway.url}/oauth`) }
        : {};
    const back = returned(await open({ ...params, ...resource }));
    expect(Object.fromEntries(back)).toMatchObject({ error, iss: `${gateway.url}/oauth` });
    expect(back.has('code')).toBe(false);
  });

  it('P14 no path under /oauth redirects a browser elsewhere or fails the server', async () => {
    const trace = vi.spyOn(console, 'error');
    for (const path of [
      '/oauth/%zz',
      '/oauth/authorize/%zz',
      '/oauth//',
      '/oauth/%2f%2fevil.test',
      '/oauth/interaction/',
      '/oauth//evil.test',
      '/oauth/..//evil.test',
      '/oauth/session/end?post_logout_redirect_uri=https://evil.test',
      '/oauth/interaction//evil.test',
      '/oauth/authorize/%0d%0alocation:%20https://evil.test',
      '/oauth?next=//evil.test',
      '/oauth/authorize/x?next=/\\evil.test',
    ]) {
      const page = await new Browser().visit(`${gateway.url}${path}`);
      expect([path, page.headers.get('location'), [400, 404].includes(page.status)]).toEqual([path, null, true]);
    }
    expect(trace).not.toHaveBeenCalled();
    trace.mockRestore();
  });
});

describe('P11 registration', () => {
  it.each([
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'blob:https://x.test/1',
    'file:///etc/passwd',
    'about:blank',
    'http://example.test/cb',
    'http://169.254.169.254/',
    'http://127.0.0.1.evil.test/',
    'https://localhost/cb',
    'https://a:b@example.test/cb',
    'https://example.test/cb#fragment',
    '/relative',
    '',
    7,
  ])('P11 refuses the redirect address %s', async (uri) => {
    for (const application_type of uri === 'https://localhost/cb' ? ['native'] : ['native', 'web']) {
      expect(
        await register(gateway, { redirect_uris: [CALLBACK, uri], application_type }),
        application_type,
      ).toMatchObject({
        status: 400,
        body: { error: expect.stringMatching(/^invalid_(redirect_uri|client_metadata)$/) as string },
      });
    }
  });

  it('P11 fetches no address that a client names, and stores none', async () => {
    let dialled = 0;
    const trap = createServer((socket) => {
      dialled += 1;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => trap.once('listening', resolve));
    const url = `https://127.0.0.1:${(trap.address() as { port: number }).port}/x`;
    const given = {
      logo_uri: url,
      jwks_uri: url,
      client_uri: url,
      policy_uri: url,
      tos_uri: url,
      sector_identifier_uri: url,
      initiate_login_uri: url,
      request_uris: [url],
      backchannel_logout_uri: url,
      default_max_age: 1,
      subject_type: 'pairwise',
      software_statement: 'x.y.z',
    };
    const { status, body } = await register(gateway, given);
    const page = await new Browser().open(authorization(gateway, String(body['client_id'])).url);
    trap.close();
    expect([status, dialled, page.status]).toEqual([201, 0, 200]);
    expect(JSON.stringify(body)).not.toContain(url);
  });

  it('P11 refuses a document that is too large', async () => {
    expect(await register(gateway, { client_name: 'x'.repeat(1_000_000) })).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
    expect((await register(gateway, { client_name: 'x'.repeat(10_000) })).status).toBe(201);
  });
});

describe('the token endpoint', () => {
  it('P6 gives the device code to no client that registered itself: a link with a code would be enough to phish', async () => {
    const grant = 'urn:ietf:params:oauth:grant-type:device_code';
    const { status, body } = await register(gateway, { grant_types: ['authorization_code', grant] });
    expect([status, body['error']]).toEqual([400, 'invalid_client_metadata']);
    const client = await registered(gateway);
    const device = await fetch(`${gateway.url}/oauth/device/authorize`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: client, scope: 'mcp' }),
    });
    expect(device.status).toBe(400);
    expect(await device.json()).not.toHaveProperty('device_code');
  });

  it('P4 a code expires after a minute', async () => {
    const client_id = await registered(gateway);
    const { code, verifier } = await codeFor(gateway, client_id, ALICE);
    inMinutes(1.1);
    expect(await redeem(gateway, { client_id, code, code_verifier: verifier })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it('RFC 8707 refuses another resource than the one authorized', async () => {
    const client_id = await registered(gateway);
    const { code, verifier } = await codeFor(gateway, client_id, ALICE);
    expect(
      await redeem(gateway, { client_id, code, code_verifier: verifier, resource: 'https://other.test/mcp' }),
    ).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
  });

  it('P18 an unknown client and a wrong secret get the same answer', async () => {
    const { body } = await register(gateway, { token_endpoint_auth_method: 'client_secret_post' });
    const ask = (client_id: string) =>
      post(gateway, 'token', { grant_type: 'refresh_token', refresh_token: 'x', client_id, client_secret: 'wrong' });
    const [wrong, unknown] = [await ask(String(body['client_id'])), await ask('nobody')];
    expect([wrong.status, wrong.body]).toEqual([unknown.status, unknown.body]);
    expect(wrong).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  it.each(['password', 'client_credentials', 'implicit'])('has no grant %s', async (grant_type) => {
    expect(
      await post(gateway, 'token', {
        grant_type,
        client_id: await registered(gateway),
        username: 'alice',
        password: ALICE.password,
      }),
    ).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } });
  });
});

describe('headers', () => {
  it('P7 H3 pages cannot be framed, run no script, and are not cached', async () => {
    const client = await registered(gateway);
    const browser = new Browser();
    const shown = await browser.open(authorization(gateway, client).url);
    const pages = [
      shown,
      await allow(browser, shown, { subject: 'alice', password: 'x' }),
      await open({ redirect_uri: 'https://evil.test' }),
      await new Browser().visit(shown.url),
    ];
    for (const { headers, text } of pages) {
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; frame-ancestors 'none'; base-uri 'none'$/,
      );
      expect(headers.get('cache-control')).toContain('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(text).not.toMatch(/<script|\son\w+=|\sstyle=|https?:\/\/(?!127\.0\.0\.1)/);
    }
  });

  it('answers without a page cannot be framed either', async () => {
    for (const path of [
      '/oauth/jwks',
      '/oauth/token',
      '/oauth/nothing',
      '/.well-known/oauth-authorization-server/oauth',
    ]) {
      const { headers } = await fetch(`${gateway.url}${path}`);
      expect([path, headers.get('x-frame-options'), headers.get('x-content-type-options')]).toEqual([
        path,
        'DENY',
        'nosniff',
      ]);
    }
  });

  it('H2 a page of another origin reads no answer of the token endpoint, unless it is that of its client', async () => {
    const client_id = await registered(gateway, { redirect_uris: ['https://app.test/cb'] });
    const ask = (origin: string): Promise<Response> =>
      fetch(`${gateway.url}/oauth/token`, {
        method: 'POST',
        headers: { origin },
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x', client_id }),
      });
    expect((await ask('https://app.test')).headers.get('access-control-allow-origin')).toBe('https://app.test');
    for (const origin of ['https://evil.test', 'null', 'https://app.test.evil.test'])
      expect((await ask(origin)).headers.get('access-control-allow-origin'), origin).toBeNull();
    for (const origin of ['https://app.test', 'https://evil.test'])
      expect((await ask(origin)).headers.get('access-control-allow-credentials')).toBeNull();
  });

  it('P19 addresses come from the configuration, whatever the Host header', async () => {
    const ask = (path: string): Promise<{ text: string; location: string | undefined }> =>
      new Promise((resolve, reject) => {
        const sent = request(
          `${gateway.url}${path}`,
          {
            headers: {
              host: 'evil.test',
              'x-forwarded-host': 'evil.test',
              'x-forwarded-proto': 'https',
              forwarded: 'host=evil.test',
            },
          },
          (response) => {
            let text = '';
            response.on('data', (chunk: Buffer) => (text += chunk.toString()));
            response.on('end', () => resolve({ text, location: response.headers.location }));
          },
        );
        sent.on('error', reject).end();
      });
    const metadata = await ask('/.well-known/oauth-authorization-server/oauth');
    expect(JSON.parse(metadata.text)).toMatchObject({
      issuer: `${gateway.url}/oauth`,
      authorization_endpoint: `${gateway.url}/oauth/authorize`,
    });
    const started = new URL(authorization(gateway, await registered(gateway)).url);
    const { text, location } = await ask(`${started.pathname}${started.search}`);
    expect(location).toMatch(/^\/oauth\/interaction\/[\w-]+$/);
    expect(`${metadata.text}${text}`).not.toContain('evil');
  });
});
