/**
 * `npm run bench [-- --quick]`: what a call through the gateway costs, with every control on, beside a direct
 * connection, a bare Node.js proxy and nginx, all in one run on one machine. Only the ratios mean anything.
 *
 * Writes `bench/results.md` (tables) and `bench/results.json`.
 */
import { writeFileSync } from 'node:fs';
import { here } from './processes.ts';
import { measureColdStart, measureMemory } from './footprint.ts';
import { loadOf, openSession, preflight, type Era, type Figures } from './load.ts';
import { openPaths, type Path } from './paths.ts';
import { report, type Row, type StageRow } from './report.ts';

const quick = process.argv.includes('--quick');
const CONNECTIONS = quick ? [16] : [1, 16, 64, 256];
const SIZES = quick ? [64] : [64, 1024, 65_536];
const SECONDS = quick ? 1 : 3;
const ERAS: readonly Era[] = ['modern', 'legacy'];

/** The paths take turns inside one setting, so that a slow minute of the machine falls on all of them. */
async function measure(paths: readonly Path[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const era of ERAS) {
    const aims = await Promise.all(
      paths.map(async (path) => ({
        path,
        aim: {
          url: path.url,
          era,
          token: path.token,
          session: era === 'legacy' ? await openSession(path.url, path.token) : '',
        },
      })),
    );
    for (const bytes of SIZES) {
      for (const connections of CONNECTIONS) {
        for (const { path, aim } of aims) {
          await preflight(aim, bytes);
          await loadOf(aim, { connections, bytes, seconds: 1 });
          const figures: Figures = await loadOf(aim, { connections, bytes, seconds: SECONDS });
          rows.push({ path: path.name, era, bytes, connections, figures });
          process.stderr.write(
            `${era} ${bytes} B × ${connections}: ${path.name} ${Math.round(figures.requests / figures.seconds)}/s\n`,
          );
        }
      }
    }
  }
  return rows;
}

async function main(): Promise<void> {
  const opened = await openPaths();
  let rows: Row[] = [];
  let stages: StageRow[] = [];
  let memory: Awaited<ReturnType<typeof measureMemory>>;
  try {
    rows = await measure(opened.paths);
    stages = await opened.stages();
    memory = await measureMemory(opened, quick ? 500 : 10_000);
  } finally {
    await opened.close();
  }
  const coldStartMs = await measureColdStart(quick ? 3 : 10);
  const results = { node: process.version, date: new Date().toISOString(), rows, stages, memory, coldStartMs };
  if (!quick) {
    writeFileSync(here('./results.json'), `${JSON.stringify(results, null, 1)}\n`);
    writeFileSync(here('./results.md'), report(results));
  }
  process.stdout.write(report(results));
}

await main();
