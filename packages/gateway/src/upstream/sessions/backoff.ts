/** How long a server that keeps failing to start is left alone. One principal's failures do not slow down another's. */
import type { Clock } from '@sallyport/guard';

export interface Backoff {
  /** Milliseconds to wait before another attempt; 0 = now. */
  waitMs(key: string): number;
  failed(key: string): void;
  succeeded(key: string): void;
}

const FIRST_MS = 250;
const MAX_MS = 30_000;
const REMEMBERED_MAX = 10_000;

export function createBackoff(clock: Clock): Backoff {
  const failures = new Map<string, { count: number; until: number }>();
  return {
    waitMs: (key) => Math.max(0, (failures.get(key)?.until ?? 0) - clock.now()),
    failed(key) {
      const last = failures.get(key);
      // What failed once a day is not what fails again and again.
      const count = last !== undefined && clock.now() - last.until <= MAX_MS ? last.count + 1 : 1;
      failures.delete(key);
      failures.set(key, { count, until: clock.now() + Math.min(MAX_MS, FIRST_MS * 2 ** (count - 1)) });
      const oldest = failures.keys().next().value;
      if (failures.size > REMEMBERED_MAX && oldest !== undefined) failures.delete(oldest);
    },
    succeeded: (key) => {
      failures.delete(key);
    },
  };
}
