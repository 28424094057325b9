/** What changes while a page is open, and how much of it is in the page. In Chromium; skips where there is none. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DASHBOARD_FOLDER } from '../../packages/gateway/src/control/dashboard/files.ts';
import { APPROVALS, REFUND } from '../../packages/dashboard/testing/data-approvals.ts';
import { CAROL } from '../../packages/dashboard/testing/data-people.ts';
import * as data from '../../packages/dashboard/testing/data.ts';
import { startFixture, type Fixture } from '../../packages/dashboard/testing/fixture-server.ts';
import { CHROMIUM, listenTo, openAs, openBrowser, settled } from '../../packages/dashboard/testing/walk.ts';
import { buildDashboard } from '../../tools/dashboard.mjs';

const RECORDS = 100_000;
const PAGES_BYTES_MAX = 250 * 1_024;

it('all pages together are under 250 KiB, compressed', () => {
  buildDashboard();
  const names = readdirSync(DASHBOARD_FOLDER, { recursive: true, encoding: 'utf8' });
  const sizes = names.filter((name) => name.endsWith('.gz')).map((name) => statSync(join(DASHBOARD_FOLDER, name)).size);
  expect(sizes.length).toBeGreaterThan(10);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(PAGES_BYTES_MAX);
});

describe.skipIf(CHROMIUM === undefined)(
  CHROMIUM === undefined ? 'no Chromium here: live pages are not opened in a browser' : 'open pages in Chromium',
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

    async function open(address: string): Promise<{ page: Page; complaints: string[] }> {
      const context = await openAs(browser, fixture.url, { role: 'admin', theme: 'light', width: 1_440 });
      const page = await context.newPage();
      const { complaints } = listenTo(page);
      await page.goto(`${fixture.url}${address}`);
      await settled(page);
      await page.getByText('Live', { exact: true }).waitFor();
      return { page, complaints };
    }

    it('two people at once see each other decide, and no row moves', async () => {
      const queue = await open('/approvals');
      const request = await open(`/approvals/${REFUND.id}`);
      const rows = queue.page.locator('tbody tr[data-row]');
      const before = await rows.allInnerTexts();
      const decided = {
        ...REFUND,
        status: 'denied',
        decisions: [
          {
            by: CAROL,
            verdict: 'deny',
            reason: 'Not this one.',
            as: 'user:carol',
            channel: 'slack',
            at: REFUND.created_at,
          },
        ],
      };
      fixture.setAnswer('/approvals', {
        items: APPROVALS.filter(({ id, status }) => id !== REFUND.id && status === 'pending'),
      });
      fixture.setAnswer(`/approvals/${REFUND.id}`, decided);
      fixture.send('approval', { id: REFUND.id, status: 'denied', version: 2 });
      await request.page.getByText('Not this one.').waitFor();
      expect(await request.page.getByRole('button', { name: 'Approve…' }).count()).toBe(0);
      await rows.first().getByText('denied').waitFor();
      const after = await rows.allInnerTexts();
      const names = (texts: readonly string[]): string[] => texts.map((text) => text.split('\n')[0] ?? '');
      expect(names(after).map((name) => name.split('\t')[0])).toEqual(names(before).map((name) => name.split('\t')[0]));
      expect([...queue.complaints, ...request.complaints]).toEqual([]);
    });

    it('a table of 100,000 records has a few dozen rows in the page, wherever it is scrolled to', async () => {
      const items = Array.from({ length: RECORDS }, (_, at) => data.callAt(RECORDS - 1 - at, RECORDS));
      fixture.setAnswer('/calls', { items });
      const { page, complaints } = await open('/calls');
      const rows = page.locator('tbody tr[data-row]');
      await page.getByText('100,000 records read; these are all').waitFor();
      for (const share of [0, 0.5, 1]) {
        await page.evaluate(`scrollTo(0, document.documentElement.scrollHeight * ${String(share)})`);
        const wanted = Math.floor((RECORDS - 1) * share);
        await expect
          .poll(async () => {
            const shown = await rows.evaluateAll((all) => all.map((row) => Number(row.getAttribute('data-row'))));
            return Math.min(...shown.map((index) => Math.abs(index - wanted)));
          })
          .toBeLessThan(40);
        expect(await rows.count()).toBeLessThan(80);
      }
      expect(complaints).toEqual([]);
    });
  },
);
