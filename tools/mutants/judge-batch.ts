/** Makes changes in the copy of the checkout, one at a time, and puts each file back before the next. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSource } from '../syntax.ts';
import { applyChange, type Change } from './change.ts';
import type { Judge, Verdict } from './run-tests.ts';

const BATCH_MAX = 10;

/** Changes in a row that the same tests must notice, so that these are seen green without a change once for all. */
export function batchesOf(changes: readonly Change[]): readonly (readonly Change[])[] {
  const batches: Change[][] = [];
  for (const change of changes) {
    const last = batches.at(-1);
    const isSame = last !== undefined && last.length < BATCH_MAX && String(last[0]?.tests) === String(change.tests);
    if (isSame) last.push(change);
    else batches.push([change]);
  }
  return batches;
}

/**
 * A verdict counts only when the tests are green afterwards, without a change: a change can leave the process that
 * runs them in a state in which everything is red. Then each is judged once more, in a process of its own.
 *
 * @returns `undefined` when the tests are red as they are.
 */
export async function judgeBatch(
  judge: Judge,
  folder: string,
  batch: readonly Change[],
): Promise<readonly Verdict[] | undefined> {
  const tests = batch[0]?.tests ?? [];
  const verdicts: Verdict[] = [];
  for (const change of batch) verdicts.push(await verdictOn(judge, folder, change));
  if ((await judge.ask({ tests, changed: [] })) === 'green') return verdicts;
  judge.end();
  if ((await judge.ask({ tests, changed: [] })) !== 'green') return undefined;
  const again: Verdict[] = [];
  for (const change of batch) {
    judge.end();
    again.push(await verdictOn(judge, folder, change));
  }
  return again;
}

async function verdictOn(judge: Judge, folder: string, change: Change): Promise<Verdict> {
  const path = join(folder, change.file);
  const text = readFileSync(path, 'utf8');
  const changed = applyChange(change, text);
  // A text that cannot be parsed would turn every test red.
  parseSource(change.file, changed);
  writeFileSync(path, changed);
  try {
    return await judge.ask({ tests: change.tests, changed: [change.file] });
  } finally {
    writeFileSync(path, text);
  }
}
