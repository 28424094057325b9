/** The pages over a real gateway: a person signs in with the demo's issuer and sees what is there. In Chromium. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM, listenTo, openAs, openBrowser, settled } from '../../packages/dashboard/testing/walk.ts';
import { buildDashboard } from '../../tools/dashboard.mjs';
import { ALICE, BOB, openSignInGateway, type SignInGateway } from '../sign-in/gateway.ts';

const PAGES = ['/', '/approvals', '/servers', '/servers/fixture', '/calls', '/policies', '/people', '/settings'];

describe.skipIf(CHROMIUM === undefined)(
  CHROMIUM === undefined
    ? 'no Chromium here: the dashboard is not opened on a gateway'
    : 'the dashboard of a real gateway in Chromium',
  () => {
    let gateway: SignInGateway;
    let browser: Browser;
    beforeAll(async () => {
      buildDashboard();
      gateway = await openSignInGateway();
      browser = await openBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      await gateway?.close();
    });

    async function signIn(user: typeof ALICE, path: string): Promise<{ page: Page; complaints: string[] }> {
      const context = await openAs(browser, gateway.adminUrl, { role: 'nobody', theme: 'light', width: 1_440 });
      const page = await context.newPage();
      const { complaints } = listenTo(page);
      await page.goto(`${gateway.adminUrl}${path}`);
      await page.getByRole('link', { name: 'Sign in' }).click();
      await page.getByLabel('User name').fill(user.subject);
      await page.getByLabel('Password').fill(user.password);
      await page.getByLabel('Password').press('Enter');
      await page.waitForURL(`${gateway.adminUrl}${path}`);
      await settled(page);
      return { page, complaints };
    }

    it('U15 an admin signs in, comes back to the page that was asked for, and reads every page', async () => {
      const { page, complaints } = await signIn(ALICE, '/settings');
      await page.getByText('Live', { exact: true }).waitFor();
      for (const path of PAGES) {
        await page.goto(`${gateway.adminUrl}${path}`);
        await settled(page);
        const text = await page.locator('main').innerText();
        expect([path, /not available|could not be read|may not see|does not exist/i.exec(text)?.[0]]).toEqual([
          path,
          undefined,
        ]);
      }
      expect(complaints).toEqual([]);
      await page.context().close();
    });

    it('U14 a viewer sees no page of an auditor, and is told which role it needs; signing out ends it', async () => {
      const { page } = await signIn(BOB, '/settings');
      await page.getByText('This needs the role auditor.').waitFor();
      expect(await page.getByRole('navigation').innerText()).not.toContain('Calls');
      await page.getByRole('button', { name: /^Account/ }).click();
      await page.getByRole('menuitem', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Sign in to Sallyport' }).waitFor();
      await page.context().close();
    });
  },
);
