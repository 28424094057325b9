/** How soon a page shows something useful on a slow processor, and how a long table scrolls. Figures, no bounds. */
import type { Browser } from 'playwright-core';
import { callAt } from './data.ts';
import { startFixture } from './fixture-server.ts';
import { openAs, settled, WALKED } from './walk.ts';

const RECORDS = 100_000;
const JUMPS = 120;
const LOOK = { role: 'admin', theme: 'light', width: 1_440 } as const;
/** Runs in the page before its scripts: the time of the first frame in which nothing is loading any more. */
const WATCH_PAINT = `const watch = () => {
  if (document.querySelector('main h1') !== null && document.querySelector('[data-loading]') === null)
    requestAnimationFrame(() => { globalThis.usefulPaintMs = performance.now(); });
  else requestAnimationFrame(watch);
};
requestAnimationFrame(watch);`;

/** @param slowdown of the processor, as Chromium emulates it. @returns milliseconds since the navigation began. */
async function usefulPaintMs(browser: Browser, url: string, slowdown: number): Promise<number> {
  const context = await openAs(browser, url, LOOK);
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  await page.addInitScript(WATCH_PAINT);
  await page.goto(url);
  await settled(page);
  let took: number | null = null;
  // The policy of the page forbids what playwright's own waiting would do.
  while (took === null) took = await page.evaluate('globalThis.usefulPaintMs ?? null');
  await context.close();
  return took;
}

/** Jumps from the top of the calls to their end, one in each frame, and the tasks that took longer than 50 ms. */
async function scrollFigures(browser: Browser, url: string): Promise<string> {
  const context = await openAs(browser, url, LOOK);
  const page = await context.newPage();
  await page.goto(`${url}${WALKED['calls'] ?? ''}`);
  await settled(page);
  await page.evaluate(`globalThis.longTasks = [];
    new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
      .observe({ type: 'longtask' });`);
  const rowsMax = await page.evaluate(`(async () => {
    let rows = 0;
    for (let step = 1; step <= ${String(JUMPS)}; step++) {
      scrollTo(0, (document.documentElement.scrollHeight * step) / ${String(JUMPS)});
      await new Promise(requestAnimationFrame);
      rows = Math.max(rows, document.querySelectorAll('tbody tr[data-row]').length);
    }
    return rows;
  })()`);
  const long = (await page.evaluate('longTasks')) as number[];
  const read = await page.getByText('records read').innerText();
  await context.close();
  const longest = String(Math.round(Math.max(0, ...long)));
  const tasks = `${String(JUMPS)} jumps, ${String(long.length)} tasks over 50 ms, longest ${longest} ms`;
  return `${read}: at most ${String(rowsMax)} rows in the page, ${tasks}`;
}

/** One line for each figure. They depend on what else the machine does. */
export async function speedFigures(browser: Browser): Promise<string[]> {
  const items = Array.from({ length: RECORDS }, (_, at) => callAt(RECORDS - 1 - at, RECORDS));
  const { url, close } = await startFixture({ answers: { '/calls': { items } } });
  const paints: string[] = [];
  for (const slowdown of [1, 4, 6]) {
    const tookMs = Math.round(await usefulPaintMs(browser, url, slowdown));
    paints.push(`${String(tookMs)} ms at 1/${String(slowdown)} of the speed`);
  }
  const figures = [`First useful paint of the overview: ${paints.join(', ')}`, await scrollFigures(browser, url)];
  await close();
  return figures;
}
