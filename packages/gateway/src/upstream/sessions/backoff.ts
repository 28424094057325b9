/** Backoff: how long to wait before a failed attempt is repeated. Each key waits for itself. */
import type { Clock } from '@sallyport/guard';

export interface Backoff {
  /** Milliseconds to wait before another attempt; 0 = none. */
  waitMs(key: string): number;
  failed(key: string): void;
  succeeded(key: string): void;
}

const WAIT_MS_MIN = 250;
const WAIT_MS_MAX = 30_000;
const KEYS_MAX = 10_000;

/** Waits double from 250 ms to 30 s. The count starts anew 30 s after a wait ended without another failure. */
export function createBackoff(clock: Clock): Backoff {
  const failures = new Map<string, { count: number; waitUntilMs: number }>();
  return {
    waitMs: (key) => Math.max(0, (failures.get(key)?.waitUntilMs ?? 0) - clock.now()),
    failed(key) {
      const last = failures.get(key);
      const repeats = last !== undefined && clock.now() - last.waitUntilMs <= WAIT_MS_MAX;
      const count = repeats ? last.count + 1 : 1;
      const waitMs = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** (count - 1));
      failures.delete(key);
      failures.set(key, { count, waitUntilMs: clock.now() + waitMs });
      const oldest = failures.keys().next().value;
      if (failures.size > KEYS_MAX && oldest !== undefined) failures.delete(oldest);
    },
    succeeded: (key) => {
      failures.delete(key);
    },
  };
}
