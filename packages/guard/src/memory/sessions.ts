import type { Clock, SessionDirectory } from '../ports.ts';

const SWEEP_MS = 60_000;

/**
 * Ended sessions in memory. A session is forgotten once it would have expired anyway.
 *
 * @example
 * ```ts
 * const sessions = createMemorySessions(systemClock);
 * await sessions.end('s-1', Date.now() + 3_600_000);
 * ```
 */
export function createMemorySessions(clock: Clock): SessionDirectory {
  const expiryMs = new Map<string, number>();
  let nextSweepMs = clock.now() + SWEEP_MS;
  return {
    end(id, expiresAtMs) {
      const nowMs = clock.now();
      if (nowMs >= nextSweepMs) {
        nextSweepMs = nowMs + SWEEP_MS;
        for (const [endedId, endedExpiryMs] of expiryMs) if (endedExpiryMs <= nowMs) expiryMs.delete(endedId);
      }
      expiryMs.set(id, Math.max(expiresAtMs, expiryMs.get(id) ?? 0));
    },
    ended: (id) => expiryMs.has(id),
    // No other process reads this memory, so that nothing is left of what an earlier one held.
    hold: () => undefined,
    endHeld: () => undefined,
  };
}
