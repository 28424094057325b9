/** `npm run faults -- disk`: so many rounds of trouble with the disk and the clock. */
import { badDiskRound } from './bad-disk.ts';
import { numbers } from './random.ts';
import { say } from './report.ts';

const SAY_EVERY = 100;

/** @throws Error that says what is wrong. */
export async function runBadDisks(count: number, seed: number): Promise<void> {
  const below = numbers(seed);
  let [acknowledged, refused] = [0, 0];
  for (let round = 1; round <= count; round++) {
    const done = await badDiskRound(below);
    acknowledged += done.acknowledged;
    refused += done.refused;
    if (round % SAY_EVERY === 0 || round === count)
      say(`${round} rounds: ${acknowledged} records acknowledged and kept, ${refused} refused`);
  }
}
