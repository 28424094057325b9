/** Sessions that were ended before they expired, in memory: forgotten once they would have expired anyway. */
import type { Clock, SessionDirectory } from '../ports.ts';

export function createMemorySessions(clock: Clock): SessionDirectory {
  const ended = new Map<string, number>();
  return {
    end(id, expiresAt) {
      const now = clock.now();
      for (const [old, until] of ended) {
        if (until > now) break;
        ended.delete(old);
      }
      ended.set(id, expiresAt);
    },
    ended: (id) => ended.has(id),
  };
}
