/** L1, L7: the small version of `npm run faults -- disk`: trouble that lasts, comes again, and ends. */
import { expect, it } from 'vitest';
import { badDiskRound } from './bad-disk.ts';
import { numbers } from './random.ts';

const ROUNDS = 5;

it(
  'L1 L7: full, failing and slow disks, no descriptors and a jumping clock: nothing is lost, others do not notice',
  { timeout: 300_000 },
  async () => {
    const seed = Date.now() % 1_000_000;
    const below = numbers(seed);
    let refused = 0;
    for (let round = 0; round < ROUNDS; round++)
      refused += await badDiskRound(below).then(
        (done) => done.refused,
        (cause: unknown) => {
          throw new Error(`seed ${seed}, round ${round}: ${String(cause)}`, { cause });
        },
      );
    expect(refused).toBeGreaterThan(ROUNDS);
  },
);
