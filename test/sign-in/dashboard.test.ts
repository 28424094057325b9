/**
 * H3 U10 P5 P17: people sign in on the admin listener with the authorization server of the demo, over real HTTP. What a
 * page of another origin, a copied address or an old cookie can do.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importJWK, SignJWT, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sendHttp } from '../attacks/http-client.ts';
import { Browser, locationOf, type Page } from './browser.ts';
import { ALICE, BOB, DASHBOARD, openSignInGateway, type SignInGateway } from './gateway.ts';

const SESSION = '__Host-sallyport-session';
const PENDING = '__Host-sallyport-sign-in';

let gateway: SignInGateway;
beforeAll(async () => {
  gateway = await openSignInGateway();
});
afterAll(() => gateway.close());

type Credentials = Pick<typeof ALICE, 'subject' | 'password'>;

/** The browser just before it is sent back to the dashboard. */
async function atIssuer(browser: Browser, user: Credentials, path = '/auth/login'): Promise<Page> {
  const sent = await browser.visit(`${gateway.adminUrl}${path}`);
  expect(sent.status).toBe(303);
  const form = await browser.open(locationOf(sent));
  return browser.submit(form, { user: user.subject, password: user.password, answer: 'allow' });
}

async function signIn(browser: Browser, user: Credentials, path?: string): Promise<Page> {
  return browser.visit(locationOf(await atIssuer(browser, user, path)));
}

interface SessionView {
  readonly user: { readonly subject: string; readonly name: string };
  readonly roles: readonly string[];
  readonly csrf_token: string;
  readonly auth_time: string;
}
async function sessionOf(browser: Browser): Promise<SessionView | undefined> {
  const { status, text } = await browser.visit(`${gateway.adminUrl}/api/v1/session`);
  return status === 200 ? (JSON.parse(text) as SessionView) : undefined;
}

async function signedIn(user: Credentials): Promise<{ browser: Browser; session: SessionView; cookie: string }> {
  const browser = new Browser();
  await signIn(browser, user);
  const session = await sessionOf(browser);
  if (session === undefined) throw new Error('not signed in');
  return { browser, session, cookie: `${SESSION}=${browser.cookie(SESSION)}` };
}

describe('a person signs in', () => {
  it('P14 and goes on at a path of this listener only', async () => {
    const back = await signIn(new Browser(), ALICE, '/auth/login?return_to=//evil.example');
    expect([back.status, back.headers.get('location')]).toEqual([303, '/']);
  });

  it('with code, PKCE, state and nonce, and gets a session in a cookie that no other page can read or set', async () => {
    const browser = new Browser();
    const sent = await browser.visit(`${gateway.adminUrl}/auth/login?return_to=/approvals/1%3Fa=b`);
    const asked = new URL(locationOf(sent)).searchParams;
    expect(Object.fromEntries(asked)).toMatchObject({
      client_id: DASHBOARD,
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: `${gateway.adminUrl}/auth/callback`,
    });
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked.get(name)?.length).toBeGreaterThan(40);
    const back = await signIn(browser, ALICE, '/auth/login?return_to=/approvals/1%3Fa=b');
    expect([back.status, back.headers.get('location')]).toEqual([303, '/approvals/1?a=b']);
    expect(back.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-sallyport-session=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/),
      `${PENDING}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0`,
    ]);
    expect(await sessionOf(browser)).toMatchObject({
      user: { issuer: gateway.issuer, subject: 'alice', name: 'Alice' },
      tenant: 'acme',
      tenants: ['acme'],
      roles: expect.arrayContaining(['admin', 'viewer']) as string[],
      demo: true,
    });
  });

  it('and is who signed in, with the roles of that person only', async () => {
    const { session } = await signedIn(BOB);
    expect([session.user.subject, session.roles]).toEqual(['bob', ['viewer']]);
    const { roles } = (await signedIn(ALICE)).session;
    expect(roles).toContain('admin');
  });

  it('the store knows the hash of the id only', async () => {
    const { cookie } = await signedIn(ALICE);
    const id = cookie.slice(SESSION.length + 1);
    const database = readFileSync(join(gateway.folder, 'data', 'sallyport.db'), 'latin1');
    const wal = readFileSync(join(gateway.folder, 'data', 'sallyport.db-wal'), 'latin1');
    expect(database + wal).not.toContain(id);
  });

  it('signs out: the cookie is removed, and a copy of it is worth nothing', async () => {
    const { browser, session, cookie } = await signedIn(ALICE);
    const out = await browser.visit(`${gateway.adminUrl}/api/v1/session`, {
      method: 'DELETE',
      headers: { origin: gateway.adminUrl, 'x-csrf-token': session.csrf_token, 'content-type': 'application/json' },
    });
    expect([out.status, browser.cookie(SESSION)]).toEqual([200, undefined]);
    const again = await sendHttp(gateway.adminUrl, { path: '/api/v1/session', headers: { cookie } });
    expect(again.status).toBe(401);
  });

  it('again, for a step-up: a fresh proof, a new id, and nobody else comes back in its place', async () => {
    const { browser, cookie } = await signedIn(ALICE);
    const sent = await browser.visit(`${gateway.adminUrl}/auth/login?step_up=1`);
    expect(Object.fromEntries(new URL(locationOf(sent)).searchParams)).toMatchObject({ prompt: 'login', max_age: '0' });
    const other = await signIn(browser, BOB, '/auth/login?step_up=1');
    expect([other.status, (await sessionOf(browser))?.user.subject]).toEqual([400, 'alice']);
    const back = await signIn(browser, ALICE, '/auth/login?step_up=1');
    expect(back.status).toBe(303);
    const session = await sessionOf(browser);
    expect(Date.now() - Date.parse(session?.auth_time ?? '')).toBeLessThan(120_000);
    const old = await sendHttp(gateway.adminUrl, { path: '/api/v1/session', headers: { cookie } });
    expect(old.status, 'the session before the step-up').toBe(401);
  });
});

describe('P17 session fixation', () => {
  it('an id that was planted before the sign-in is nobody, also after it', async () => {
    const planted = 'A'.repeat(43);
    const browser = new Browser();
    browser.cookies.set(`${SESSION} /`, { value: planted, path: '/', line: '' });
    await signIn(browser, ALICE);
    expect(browser.cookie(SESSION)).not.toBe(planted);
    const headers = { cookie: `${SESSION}=${planted}` };
    expect((await sendHttp(gateway.adminUrl, { path: '/api/v1/session', headers })).status).toBe(401);
  });

  it('every sign-in has a new id, and ends the one that it replaces', async () => {
    const { browser, cookie } = await signedIn(ALICE);
    await signIn(browser, BOB);
    expect(`${SESSION}=${browser.cookie(SESSION)}`).not.toBe(cookie);
    expect((await sendHttp(gateway.adminUrl, { path: '/api/v1/session', headers: { cookie } })).status).toBe(401);
  });

  it('two cookies of the name, or one that is malformed, are none', async () => {
    const { cookie } = await signedIn(ALICE);
    for (const sent of [`${cookie}; ${cookie}`, `${cookie}; ${SESSION}=x`, `${cookie}"`, `${cookie}.x`])
      expect((await sendHttp(gateway.adminUrl, { path: '/api/v1/session', headers: { cookie: sent } })).status).toBe(
        401,
      );
  });
});

describe('P5 P8 P9 login CSRF', () => {
  it('the answer of the issuer belongs to the browser that asked for it', async () => {
    const [mallory, alice] = [new Browser(), new Browser()];
    const malloryAnswer = locationOf(await atIssuer(mallory, BOB));
    expect((await alice.visit(malloryAnswer)).status).toBe(400);
    await alice.visit(`${gateway.adminUrl}/auth/login`);
    const forced = await alice.visit(malloryAnswer);
    expect([forced.status, alice.cookie(SESSION)]).toEqual([400, undefined]);
    expect((await mallory.visit(malloryAnswer)).status).toBe(303);
  });

  it.each<[string, (answer: URL) => void]>([
    ['another code', (answer) => answer.searchParams.set('code', 'x'.repeat(43))],
    ['another state', (answer) => answer.searchParams.set('state', 'x'.repeat(43))],
    ['two states', (answer) => answer.searchParams.append('state', 'x')],
    ['no state', (answer) => answer.searchParams.delete('state')],
    ['another issuer (RFC 9207)', (answer) => answer.searchParams.set('iss', 'https://evil.example')],
    ['no issuer', (answer) => answer.searchParams.delete('iss')],
    ['an error', (answer) => answer.searchParams.set('error', 'access_denied')],
  ])('an answer with %s is refused without a session', async (_name, change) => {
    const browser = new Browser();
    const answer = new URL(locationOf(await atIssuer(browser, ALICE)));
    change(answer);
    const { status, text } = await browser.visit(answer.href);
    expect([status, browser.cookie(SESSION)]).toEqual([400, undefined]);
    expect(text).not.toContain('evil');
  });

  it('an answer is used once', async () => {
    const browser = new Browser();
    const answer = locationOf(await atIssuer(browser, ALICE));
    const pending = browser.cookies.get(`${PENDING} /`);
    expect((await browser.visit(answer)).status).toBe(303);
    if (pending !== undefined) browser.cookies.set(`${PENDING} /`, pending);
    expect((await browser.visit(answer)).status).toBe(400);
  });

  it.each(['iframe', 'image', 'empty'])('a sign-in does not begin in an %s', async (destination) => {
    const headers = { 'sec-fetch-dest': destination, 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'cross-site' };
    expect((await sendHttp(gateway.adminUrl, { path: '/auth/login', headers })).status).toBe(403);
  });
});

describe('H3 a change of another page', () => {
  let alice: Awaited<ReturnType<typeof signedIn>>;
  beforeAll(async () => {
    alice = await signedIn(ALICE);
  });
  const good = (session: SessionView, cookie: string): Record<string, string> => ({
    cookie,
    origin: gateway.adminUrl,
    'x-csrf-token': session.csrf_token,
    'content-type': 'application/json',
  });
  it.each<[string, Record<string, string | undefined>]>([
    ['without the token', { 'x-csrf-token': undefined }],
    ['with another token', { 'x-csrf-token': 'A'.repeat(43) }],
    ['with an empty token', { 'x-csrf-token': '' }],
    ['without Origin', { origin: undefined }],
    ['with the origin null', { origin: 'null' }],
    ['with another origin', { origin: 'http://evil.example' }],
    ['of another port of the host', { origin: 'http://127.0.0.1:1' }],
    ['that the browser calls cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['that the browser calls same-site', { 'sec-fetch-site': 'same-site' }],
    ['as text/plain', { 'content-type': 'text/plain' }],
    ['as a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['without a content type', { 'content-type': undefined }],
  ])('%s is refused, and the session goes on', async (_name, change) => {
    const { session, cookie } = alice;
    const entries = Object.entries({ ...good(session, cookie), ...change });
    const headers = Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
    const { status } = await sendHttp(gateway.adminUrl, { method: 'DELETE', path: '/api/v1/session', headers });
    expect(status).toBe(403);
    const read = await sendHttp(gateway.adminUrl, { path: '/api/v1/session', headers: { cookie } });
    expect(read.status).toBe(200);
  });

  it('and the same request without any of these faults is done', async () => {
    const { session, cookie } = await signedIn(ALICE);
    const done = { method: 'DELETE', path: '/api/v1/session', headers: good(session, cookie) };
    expect((await sendHttp(gateway.adminUrl, done)).status).toBe(200);
  });

  it('U10 by GET, HEAD or a method override changes nothing', async () => {
    const { session, cookie } = alice;
    for (const [method, path] of [
      ['GET', '/api/v1/session/tenant'],
      ['HEAD', '/api/v1/session/tenant'],
      ['POST', '/api/v1/session'],
      ['GET', '/api/v1/approvals/0123456789abcdef0123456789abcdef/approve'],
      ['HEAD', '/auth/login'],
      ['HEAD', '/auth/callback'],
      ['GET', '/auth/backchannel-logout'],
    ] as const) {
      const headers = { ...good(session, cookie), 'x-http-method-override': 'DELETE', 'x-http-method': 'DELETE' };
      const { status } = await sendHttp(gateway.adminUrl, { method, path: `${path}?_method=DELETE`, headers });
      expect([path, status]).toEqual([path, 405]);
    }
    expect((await sendHttp(gateway.adminUrl, { path: '/api/v1/session', headers: { cookie } })).status).toBe(200);
  });

  it('the token of one session does not serve another one', async () => {
    const bob = await signedIn(BOB);
    const headers = good(bob.session, alice.cookie);
    expect((await sendHttp(gateway.adminUrl, { method: 'DELETE', path: '/api/v1/session', headers })).status).toBe(403);
  });
});

describe('back-channel logout', () => {
  let alice: Awaited<ReturnType<typeof signedIn>>;
  const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
  async function token(
    claims: Record<string, unknown>,
    header: object = {},
    sign?: CryptoKey | Uint8Array,
  ): Promise<string> {
    const file = join(gateway.folder, 'data', 'sign-in.keys.json');
    const [jwk] = (JSON.parse(readFileSync(file, 'utf8')) as { jwks: { keys: JWK[] } }).jwks.keys;
    const all = {
      iss: gateway.issuer,
      aud: DASHBOARD,
      iat: Math.floor(Date.now() / 1000),
      jti: crypto.randomUUID(),
      sub: 'alice',
      events: { [EVENT]: {} },
      ...claims,
    };
    return new SignJWT(JSON.parse(JSON.stringify(all)) as Record<string, unknown>)
      .setProtectedHeader({ alg: 'ES256', kid: jwk?.kid ?? '', typ: 'logout+jwt', ...header })
      .sign(sign ?? (await importJWK(jwk ?? {}, 'ES256')));
  }
  const send = (logout: string) =>
    sendHttp(gateway.adminUrl, {
      method: 'POST',
      path: '/auth/backchannel-logout',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: logout }).toString(),
    });

  it('ends all sessions of the person, at once, and a token works once', async () => {
    const [ended, bob] = [await signedIn(ALICE), await signedIn(BOB)];
    const logout = await token({});
    expect((await send(logout)).status).toBe(200);
    expect([await sessionOf(ended.browser), (await sessionOf(bob.browser))?.user.subject]).toEqual([undefined, 'bob']);
    alice = await signedIn(ALICE);
    expect((await send(logout)).status).toBe(400);
    expect((await sessionOf(alice.browser))?.user.subject).toBe('alice');
  });

  it.each<[string, Record<string, unknown>, object?]>([
    ['another issuer', { iss: 'https://evil.example' }],
    ['another audience', { aud: 'other' }],
    ['several audiences', { aud: [DASHBOARD, 'other'] }],
    ['a nonce, as ID tokens have', { nonce: 'n' }],
    ['no event', { events: undefined }],
    ['another event', { events: { 'https://x': {} } }],
    ['an event that is no object', { events: { [EVENT]: 'yes' } }],
    ['no id', { jti: undefined }],
    ['nobody', { sub: undefined }],
    ['an old time', { iat: Math.floor(Date.now() / 1000) - 3_600 }],
    ['no time', { iat: undefined }],
    ['an end in the past', { exp: Math.floor(Date.now() / 1000) - 600 }],
    ['the type of an access token', {}, { typ: 'at+jwt' }],
  ])('with %s is refused', async (_name, claims, header) => {
    expect((await send(await token(claims, header))).status).toBe(400);
    expect((await sessionOf(alice.browser))?.user.subject).toBe('alice');
  });

  it('with a signature of somebody else, or none, is refused', async () => {
    const { browser } = alice;
    const secret = new TextEncoder().encode('0123456789abcdef0123456789abcdef');
    const forged = await token({}, { alg: 'HS256' }, secret);
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${forged.split('.')[1]}.`;
    for (const text of [forged, unsigned, 'x', `${await token({})}x`]) expect((await send(text)).status).toBe(400);
    expect((await sessionOf(browser))?.user.subject).toBe('alice');
  });
});
