import type { Clock } from '../ports.ts';

/**
 * The clock of the machine.
 *
 * @example
 * ```ts
 * const recordedAtMs = systemClock.now();
 * ```
 */
export const systemClock: Clock = { now: () => Date.now() };

/**
 * A clock that is never set: it began with the time of the machine and goes on evenly. For waits, deadlines and ages
 * (L7): by a clock that is set back for a day a server would not be tried again, a user not let in again and a revoked
 * key not be noticed for a day. Not for expiries that others stated.
 *
 * @example
 * ```ts
 * const deadlineMs = steadyClock.now() + 30_000;
 * ```
 */
export const steadyClock: Clock = { now: () => performance.timeOrigin + performance.now() };

/**
 * A clock that stands still until a test advances it.
 *
 * @example
 * ```ts
 * const clock = createManualClock();
 * clock.advance(60_000);
 * ```
 */
export function createManualClock(startMs = 1_700_000_000_000): Clock & { advance(ms: number): void } {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance(ms) {
      nowMs += ms;
    },
  };
}
