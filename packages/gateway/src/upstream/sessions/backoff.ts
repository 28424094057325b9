/** Backoff: how long to wait before a failed attempt is repeated. Each key waits for itself. */
import { BoundedMap, type Clock } from '@sallyport/guard';

/** Failures by key, and the wait that follows from them. */
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
  const failures = new BoundedMap<string, { count: number; waitUntilMs: number }>(KEYS_MAX);
  return {
    waitMs: (key) => Math.max(0, (failures.get(key)?.waitUntilMs ?? 0) - clock.now()),
    failed(key) {
      const last = failures.get(key);
      const repeats = last !== undefined && clock.now() - last.waitUntilMs <= WAIT_MS_MAX;
      const count = repeats ? last.count + 1 : 1;
      const waitMs = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** (count - 1));
      // Deleted first, so that the key that failed least recently is the first to be dropped.
      failures.delete(key);
      failures.set(key, { count, waitUntilMs: clock.now() + waitMs });
    },
    succeeded: (key) => {
      failures.delete(key);
    },
  };
}
