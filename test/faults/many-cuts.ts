/** `npm run faults -- cuts`: the power fails so many times, also while logs recover from the failure before. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { cut, cutsFolder, startAfter, trace, type Cut } from './cuts.ts';
import { numbers } from './random.ts';
import { say } from './report.ts';

const CALLS = 400;
const CUTS_PER_RUN = 50;
/** A log that was cut off so many times in a row is followed by a new one. */
const RUNS_PER_LOG = 5;

/** @throws Error that says what is wrong, and where what was on the disk is kept. */
export async function runCuts(count: number, seed: number): Promise<void> {
  const root = cutsFolder();
  const below = numbers(seed);
  let before: Cut | undefined;
  let [promised, cuts] = [0, 0];
  for (let run = 0; cuts < count; run++) {
    if (run % RUNS_PER_LOG === 0) before = undefined;
    const traced = await trace(root, CALLS, before);
    for (let at = 0; at < CUTS_PER_RUN && cuts < count; at++) {
      const left = cut(traced, below, join(root, `cut-${cuts}`));
      const faults = await startAfter(left);
      if (faults.length > 0) throw new Error(`cut ${cuts}, kept in ${left.folder}:\n${faults.join('\n')}`);
      for (const records of left.promised.values()) promised += records.size;
      if (before !== undefined) rmSync(before.folder, { recursive: true });
      before = left;
      cuts += 1;
    }
    rmSync(join(traced.folder, '..'), { recursive: true });
    say(`${cuts} power cuts in ${run + 1} runs; ${promised} promised records looked for, none lost`);
  }
  rmSync(root, { recursive: true });
}
