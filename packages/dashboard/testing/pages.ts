/**
 * `npm run pages [-- --screenshots FOLDER --role ROLE --page PAGE]`: every page as every role, in both themes, at 390 and
 * 1440 px. The tests walk a part of it. Then the figures of how fast the pages are.
 */
import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startFixture } from './fixture-server.ts';
import { speedFigures } from './speed.ts';
import { openBrowser, walk, WALKED } from './walk.ts';

const { values } = parseArgs({
  options: {
    screenshots: { type: 'string' },
    role: { type: 'string', multiple: true },
    page: { type: 'string', multiple: true },
    theme: { type: 'string', multiple: true },
    width: { type: 'string', multiple: true },
  },
});
const roles = values.role ?? ['viewer', 'approver', 'auditor', 'operator', 'admin', 'stranger', 'nobody'];
const themes = values.theme ?? ['light', 'dark'];
const widths = (values.width ?? ['390', '1440']).map(Number);
if (values.screenshots !== undefined) mkdirSync(values.screenshots, { recursive: true });

const fixture = await startFixture();
const browser = await openBrowser();
const findings: string[] = [];
for (const role of roles) {
  for (const theme of themes) {
    for (const width of widths) {
      const look = { role, theme: theme === 'dark' ? ('dark' as const) : ('light' as const), width };
      const pages = values.page ?? Object.keys(WALKED);
      const found = await walk({ ...look, browser, url: fixture.url, pages, screenshots: values.screenshots });
      findings.push(...found);
    }
  }
}
const figures = await speedFigures(browser);
await browser.close();
await fixture.close();
for (const line of [...figures, ...findings]) process.stdout.write(`${line}\n`);
process.stdout.write(`${String(findings.length)} findings\n`);
process.exitCode = findings.length > 0 ? 1 : 0;
