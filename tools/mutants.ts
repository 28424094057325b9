/**
 * `npm run mutants`: takes the protections of the product away, one at a time, and says which of them no test misses.
 * It is no part of CI, because it runs for about an hour; `mutants.test.ts` keeps the list true to the code.
 */
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AREAS } from './mutants/areas.ts';
import { lineOf, type Change } from './mutants/change.ts';
import { batchesOf, judgeBatch } from './mutants/judge-batch.ts';
import { openResults } from './mutants/results.ts';
import { createJudge, type Verdict } from './mutants/run-tests.ts';
import { copyCheckout } from './mutants/scratch.ts';
import { root } from './sources.ts';

const HELP = `npm run mutants -- [options]

Takes the protections of the product away, one at a time, in a copy of this checkout, and runs the tests that must
notice it. Survivors are printed with their place. Ends with 1 when there is a survivor. A run that was interrupted
goes on where it stopped: a change is judged again only when its file or its tests have changed.

  --area NAME   only this area, may be repeated: ${Object.keys(AREAS).join(', ')}
  --only TEXT   only changes whose file, text or tests have this text, may be repeated
  --list        prints the changes and runs nothing
  --again       judges also what was judged before
  --help        prints this
`;

interface Options {
  readonly changes: readonly Change[];
  readonly again: boolean;
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      area: { type: 'string', multiple: true, default: Object.keys(AREAS) },
      only: { type: 'string', multiple: true, default: [''] },
      list: { type: 'boolean', default: false },
      again: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = values.area.find((name) => !(name in AREAS));
  if (unknown !== undefined) throw new Error(`There is no area ${unknown}.`);
  const holds = ({ file, find, tests }: Change): boolean =>
    [file, find, ...tests].some((text) => values.only.some((part) => text.includes(part)));
  const changes = values.area.flatMap((name) => AREAS[name] ?? []).filter(holds);
  if (values.help) process.stdout.write(HELP);
  else if (values.list) for (const change of changes) process.stdout.write(`${describe(change)}\n`);
  return values.help || values.list ? undefined : { changes, again: values.again };
}

const describe = (change: Change, folder = root): string => {
  const line = lineOf(change, readFileSync(join(folder, change.file), 'utf8'));
  return `${change.file}:${line}\n    - ${change.find}\n    + ${change.replacement}`;
};

const SAID: Readonly<Record<Verdict, string>> = { green: 'SURVIVED', red: 'noticed ', 'too long': 'endless ' };

function printVerdict(number: string, verdict: Verdict | undefined, place: string): void {
  const shown = verdict === 'green' ? place : place.split('\n')[0];
  process.stdout.write(`${number} ${verdict === undefined ? 'not judged' : SAID[verdict]}  ${shown}\n`);
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return 0;
  setPriority(10);
  const folder = copyCheckout(root);
  const results = openResults(folder);
  const open = options.changes.filter((change) => options.again || results.verdictOn(change) === undefined);
  process.stdout.write(`${options.changes.length} changes, ${open.length} to judge, in ${folder}\n`);
  const judge = createJudge(folder);
  const red: Change[] = [];
  let count = 0;
  for (const batch of batchesOf(open)) {
    const verdicts = await judgeBatch(judge, folder, batch);
    if (verdicts === undefined) red.push(...batch);
    for (const [at, change] of batch.entries()) {
      const verdict = verdicts?.[at];
      if (verdict !== undefined) results.record(change, verdict);
      printVerdict(`${++count}/${open.length}`, verdict, describe(change, folder));
    }
  }
  judge.end();
  const survivors = options.changes.filter((change) => results.verdictOn(change) === 'green');
  process.stdout.write(`\n${survivors.length} of ${options.changes.length} survived, ${red.length} were not judged\n`);
  for (const change of survivors) process.stdout.write(`${describe(change)}\n`);
  for (const tests of new Set(red.map((change) => change.tests.join(' '))))
    process.stdout.write(`red without a change: ${tests}\n`);
  return survivors.length + red.length > 0 ? 1 : 0;
}

process.exitCode = await main();
