/**
 * The pages in Chromium, over a control API of fixtures. All roles, themes and widths are `npm run pages`; here each of
 * them is walked once. Skips where there is no Chromium.
 */
import { type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFixture, type Fixture } from '../../packages/dashboard/testing/fixture-server.ts';
import {
  CHROMIUM,
  listenTo,
  openAs,
  openBrowser,
  settled,
  walk,
  WALKED,
} from '../../packages/dashboard/testing/walk.ts';
import { buildDashboard } from '../../tools/dashboard.mjs';

const LOOKS = [
  { role: 'admin', theme: 'light', width: 1_440, pages: Object.keys(WALKED) },
  { role: 'admin', theme: 'dark', width: 390, pages: Object.keys(WALKED) },
  { role: 'viewer', theme: 'dark', width: 1_440, pages: ['overview', 'calls'] },
  { role: 'approver', theme: 'light', width: 390, pages: ['request', 'settings'] },
  { role: 'auditor', theme: 'dark', width: 1_440, pages: ['policies', 'people'] },
  { role: 'operator', theme: 'light', width: 1_440, pages: ['policies', 'calls'] },
  { role: 'stranger', theme: 'light', width: 390, pages: ['approvals', 'overview'] },
  { role: 'nobody', theme: 'dark', width: 390, pages: ['request'] },
] as const;

describe.skipIf(CHROMIUM === undefined)(
  CHROMIUM === undefined ? 'no Chromium here: the dashboard is not opened in a browser' : 'the dashboard in Chromium',
  () => {
    let fixture: Fixture;
    let browser: Browser;
    beforeAll(async () => {
      buildDashboard();
      fixture = await startFixture();
      browser = await openBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      await fixture?.close();
    });

    it.each(LOOKS)(
      'U15 as $role, $theme, $width px: axe finds nothing, the policy blocks nothing, no other host is asked',
      async ({ role, theme, width, pages }) => {
        expect(await walk({ browser, url: fixture.url, role, theme, width, pages })).toEqual([]);
      },
    );

    it('who has no role comes to the requests for approval after the sign-in', async () => {
      const context = await openAs(browser, fixture.url, { role: 'stranger', theme: 'light', width: 1_440 });
      const page = await context.newPage();
      await page.goto(fixture.url);
      await page.waitForURL(`${fixture.url}/approvals`);
      await page.getByRole('heading', { name: 'Approvals' }).waitFor();
      await context.close();
    });

    it('an approver decides with the keyboard alone, with a reason', async () => {
      const context = await openAs(browser, fixture.url, { role: 'approver', theme: 'light', width: 1_440 });
      const page = await context.newPage();
      const { complaints } = listenTo(page);
      await page.goto(`${fixture.url}/approvals`);
      await settled(page);
      await page.keyboard.press('j');
      await page.keyboard.press('j');
      await page.keyboard.press('k');
      await page.keyboard.press('Enter');
      await page.getByText('End of the arguments').waitFor();
      await page.keyboard.press('d');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.type('Too much.');
      await page.keyboard.press('Control+Enter');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(fixture.changes.at(-1)).toEqual([
        'POST',
        '/approvals/5f0c7a1e9b3d4c2f8a6e1d0b7c5f3a29/deny',
        { reason: 'Too much.' },
      ]);
      expect(complaints).toEqual([]);
      await context.close();
    });
  },
);
