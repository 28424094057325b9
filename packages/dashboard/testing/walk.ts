/** Opens pages in Chromium and says what is wrong with them: what the policy blocked, errors, and what axe finds. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** Addresses that show every page and most of its parts. */
export const WALKED: Readonly<Record<string, string>> = {
  overview: '/',
  approvals: '/approvals',
  'approvals-all': '/approvals?status=all',
  request: '/approvals/5f0c7a1e9b3d4c2f8a6e1d0b7c5f3a29',
  servers: '/servers',
  server: '/servers/payments',
  'server-access': '/servers/payments?view=access&user=alice&roles=staff%2Cfinance',
  'server-access-empty': '/servers/payments?view=access',
  definition: '/servers/payments/definition?kind=tool&id=refund',
  calls: '/calls',
  call: '/calls/0193f2a4-00000000032c',
  policies: '/policies',
  people: '/people',
  passkeys: '/passkeys',
  settings: '/settings',
  'not-found': '/nowhere',
};

export interface Look {
  readonly role: string;
  readonly theme: 'light' | 'dark';
  readonly width: number;
}

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });

/** A browser profile of its own, signed in with a role; `nobody` is not signed in. */
export async function openAs(browser: Browser, url: string, { role, theme, width }: Look): Promise<BrowserContext> {
  const context = await browser.newContext({
    colorScheme: theme,
    viewport: { width, height: width < 600 ? 844 : 900 },
    reducedMotion: 'reduce',
    hasTouch: width < 600,
  });
  if (role !== 'nobody') await context.addCookies([{ name: 'role', value: role, url }]);
  return context;
}

/** Everything that a page complains of, and every host that it asked. */
export function listenTo(page: Page): { readonly complaints: string[]; readonly hosts: Set<string> } {
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on('console', (message) => {
    // The fixture answers some roles with 401, 403 and 404; the browser notes each.
    const expected = /status of 40[134]/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !expected) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  return { complaints, hosts };
}

/** Waits until nothing is loading any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.locator('[data-loading]').first().waitFor({ state: 'detached' });
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** WCAG 2.2 A and AA, and best practices. The policy of the page stays in force. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as AxeResult;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary.replaceAll(/\s+/g, ' ')}`),
  );
}

/** Nothing may be wider than the screen. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** Tables whose columns leave a part of their width empty, or cut their own heads. */
const SQUASHED = `[...document.querySelectorAll('table')].flatMap((table) => {
  if (table.tHead === null || getComputedStyle(table.tHead).position === 'absolute') return [];
  const heads = [...table.tHead.querySelectorAll('th')].filter((head) => head.offsetWidth > 0);
  const width = heads.reduce((sum, head) => sum + head.offsetWidth, 0);
  const cut = heads.filter((head) => head.scrollWidth > head.offsetWidth).map((head) => head.innerText + ' is cut');
  return table.offsetWidth - width > heads.length ? [...cut, 'columns fill ' + width + ' px only'] : cut;
})`;

export interface WalkOptions extends Look {
  readonly browser: Browser;
  readonly url: string;
  readonly pages: readonly string[];
  readonly screenshots?: string | undefined;
}

const SHOT_HEIGHT_MAX = 2_400;

/** The page from its top; of a table of 500 rows its beginning is enough. */
async function shoot(page: Page, path: string, width: number): Promise<void> {
  const height: number = await page.evaluate('document.documentElement.scrollHeight');
  const clip = { x: 0, y: 0, width, height: Math.min(height, SHOT_HEIGHT_MAX) };
  await page.screenshot({ path: `${path}-${String(width)}.png`, fullPage: true, clip });
}

/** @returns findings, each with the page that it is about. */
export async function walk({ browser, url, pages, screenshots, ...look }: WalkOptions): Promise<string[]> {
  const context = await openAs(browser, url, look);
  const page = await context.newPage();
  const { complaints, hosts } = listenTo(page);
  const findings: string[] = [];
  for (const name of pages) {
    await page.goto(`${url}${WALKED[name] ?? name}`);
    await settled(page);
    const where = `${name} as ${look.role}, ${look.theme}, ${String(look.width)} px`;
    const wide = await overflow(page);
    if (wide > 0) findings.push(`${where}: ${String(wide)} px too wide`);
    findings.push(...((await page.evaluate(SQUASHED)) as string[]).map((text) => `${where}: ${text}`));
    findings.push(...(await axe(page)).map((text) => `${where}: ${text}`));
    findings.push(...complaints.splice(0).map((text) => `${where}: ${text}`));
    if (screenshots !== undefined) await shoot(page, `${screenshots}/${name}-${look.role}-${look.theme}`, look.width);
  }
  hosts.delete(new URL(url).host);
  await context.close();
  return [...findings, ...[...hosts].map((host) => `asked another host: ${host}`)];
}
