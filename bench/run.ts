/**
 * What a call through the gateway costs, with every control on, beside a direct connection, a bare Node.js proxy and
 * nginx, all in one run on one machine. Only the ratios mean anything.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compareWith } from './compare.ts';
import { callsPerSecond, type Memory, type Row, type StageRow } from './figures.ts';
import { measureColdStart, measureMemory } from './footprint.ts';
import { loadOf, openSession, preflight, type Era } from './load.ts';
import { openPaths, type Path } from './paths.ts';
import { here, PINNED } from './processes.ts';
import { report } from './report.ts';

const HELP = `npm run bench                     all settings; writes bench/results.md and bench/results.json
npm run bench -- --quick          one setting, a second each; writes nothing
npm run bench -- --against DIR    this checkout beside the built one in DIR, in turn; writes nothing
                                  (with --quick: 3 runs of 1 s instead of 7 of 3 s)
npm run bench -- --pinned         small messages, what is measured on one core, load and server on the other, each
                                  run after a warm-up of 5 s (Linux); writes bench/pinned.md; also with --against

Build first: npm run build. Needs wrk, and nginx unless --against is given.
`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    against: { type: 'string' },
    pinned: { type: 'boolean', default: false },
    help: { type: 'boolean' },
  },
});
const { quick } = options;
const cores = options.pinned ? PINNED : undefined;
const CONNECTIONS = quick ? [16] : [1, 16, 64, ...(options.pinned ? [] : [256])];
const SIZES = quick || options.pinned ? [64] : [64, 1024, 65_536];
const WARM_UP_SECONDS = options.pinned ? 5 : 1;
const SECONDS = quick ? 1 : 3;
const ERAS: readonly Era[] = ['modern', 'legacy'];

/** The paths take turns in each setting, so that a slow minute of the machine falls on all of them. */
async function measure(paths: readonly Path[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const era of ERAS) {
    const targets = await Promise.all(
      paths.map(async (path) => ({
        path,
        target: {
          url: path.url,
          era,
          token: path.token,
          session: era === 'legacy' ? await openSession(path.url, path.token) : '',
          ...(cores && { core: cores.others }),
        },
      })),
    );
    for (const bytes of SIZES) {
      for (const connections of CONNECTIONS) {
        for (const { path, target } of targets) {
          await preflight(target, bytes);
          await loadOf(target, { connections, bytes, seconds: WARM_UP_SECONDS });
          const figures = await loadOf(target, { connections, bytes, seconds: SECONDS });
          rows.push({ path: path.name, era, bytes, connections, figures });
          const rate = Math.round(callsPerSecond(figures));
          process.stderr.write(`${era} ${bytes} B × ${connections}: ${path.name} ${rate}/s\n`);
        }
      }
    }
  }
  return rows;
}

async function measureAll(): Promise<void> {
  const opened = await openPaths(cores);
  let rows: Row[] = [];
  let stages: StageRow[] = [];
  let memory: Memory;
  try {
    rows = await measure(opened.paths);
    stages = await opened.stages();
    memory = await measureMemory(opened, quick ? 500 : 10_000);
  } finally {
    await opened.close();
  }
  const coldStartMs = await measureColdStart(quick ? 3 : 10);
  const results = { node: process.version, date: new Date().toISOString(), rows, stages, memory, coldStartMs };
  if (!quick && !options.pinned) writeFileSync(here('./results.json'), `${JSON.stringify(results, null, 1)}\n`);
  if (!quick) writeFileSync(here(options.pinned ? './pinned.md' : './results.md'), report(results));
  process.stdout.write(report(results));
}

if (options.help) process.stdout.write(HELP);
else if (options.against !== undefined)
  process.stdout.write(
    await compareWith(options.against, {
      rounds: quick ? 3 : 7,
      seconds: SECONDS,
      warmUpSeconds: WARM_UP_SECONDS,
      pinned: options.pinned,
    }),
  );
else await measureAll();
