import { expect, it } from 'vitest';
import { createManualClock } from '@sallyport/guard/memory';
import { createBackoff } from './backoff.ts';

function failing() {
  const clock = createManualClock();
  const backoff = createBackoff(clock);
  /** Fails `afterMs` after the wait has ended. @returns the next wait. */
  const fail = (afterMs = 0): number => {
    clock.advance(backoff.waitMs('a') + afterMs);
    backoff.failed('a');
    return backoff.waitMs('a');
  };
  return { backoff, fail };
}

it('the wait doubles from 250 ms up to 30 s', () => {
  const { fail } = failing();
  expect(Array.from({ length: 10 }, () => fail())).toEqual([
    250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
  ]);
});

it('a failure delays no other key, and a success ends the wait', () => {
  const { backoff, fail } = failing();
  fail();
  expect(backoff.waitMs('b')).toBe(0);
  backoff.succeeded('a');
  expect(backoff.waitMs('a')).toBe(0);
  expect(fail()).toBe(250);
});

it('a failure long after the last one starts the count anew', () => {
  const { fail } = failing();
  fail();
  fail();
  expect(fail(30_000)).toBe(1_000);
  expect(fail(30_001)).toBe(250);
});
