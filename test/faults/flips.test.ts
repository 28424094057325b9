/** L3: any bit of an audit folder flips: the small version of `npm run faults -- flips`. */
import { rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { flipOne, writeLogs } from './flips.ts';
import { numbers } from './random.ts';

const FLIPS = 40;

it(
  'L3: a flipped bit of any file is named or harmless, and stops nobody but its tenant',
  { timeout: 300_000 },
  async () => {
    const seed = Date.now() % 1_000_000;
    const below = numbers(seed);
    const written = await writeLogs();
    const faults: string[] = [];
    for (let flip = 0; flip < FLIPS; flip++) {
      const flipped = await flipOne(written, below);
      faults.push(...flipped.faults.map((fault) => `seed ${seed}, ${flipped.what}: ${fault}`));
    }
    rmSync(written.root, { recursive: true });
    expect(faults).toEqual([]);
  },
);
