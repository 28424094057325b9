/**
 * L2: the power fails under load, at any moment, also while a log recovers: the small version of `npm run faults --
 * cuts`. Each sync that is left out is found.
 */
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cut, cutsFolder, earlySteps, startAfter, trace, type Omitted, type Traced } from './cuts.ts';
import { numbers } from './random.ts';

const CALLS = 300;
const CUTS = 10;
/** Ends a test that hangs. Each cut writes and reads many files. */
const BUSY_MS = 300_000;

const root = cutsFolder();
afterAll(() => rmSync(root, { recursive: true, force: true }));
let first: Traced;
beforeAll(async () => {
  first = await trace(root, CALLS);
});

/** What is wrong after cuts, with the seed of each. */
async function faultsAfter(traced: Traced, cuts: number, omitted?: Omitted, isEnough = (_found: number) => false) {
  const faults: string[] = [];
  for (let seed = 1; seed <= cuts && !isEnough(faults.length); seed++) {
    const folder = join(root, `cut-${seed}`);
    faults.push(
      ...(await startAfter(cut(traced, numbers(seed), folder, omitted))).map((what) => `seed ${seed}: ${what}`),
    );
    rmSync(folder, { recursive: true });
  }
  return faults;
}

describe('L2: the power fails', () => {
  it('whatever a checkpoint claims was synced before it', () => {
    expect(earlySteps(first)).toEqual([]);
  });

  it('under load: every log starts, verifies and has what it promised', { timeout: BUSY_MS }, async () => {
    expect(await faultsAfter(first, CUTS)).toEqual([]);
  });

  it('while a log recovers from a power failure', { timeout: BUSY_MS }, async () => {
    const folder = join(root, 'again');
    const left = cut(first, numbers(99), folder);
    const second = await trace(root, CALLS, left);
    expect(await faultsAfter(second, CUTS)).toEqual([]);
  });

  it.each<Omitted>(['segments', 'folders', 'checkpoint', 'everything'])(
    'these cuts find it when nothing is synced for: %s',
    { timeout: BUSY_MS },
    async (omitted) => {
      expect(await faultsAfter(first, 200, omitted, (found) => found > 0)).not.toEqual([]);
    },
  );

  it.each<Omitted>(['leaves', 'checkpoint lists', 'folders', 'checkpoint'])(
    'it is seen when a checkpoint does not wait for a sync of: %s',
    (omitted) => {
      expect(earlySteps(first, omitted)).not.toEqual([]);
    },
  );
});
