/**
 * L1, L9, L10: the small version of `npm run faults -- kills`: a whole gateway is killed under load, while it starts,
 * and while it recovers.
 */
import { expect, it } from 'vitest';
import { openKilledGateway } from './killed-gateway.ts';
import { numbers } from './random.ts';

const KILLS = 3;

it(
  'L1 L10: after kill -9 every executed call has its intent, every answer its outcome, and nothing ran twice',
  { timeout: 300_000 },
  async () => {
    const seed = Date.now() % 1_000_000;
    const gateway = await openKilledGateway();
    try {
      const below = numbers(seed);
      for (let kill = 1; kill <= KILLS; kill++) await gateway.round(below);
      await gateway.check();
      expect(gateway.figures.kills).toBe(KILLS);
      expect(gateway.figures.executed).toBeGreaterThanOrEqual(gateway.figures.answered);
      expect(gateway.figures.answered).toBeGreaterThan(KILLS);
    } catch (thrown) {
      throw new Error(`seed ${seed}`, { cause: thrown });
    } finally {
      await gateway.close();
    }
  },
);
