/** Sessions that were ended before they expired, in memory: forgotten once they would have expired anyway. */
import type { Clock, SessionDirectory } from '../ports.ts';

const SWEEP_MS = 60_000;

export function createMemorySessions(clock: Clock): SessionDirectory {
  const ended = new Map<string, number>();
  let sweepAt = clock.now() + SWEEP_MS;
  return {
    end(id, expiresAt) {
      const now = clock.now();
      if (now >= sweepAt) {
        sweepAt = now + SWEEP_MS;
        for (const [old, until] of ended) if (until <= now) ended.delete(old);
      }
      ended.set(id, Math.max(expiresAt, ended.get(id) ?? 0));
    },
    ended: (id) => ended.has(id),
  };
}
