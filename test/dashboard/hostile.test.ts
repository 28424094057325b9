/**
 * A26 U15: stored markup in every field of every answer. U8: text that lies to an approver. In Chromium, which proves
 * that nothing runs; skips where there is none.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APPROVALS, REFUND } from '../../packages/dashboard/testing/data-approvals.ts';
import * as data from '../../packages/dashboard/testing/data.ts';
import { startFixture, type Fixture } from '../../packages/dashboard/testing/fixture-server.ts';
import { CHROMIUM, listenTo, openAs, openBrowser, overflow, settled } from '../../packages/dashboard/testing/walk.ts';
import { buildDashboard } from '../../tools/dashboard.mjs';

const MARKUP = [
  '<script>window.ran=1</script>',
  '<img src=x onerror="window.ran=1">',
  '"><svg onload="window.ran=1">',
  "'+(window.ran=1)+'",
  'javascript:window.ran=1',
  '{{constructor.constructor("window.ran=1")()}}',
  '<iframe srcdoc="<script>parent.ran=1</script>">',
  '</textarea></title><style>*{display:none}</style>',
];

/** Members that the page reads as something else than text. */
const STRUCTURE = new Set(['id', 'status', 'state', 'kind', 'op', 'verdict', 'csrf_token', 'correlation_id', 'line']);

/** Every text of an answer with markup behind it, times and what selects a branch left as they are. */
function hostile(value: unknown, key = '', count = { at: 0 }): unknown {
  if (Array.isArray(value)) return value.map((item) => hostile(item, key, count));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, hostile(member, name, count)]));
  if (typeof value !== 'string' || STRUCTURE.has(key) || /_at$|^time$/.test(key)) return value;
  return `${value}${MARKUP[count.at++ % MARKUP.length] ?? ''}`;
}

const PATHS: readonly (readonly [address: string, answers: Readonly<Record<string, unknown>>])[] = [
  ['/', { '/overview': data.OVERVIEW }],
  ['/approvals?status=all', { '/approvals': { items: APPROVALS } }],
  [`/approvals/${REFUND.id}`, { [`/approvals/${REFUND.id}`]: REFUND }],
  ['/servers', { '/servers': { items: data.SERVERS } }],
  [
    '/servers/payments',
    { '/servers/payments': data.SERVERS[0], '/servers/payments/definitions': { items: data.DEFINITIONS } },
  ],
  [
    '/servers/payments/definition?kind=tool&id=refund',
    { '/servers/payments/definitions/tool/refund': data.CHANGED_TOOL },
  ],
  ['/calls?user=<img/src/onerror=window.ran=1>', { '/calls': { items: [data.callAt(1, 2), data.callAt(4, 5)] } }],
  ['/calls/x', { '/calls/x': data.CALL }],
  ['/policies', { '/policies': data.POLICIES }],
  ['/people', { '/people': { items: data.PEOPLE }, '/keys': { items: data.KEYS } }],
  ['/settings', { '/settings': data.SETTINGS }],
];

describe.skipIf(CHROMIUM === undefined)(
  CHROMIUM === undefined ? 'no Chromium here: hostile text is not opened in a browser' : 'hostile text in Chromium',
  () => {
    let fixture: Fixture;
    let browser: Browser;
    let page: Page;
    let complaints: string[];
    beforeAll(async () => {
      buildDashboard();
      fixture = await startFixture();
      browser = await openBrowser();
      const context = await openAs(browser, fixture.url, { role: 'admin', theme: 'light', width: 1_440 });
      page = await context.newPage();
      ({ complaints } = listenTo(page));
    });
    afterAll(async () => {
      await browser?.close();
      await fixture?.close();
    });

    it.each(PATHS)('A26 U15 runs nowhere, and becomes no element: %s', async (address, answers) => {
      for (const [path, answer] of Object.entries(answers)) fixture.setAnswer(path, hostile(answer));
      await page.goto(`${fixture.url}${address}`);
      await settled(page);
      const selector = 'img, iframe, main style, main script, [onerror], [onload], a[href^=javascript]';
      const count = `document.querySelectorAll('${selector}').length`;
      const found = await page.evaluate(`[String(window.ran), ${count}]`);
      expect([found, complaints.splice(0)]).toEqual([['undefined', 0], []]);
      expect(await page.locator('main').innerText()).toMatch(/window\.ran=1|onerror/);
    });

    it('A26 a script that did get into the page would not run: the policy stands by itself', async () => {
      await page.goto(`${fixture.url}/approvals`);
      await settled(page);
      const refused = await page.evaluate(`(() => {
        const refusals = [];
        const attempt = (name, run) => {
          try {
            run();
            refusals.push(name + ' was possible');
          } catch (error) {
            refusals.push(error.name);
          }
        };
        attempt('innerHTML', () => { document.body.innerHTML = '<b>x</b>'; });
        attempt('policy', () => trustedTypes.createPolicy('x', {}));
        const script = document.createElement('script');
        attempt('script text', () => { script.text = 'window.ran = 1'; });
        const handler = document.createElement('button');
        attempt('handler', () => { handler.setAttribute('onclick', 'window.ran = 1'); });
        document.body.append(handler);
        handler.click();
        return [...refusals, String(window.ran)];
      })()`);
      expect(refused).toEqual(['TypeError', 'TypeError', 'TypeError', 'TypeError', 'undefined']);
      complaints.splice(0);
    });

    it('U8 an approver sees what was hidden, and the buttons stay where they are', async () => {
      const lies = {
        padded: `transfer 5 EUR${'\n'.repeat(5_000)}and 50,000 EUR to DE00 0000`,
        turned: 'pay to \u202Enil\u202C now',
        looks: 'p\u0430ypal',
        unseen: 'approve\u200B\u200Ball',
        tower: `x${'\u0301'.repeat(60)}`,
        'key\u202E': 'v',
        long: `${'word '.repeat(2_000)}END`,
      };
      fixture.setAnswer(`/approvals/${REFUND.id}`, {
        ...REFUND,
        arguments: lies,
        tool: 'refund\u202E',
        requester: { ...REFUND.requester, name: 'Alice\u200B Moreau' },
      });
      await page.goto(`${fixture.url}/approvals/${REFUND.id}`);
      await settled(page);
      const text = await page.locator('main').innerText();
      for (const mark of ['5,000 line breaks', 'U+202E', 'U+202C', 'Cyrillic letter', 'U+200B', '60 × U+0301', 'END'])
        expect(`${text}${await titles(page)}`, mark).toContain(mark);
      expect(text).toContain('and 50,000 EUR to DE00 0000');
      const raw = (await page.evaluate('document.body.textContent')) as string;
      expect(raw).not.toMatch(/[\u202A-\u202E\u2066-\u2069\u200B]/);
      const box = await page.getByRole('button', { name: 'Approve…' }).boundingBox();
      expect(box?.y).toBeLessThan(600);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      await page.getByRole('button', { name: 'Approve…' }).click();
      await page.getByText('I have not scrolled to the end of the arguments').waitFor();
      expect(await page.getByRole('button', { name: 'Approve once' }).isDisabled()).toBe(true);
      expect(complaints).toEqual([]);
    });
  },
);

const titles = (page: Page): Promise<string> =>
  page.evaluate("[...document.querySelectorAll('[data-mark]')].map((mark) => mark.title).join(' ')");
