/** `npm run faults -- flips`: so many bits of an audit folder flip, one at a time. */
import { rmSync } from 'node:fs';
import { flipOne, writeLogs } from './flips.ts';
import { numbers } from './random.ts';
import { say } from './report.ts';

const SAY_EVERY = 500;

/** @throws Error that says which bits are neither named nor harmless. */
export async function runFlips(count: number, seed: number): Promise<void> {
  const below = numbers(seed);
  const written = await writeLogs();
  const faults: string[] = [];
  let harmless = 0;
  for (let flip = 1; flip <= count; flip++) {
    const flipped = await flipOne(written, below);
    if (flipped.isHarmless) harmless += 1;
    faults.push(...flipped.faults.map((fault) => `${flipped.what}: ${fault}`));
    if (flip % SAY_EVERY === 0 || flip === count)
      say(
        `${flip} flips, of which verify has no word for ${harmless}, and they change no record; ${faults.length} faults`,
      );
  }
  rmSync(written.root, { recursive: true });
  if (faults.length > 0) throw new Error(faults.slice(0, 30).join('\n'));
}
