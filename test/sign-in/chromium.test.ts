/** The sign-in page in the browser that most people use. Skips where there is none. */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorization, redeem, registered, tokensOf, toolsOf } from './client.ts';
import { ALICE, BOBS_TOOL, openSignInGateway, type SignInGateway } from './gateway.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

describe.skipIf(CHROMIUM === undefined)(
  CHROMIUM === undefined
    ? 'no Chromium here: the sign-in page is not opened in a browser'
    : 'the sign-in page in Chromium',
  () => {
    let gateway: SignInGateway;
    let browser: Browser;
    let client: Server;
    let callback: string;
    let arrived: URL | undefined;
    let framed = '';
    beforeAll(async () => {
      gateway = await openSignInGateway();
      browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
      client = createServer((request, response) => {
        if (request.url?.startsWith('/callback') === true) arrived = new URL(request.url, callback);
        response.setHeader('content-type', 'text/html');
        response.end(
          request.url === '/frame' ? `<iframe src="${framed.replaceAll('&', '&amp;')}"></iframe>` : 'Signed in.',
        );
      }).listen(0, '127.0.0.1');
      await new Promise((resolve) => client.once('listening', resolve));
      callback = `http://127.0.0.1:${(client.address() as { port: number }).port}/callback`;
    });
    afterAll(async () => {
      await browser?.close();
      client?.close();
      await gateway?.close();
    });

    /** Everything that the page complains of: a style or a script that its policy blocks, too. */
    async function open(
      options: Parameters<Browser['newPage']>[0] = {},
      params: Record<string, string> = {},
    ): Promise<{ page: Page; complaints: string[]; verifier: string; id: string; state: string }> {
      const id = await registered(gateway, { client_name: 'Claude Code', redirect_uris: [callback] });
      const { url, verifier, state } = authorization(gateway, id, { redirect_uri: callback, ...params });
      const page = await browser.newPage(options);
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (/Content.Security.Policy|refused|blocked/i.test(message.text())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      arrived = undefined;
      await page.goto(url);
      return { page, complaints, verifier, id, state };
    }

    it('shows the client, the resource and the redirect address; Enter signs in; the token works', async () => {
      const { page, complaints, verifier, id, state } = await open();
      const shown = await page.locator('main').innerText();
      for (const needed of ['Claude Code', gateway.resource, `a program on this computer (${new URL(callback).host})`])
        expect(shown).toContain(needed);
      if (process.env['SIGN_IN_SCREENSHOTS'] !== undefined)
        await page.screenshot({ path: `${process.env['SIGN_IN_SCREENSHOTS']}/login.png` });
      await page.getByLabel('User name').fill(ALICE.subject);
      await page.getByLabel('Password').fill(ALICE.password);
      await page.getByLabel('Password').press('Enter');
      await page.waitForURL(`${callback}**`);
      expect([arrived?.searchParams.get('state'), arrived?.searchParams.get('iss'), complaints]).toEqual([
        state,
        `${gateway.url}/oauth`,
        [],
      ]);
      const { access } = tokensOf(
        await redeem(gateway, {
          client_id: id,
          code: arrived?.searchParams.get('code') ?? '',
          code_verifier: verifier,
          redirect_uri: callback,
        }),
      );
      expect(await toolsOf(gateway, access)).toContain(BOBS_TOOL);
      await page.close();
    });

    it('keeps the user name after a wrong password, shows the error, and focuses the password', async () => {
      const { page, complaints } = await open({ colorScheme: 'dark', viewport: { width: 320, height: 640 } });
      await page.getByLabel('User name').fill(ALICE.subject);
      await page.getByLabel('Password').fill('guess');
      await page.getByRole('button', { name: 'Sign in and allow' }).click();
      await page.getByRole('alert').waitFor();
      expect(await page.getByRole('alert').innerText()).toBe('The user name or the password is not right.');
      expect([await page.getByLabel('User name').inputValue(), await page.getByLabel('Password').inputValue()]).toEqual(
        [ALICE.subject, ''],
      );
      expect(await page.evaluate('document.activeElement.id')).toBe('password');
      expect(
        await page.evaluate('document.documentElement.scrollWidth <= innerWidth'),
        'nothing is cut off on a small screen',
      ).toBe(true);
      if (process.env['SIGN_IN_SCREENSHOTS'] !== undefined)
        await page.screenshot({ path: `${process.env['SIGN_IN_SCREENSHOTS']}/login-wrong.png` });
      await page.getByLabel('Password').fill(ALICE.password);
      await page.getByRole('button', { name: 'Sign in and allow' }).click();
      await page.waitForURL(`${callback}**`);
      expect([arrived?.searchParams.has('code'), complaints]).toEqual([true, []]);
      await page.close();
    });

    it('can be cancelled from the keyboard', async () => {
      const { page } = await open();
      // Where the page puts it by itself, which a busy machine does late.
      await page.getByLabel('User name').focus();
      for (let i = 0; i < 3; i++) await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Cancel');
      await page.keyboard.press('Enter');
      await page.waitForURL(`${callback}**`);
      expect(arrived?.searchParams.get('error')).toBe('access_denied');
      await page.close();
    });

    it('answers with a self-posting form when the client asks for that', async () => {
      const { page, complaints } = await open({}, { response_mode: 'form_post' });
      await page.getByLabel('User name').fill(ALICE.subject);
      await page.getByLabel('Password').fill(ALICE.password);
      await page.getByLabel('Password').press('Enter');
      await page.waitForURL(callback);
      expect([await page.innerText('body'), complaints]).toEqual(['Signed in.', []]);
      await page.close();
    });

    it('has enough contrast for small text in light and dark mode', async () => {
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page } = await open({ colorScheme });
        const selectors = ['p', '.soft', 'dt', 'label', 'button[value=allow]', 'button[value=cancel]'];
        const colours = (await page.evaluate(`${JSON.stringify(selectors)}.map((selector) => {
        const element = document.querySelector(selector), own = getComputedStyle(element);
        let behind = element;
        while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
        const back = getComputedStyle(behind).backgroundColor;
        return [selector, own.color, back];
      })`)) as [string, string, string][];
        for (const [selector, front, back] of colours)
          expect(contrast(front, back), `${colorScheme} ${selector}: ${front} on ${back}`).toBeGreaterThan(4.5);
        await page.close();
      }
    });

    it('P7 is not shown in a frame', async () => {
      const page = await browser.newPage();
      const blocked: string[] = [];
      page.on('console', (message) => blocked.push(message.text()));
      framed = authorization(gateway, await registered(gateway)).url;
      await page.goto(callback.replace('/callback', '/frame'));
      await expect.poll(() => blocked.join('\n')).toMatch(/frame-ancestors|X-Frame-Options/);
      await page.close();
    });
  },
);

/** WCAG 2.2, 1.4.3. */
function contrast(front: string, back: string): number {
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = [...colour.matchAll(/\d+/g)]
      .slice(0, 3)
      .map(([text]) => Number(text) / 255)
      .map((value) => (value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [light = 0, dark = 0] = [luminance(front), luminance(back)].sort((one, other) => other - one);
  return (light + 0.05) / (dark + 0.05);
}
