/** Refusals on the pages of a sign-in: the password, the browser that the page belongs to, the consent. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Browser, formOf, locationOf, type Page } from './browser.ts';
import { allow, authorization, registered, returned, signIn } from './client.ts';
import { ALICE, BOB, LOCKED, openSignInGateway, type SignInGateway } from './gateway.ts';

let gateway: SignInGateway;
beforeAll(async () => {
  gateway = await openSignInGateway();
});
afterAll(() => gateway?.close());
afterEach(() => void vi.useRealTimers());

const inMinutes = (minutes: number): void => void vi.setSystemTime(Date.now() + minutes * 60_000);
const login = async (): Promise<{ readonly browser: Browser; readonly page: Page; readonly state: string }> => {
  const [browser, started] = [new Browser(), authorization(gateway, await registered(gateway))];
  return { browser, page: await browser.open(started.url), state: started.state };
};

describe('the password', () => {
  const withoutAddress = (page: Page): string =>
    page.text.replace(/\/oauth\/interaction\/[\w-]+|name="token" value="[\w-]+"|value="(alice|mallory)"/g, '');

  it('P18 a wrong password and an unknown user get the same message, and the form still works', async () => {
    const { browser, page, state } = await login();
    const wrong = await allow(browser, page, { subject: 'alice', password: 'guess-1234' });
    const unknown = await allow(browser, wrong, { subject: 'mallory', password: 'guess-1234' });
    const empty = await allow(browser, unknown, { subject: 'alice', password: '' });
    expect([wrong, unknown, empty].map(({ status }) => status)).toEqual([422, 422, 422]);
    expect(wrong.text).toContain('role="alert">The user name or the password is not right.<');
    expect(withoutAddress(unknown)).toBe(withoutAddress(wrong));
    expect(wrong.text).toMatch(/name="user" value="alice"/);
    expect(wrong.text).not.toContain('guess-1234');
    expect(returned(await allow(browser, empty, ALICE)).get('state')).toBe(state);
  });

  it('allows ten attempts, then refuses the right password too', async () => {
    const { browser, page } = await login();
    for (let i = 0; i < 10; i++)
      expect((await allow(browser, page, { subject: 'alice', password: `guess ${i}` })).status).toBe(422);
    expect((await allow(browser, page, ALICE)).status).toBe(429);
  });

  it('of another user is refused, and so is an empty one', async () => {
    const { browser, page } = await login();
    expect((await allow(browser, page, { subject: 'alice', password: BOB.password })).status).toBe(422);
    expect((await allow(browser, page, LOCKED)).status).toBe(422);
  });
});

describe('P5 P7 P8 the page belongs to one browser', () => {
  it('P8 another browser gets neither the form nor the result of the sign-in', async () => {
    const { browser, page, state } = await login();
    const other = new Browser();
    const seen = await other.visit(page.url);
    expect([seen.status, /<form/.test(seen.text)]).toEqual([400, false]);
    const { action, fields } = formOf(page);
    for (const [name, value] of [
      ['user', ALICE.subject],
      ['password', ALICE.password],
      ['answer', 'allow'],
    ] as const)
      fields.set(name, value);
    const origin = gateway.url;
    expect((await other.visit(action, { method: 'POST', body: fields, headers: { origin } })).status).toBe(400);
    const done = await browser.visit(action, { method: 'POST', body: fields, headers: { origin } });
    expect(done.status).toBe(303);
    const stolen = await other.visit(locationOf(done));
    expect([stolen.status, stolen.headers.get('location')]).toEqual([400, null]);
    expect(returned(await browser.follow(done)).get('state')).toBe(state);
  });

  it('P5 a cookie that is changed, forged or of another interaction is refused', async () => {
    const [first, second] = [await login(), await login()];
    const { pathname } = new URL(first.page.url);
    const [name, value] = [
      `_interaction ${pathname}`,
      first.browser.cookies.get(`_interaction ${pathname}`)?.value ?? '',
    ];
    expect(value).toHaveLength(43);
    const header = (cookies: Record<string, string>): RequestInit => ({
      headers: {
        cookie: Object.entries(cookies)
          .map(([key, one]) => `${key}=${one}`)
          .join('; '),
      },
    });
    const signature = first.browser.cookies.get(`_interaction.sig ${pathname}`)?.value ?? '';
    const proper = { _interaction: value, '_interaction.sig': signature };
    expect((await fetch(first.page.url, header(proper))).status).toBe(200);
    const wrong = [
      { _interaction: value },
      { ...proper, '_interaction.sig': `${signature.slice(0, -2)}xx` },
      { ...proper, _interaction: new URL(second.page.url).pathname.split('/').at(-1) ?? '' },
      { _interaction: 'x', '_interaction.sig': 'x' },
    ];
    for (const cookies of wrong) expect((await fetch(first.page.url, header(cookies))).status).toBe(400);
    expect((await fetch(second.page.url, header(proper))).status).toBe(400);
    expect(name).toContain(pathname);
  });

  it('P5 the sign-in expires after ten minutes', async () => {
    const { browser, page } = await login();
    inMinutes(9);
    expect((await browser.visit(page.url)).status).toBe(200);
    inMinutes(2);
    const late = await allow(browser, page, ALICE);
    expect([late.status, late.text.includes('This sign-in has ended')]).toEqual([400, true]);
  });

  it('P7 a form from another origin is refused, and changes nothing', async () => {
    const { browser, page, state } = await login();
    const fields = { user: ALICE.subject, password: ALICE.password, answer: 'allow' };
    for (const origin of [
      'https://evil.test',
      'null',
      `${gateway.url}.evil.test`,
      gateway.url.replace('127.0.0.1', 'localhost'),
    ])
      expect((await browser.submit(page, fields, { origin })).status, origin).toBe(403);
    const { action, fields: hidden } = formOf(page);
    expect(
      (
        await browser.visit(action, {
          method: 'POST',
          body: new URLSearchParams([...hidden, ...Object.entries(fields)]),
        })
      ).status,
    ).toBe(403);
    for (const token of ['', 'x', formOf((await login()).page).fields.get('token') ?? ''])
      expect((await browser.submit(page, { ...fields, token })).status).toBe(403);
    expect((await browser.submit(page, { answer: 'cancel', token: 'x' })).status).toBe(403);
    expect(returned(await browser.submit(page, fields)).get('state')).toBe(state);
    expect((await browser.submit(page, fields)).status).toBe(400);
  });

  it('refuses larger forms and other methods', async () => {
    const { browser, page } = await login();
    expect((await browser.submit(page, { user: 'x'.repeat(5_000), password: 'x', answer: 'allow' })).status).toBe(400);
    expect((await browser.visit(page.url, { method: 'PUT', body: 'x', headers: { origin: gateway.url } })).status).toBe(
      405,
    );
  });

  it('P7 P17 cookies are SameSite and HttpOnly, and each sign-in makes a new session', async () => {
    const { browser, page } = await login();
    returned(await allow(browser, page, ALICE));
    const sessions = [...browser.cookies].filter(([key]) => key.startsWith('_session '));
    for (const { line } of browser.cookies.values()) expect(line).toMatch(/samesite=lax/i);
    for (const { line } of browser.cookies.values()) expect(line).toMatch(/httponly/i);
    await signIn(gateway, await registered(gateway), ALICE, { browser });
    expect([...browser.cookies].find(([key]) => key.startsWith('_session '))?.[1].value).not.toBe(
      sessions[0]?.[1].value,
    );
  });
});

describe('A12 P6 consent', () => {
  it('A12 P6 another client needs consent again, and the page names it and its redirect address', async () => {
    const [browser, first] = [new Browser(), await registered(gateway)];
    await signIn(gateway, first, ALICE, { browser });
    for (const application_type of ['native', 'web']) {
      const redirect_uri = 'https://mallory.test/cb';
      const second = await registered(gateway, {
        client_name: 'Mallory',
        redirect_uris: [redirect_uri],
        application_type,
      });
      const page = await browser.open(authorization(gateway, second, { redirect_uri }).url);
      expect(page.status).toBe(200);
      expect(page.text).toContain('<strong>Mallory</strong>');
      expect(page.text).toContain('mallory.test');
      expect(page.text).toContain(gateway.resource);
      const silent = await browser.visit(authorization(gateway, second, { redirect_uri, prompt: 'none' }).url);
      expect(new URL(locationOf(silent)).searchParams.get('error')).toMatch(/_required$/);
    }
  });

  it.each(['native', 'web'])('A12 the same client needs consent every time: %s', async (application_type) => {
    const [browser, client] = [new Browser(), await registered(gateway, { application_type })];
    await signIn(gateway, client, ALICE, { browser });
    expect(formOf(await browser.open(authorization(gateway, client).url)).action).toContain('/oauth/interaction/');
    expect(returned(await browser.visit(authorization(gateway, client, { prompt: 'none' }).url)).get('error')).toMatch(
      /_required$/,
    );
  });

  it('P11 the name of a client is shown as text', async () => {
    const client = await registered(gateway, { client_name: `<script>alert(1)</script>"'\u202egro.live` });
    const { text } = await new Browser().open(authorization(gateway, client).url);
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;\ufffdgro.live');
    expect(text).not.toMatch(/<script|\u202e/);
  });
});
