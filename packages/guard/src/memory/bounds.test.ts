/** D2: what is kept in memory stays bounded, whatever callers send, and no caller gains by what is forgotten. */
import { describe, expect, it } from 'vitest';
import type { LimitRule } from '../ports.ts';
import { createApprovals } from '../approvals/index.ts';
import { requestOf } from '../approvals/testing.mts';
import { createManualClock, createMemoryApprovalStore, createMemoryRateLimiter, systemClock } from './index.ts';

const rule = (key: string, limit = 5): LimitRule => ({ scope: 'address', key, limit, periodMs: 60_000 });

describe('H17 a flood of keys', () => {
  it('makes the limiter forget the least recently used keys, never an exhausted one', async () => {
    const limiter = createMemoryRateLimiter(createManualClock(), 1_000);
    for (let at = 0; at < 5; at++) await limiter.take([rule('busy')]);
    await limiter.take([rule('idle')]);
    await limiter.take([rule('used')]);
    for (let at = 0; at < 3_000; at++) {
      await limiter.take([rule(`flood ${at}`)]);
      if (at % 500 === 0) await limiter.take([rule('used', 100)]);
    }
    expect((await limiter.take([rule('busy')])).allowed).toBe(false);
    expect(await limiter.take([rule('idle')]), 'forgotten, so whole again').toMatchObject({ remaining: 4 });
    expect((await limiter.take([rule('used', 100)])).remaining, 'used lately, so remembered').toBeLessThan(95);
  });

  it('does not cost one sweep per call, even when nothing can be forgotten', async () => {
    for (const limit of [1, 5]) {
      const limiter = createMemoryRateLimiter(createManualClock(), 10_000);
      const cpuBefore = process.cpuUsage();
      for (let at = 0; at < 200_000; at++) await limiter.take([rule(`flood ${at}`, limit)]);
      expect(process.cpuUsage(cpuBefore).user / 1_000, 'milliseconds of CPU time').toBeLessThan(5_000);
      expect((await limiter.take([rule('flood 0', 1)])).allowed, 'one that has nothing left is never forgotten').toBe(
        limit !== 1,
      );
    }
  });

  it('leaves space again once the budgets are full', async () => {
    const clock = createManualClock();
    const limiter = createMemoryRateLimiter(clock, 100);
    for (let round = 0; round < 5; round++) {
      for (let at = 0; at < 200; at++) expect((await limiter.take([rule(`flood ${at}`, 1)])).allowed).toBe(true);
      for (let at = 0; at < 200; at++) expect((await limiter.take([rule(`flood ${at}`, 1)])).allowed).toBe(false);
      clock.advance(60_000);
    }
  });
});

it('U7 expired requests are forgotten, and one user never has more requests than the cap', async () => {
  const clock = createManualClock();
  const approvals = createApprovals(createMemoryApprovalStore(), clock, { pendingMax: 3 });
  let filed = 0;
  for (let at = 0; at < 1_000; at++) {
    const question = requestOf({ digest: `d${at}`, ttlMs: 10, arguments: { at } });
    filed += await approvals.consume(question).then(
      () => 1,
      () => 0,
    );
    expect((await approvals.list({ status: 'pending' })).length).toBeLessThanOrEqual(3);
    clock.advance(1);
  }
  expect(filed).toBeGreaterThan(250);
});

it('the system clock returns milliseconds since the epoch', () => {
  const before = Date.now();
  const now = systemClock.now();
  expect([before <= now, now <= Date.now()]).toEqual([true, true]);
});
