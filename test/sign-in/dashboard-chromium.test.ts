/** H3 P7 P17: the sign-in on the admin listener in the browser that most people use. Skips where there is none. */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALICE, openSignInGateway, type SignInGateway } from './gateway.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

describe.skipIf(CHROMIUM === undefined)('the session of the dashboard in Chromium', () => {
  let gateway: SignInGateway;
  let browser: Browser;
  let page: Page;
  let other: Server;
  beforeAll(async () => {
    gateway = await openSignInGateway();
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
    other = createServer((request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(
        request.url === '/frame' ? `<iframe src="${gateway.adminUrl}/auth/login"></iframe>` : 'Another page.',
      );
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    // The page that asks has a policy under which nothing is fetched; what is tested here is the listener.
    page = await (await browser.newContext({ bypassCSP: true })).newPage();
    await page.goto(`${gateway.adminUrl}/auth/login?return_to=/health`);
    await page.getByLabel('User name').fill(ALICE.subject);
    await page.getByLabel('Password').fill(ALICE.password);
    await page.getByLabel('Password').press('Enter');
    await page.waitForURL(`${gateway.adminUrl}/health`);
  });
  afterAll(async () => {
    await browser?.close();
    other?.close();
    await gateway?.close();
  });

  const statusOf = (script: string): Promise<unknown> => page.evaluate(`(async () => (${script}))()`);
  const otherUrl = (): string => `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const isSignedIn = async (): Promise<boolean> => {
    await page.goto(`${gateway.adminUrl}/health`);
    return (await statusOf("(await fetch('/api/v1/session')).status")) === 200;
  };

  it('signs in; no script reads the cookie, which is Secure, HttpOnly and Strict for this host', async () => {
    expect(await isSignedIn()).toBe(true);
    expect(await statusOf('document.cookie')).toBe('');
    expect(await page.context().cookies()).toContainEqual(
      expect.objectContaining({
        name: '__Host-sallyport-session',
        path: '/',
        secure: true,
        httpOnly: true,
        sameSite: 'Strict',
      }),
    );
  });

  it.each([
    [
      'a form',
      `const f = document.createElement('form'); f.method = 'POST'; f.action = URL; document.body.append(f); f.submit()`,
    ],
    [
      'a request without CORS',
      `await fetch(URL, { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}' })`,
    ],
    ['a request with CORS', `await fetch(URL, { method: 'DELETE', credentials: 'include' }).catch(() => 0)`],
    ['a beacon', `navigator.sendBeacon(URL, new Blob(['{}'], { type: 'text/plain' }))`],
  ])(
    'H3 %s of a page on another port, to which the browser sends the cookie, changes nothing',
    async (_name, script) => {
      await page.goto(otherUrl());
      const answered = page.waitForEvent('requestfinished', {
        predicate: (one) => one.url().includes('/api/v1/session'),
      });
      const failed = page.waitForEvent('requestfailed', { predicate: (one) => one.url().includes('/api/v1/session') });
      const url = JSON.stringify(`${gateway.adminUrl}/api/v1/session/tenant`);
      await page.evaluate(`(async () => { const URL = ${url}; ${script} })()`).catch(() => undefined);
      await Promise.race([answered, failed]);
      answered.catch(() => undefined);
      failed.catch(() => undefined);
      expect(await isSignedIn()).toBe(true);
    },
  );

  it('P7 no page of the sign-in is shown in a frame', async () => {
    const complaints: string[] = [];
    const fresh = await browser.newPage();
    fresh.on('console', (message) => complaints.push(message.text()));
    await fresh.goto(`${otherUrl()}/frame`);
    await expect.poll(() => complaints.join('\n')).toMatch(/frame-ancestors|X-Frame-Options|refused/i);
    await fresh.close();
  });

  it('signs out by a page of the listener, with the token of the session', async () => {
    expect(await isSignedIn()).toBe(true);
    const script = `(await fetch('/api/v1/session', { method: 'DELETE', headers: {
      'content-type': 'application/json',
      'x-csrf-token': (await (await fetch('/api/v1/session')).json()).csrf_token,
    } })).status`;
    expect(await statusOf(script)).toBe(200);
    expect(await isSignedIn()).toBe(false);
    expect((await page.context().cookies()).filter(({ name }) => name.startsWith('__Host-'))).toEqual([]);
  });
});
