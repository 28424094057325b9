import type { Clock } from '../ports.ts';

/**
 * The clock of the machine.
 *
 * @example
 * ```ts
 * const deadlineMs = systemClock.now() + 30_000;
 * ```
 */
export const systemClock: Clock = { now: () => Date.now() };

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
