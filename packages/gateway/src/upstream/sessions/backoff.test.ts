import { expect, it } from 'vitest';
import { createManualClock } from '@sallyport/guard/memory';
import { createBackoff } from '../sessions/backoff.ts';

function failing() {
  const clock = createManualClock();
  const backoff = createBackoff(clock);
  /** Fails after the wait and `rest` more. @returns how long to wait then. */
  const fail = (rest = 0): number => {
    clock.advance(backoff.waitMs('a') + rest);
    backoff.failed('a');
    return backoff.waitMs('a');
  };
  return { backoff, fail };
}

it('the wait doubles from a quarter of a second, up to half a minute', () => {
  const { fail } = failing();
  expect(Array.from({ length: 10 }, () => fail())).toEqual([
    250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
  ]);
});

it('one failure does not slow down another server or principal, and a success ends the waiting', () => {
  const { backoff, fail } = failing();
  fail();
  expect(backoff.waitMs('b')).toBe(0);
  backoff.succeeded('a');
  expect(backoff.waitMs('a')).toBe(0);
  expect(fail()).toBe(250);
});

it('what failed once a day is not what fails again and again', () => {
  const { fail } = failing();
  fail();
  fail();
  expect(fail(30_000)).toBe(1_000);
  expect(fail(30_001)).toBe(250);
});
