/**
 * GCRA (the generic cell rate algorithm) in memory: one number a bucket, the theoretical arrival time. A bucket that is
 * full again says nothing, so that is what is forgotten when there are too many; an exhausted one never is.
 */
import type { Clock, LimitRule, LimitVerdict, RateLimiter } from '../ports.ts';

const BUCKETS_MAX = 200_000;

export function createMemoryRateLimiter(clock: Clock, bucketsMax = BUCKETS_MAX): RateLimiter {
  const arrivals = new Map<string, number>();
  const judge = (rule: LimitRule, now: number): LimitVerdict => {
    const interval = rule.periodMs / rule.limit;
    const arrival = Math.max(arrivals.get(rule.key) ?? 0, now);
    const wait = arrival + interval - rule.periodMs - now;
    const allowed = wait <= 0.000001;
    const used = allowed ? arrival + interval - now : arrival - now;
    return {
      allowed, rule,
      remaining: Math.max(0, Math.floor((rule.periodMs - used) / interval + 0.000001)),
      retryAfterMs: allowed ? 0 : wait, resetAfterMs: used,
    };
  };
  return {
    take(rules) {
      const now = clock.now();
      let tightest: LimitVerdict | undefined;
      for (const rule of rules) {
        const verdict = judge(rule, now);
        if (!verdict.allowed) return verdict;
        if (tightest === undefined || verdict.remaining < tightest.remaining) tightest = verdict;
      }
      if (tightest === undefined) throw new RangeError('at least one rule is needed');
      for (const rule of rules) arrivals.set(rule.key, Math.max(arrivals.get(rule.key) ?? 0, now) + rule.periodMs / rule.limit);
      if (arrivals.size > bucketsMax) forgetFull(arrivals, now);
      return tightest;
    },
  };
}

function forgetFull(arrivals: Map<string, number>, now: number): void {
  for (const [key, arrival] of arrivals) if (arrival <= now) arrivals.delete(key);
}
