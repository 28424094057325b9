/**
 * GCRA (the generic cell rate algorithm) in memory. A bucket holds how much of its period is used up, and when that was
 * so: small numbers, because a time since the epoch is too coarse for a double to add fractions of milliseconds to.
 */
import type { Clock, LimitRule, LimitVerdict, RateLimiter } from '../ports.ts';

const BUCKETS_MAX = 200_000;

interface Bucket {
  /** Milliseconds of the period that are used up at the time `at`. */
  readonly used: number;
  readonly at: number;
  /** More than this, and the bucket has no unit to give. */
  readonly room: number;
}

export function createMemoryRateLimiter(clock: Clock, bucketsMax = BUCKETS_MAX): RateLimiter {
  const buckets = new Map<string, Bucket>();
  let sweepAt = bucketsMax;
  return {
    take(rules) {
      const now = clock.now();
      let tightest: LimitVerdict | undefined;
      for (const rule of rules) {
        const verdict = judge(rule, bucketOf(buckets, rule.key, now), now);
        if (!verdict.allowed) return verdict;
        if (tightest === undefined || verdict.remaining < tightest.remaining) tightest = verdict;
      }
      if (tightest === undefined) throw new RangeError('at least one rule is needed');
      for (const { key, limit, periodMs } of rules) {
        const bucket = buckets.get(key);
        // Taken out first, so that the order of the map is the order of the last use.
        if (bucket !== undefined) buckets.delete(key);
        buckets.set(key, { used: usedAt(bucket, now) + periodMs / limit, at: now, room: periodMs - periodMs / limit });
      }
      // What could not be forgotten is not looked at again for a while, so that a flood of keys does not cost a sweep each.
      if (buckets.size > sweepAt)
        sweepAt = Math.max(bucketsMax, forget(buckets, now, bucketsMax) + Math.ceil(bucketsMax / 4));
      return tightest;
    },
  };
}

/** A clock that was set back starts to refill the bucket from where it stands now, not from when the old time comes round again. */
function bucketOf(buckets: Map<string, Bucket>, key: string, now: number): Bucket | undefined {
  const bucket = buckets.get(key);
  if (bucket !== undefined && bucket.at > now) buckets.set(key, { ...bucket, at: now });
  return bucket;
}

const usedAt = (bucket: Bucket | undefined, now: number): number =>
  bucket === undefined ? 0 : Math.max(0, bucket.used - Math.max(0, now - bucket.at));

function judge(rule: LimitRule, bucket: Bucket | undefined, now: number): LimitVerdict {
  const interval = rule.periodMs / rule.limit;
  // What adding fractions may be wrong by: less than a microsecond, and less than a unit.
  const slack = Math.min(interval / 1_000, 0.001);
  const before = usedAt(bucket, now);
  const wait = before + interval - rule.periodMs;
  const allowed = wait <= slack;
  const used = allowed ? before + interval : before;
  return {
    allowed,
    rule,
    remaining: Math.max(0, Math.floor((rule.periodMs - used + slack) / interval)),
    retryAfterMs: allowed ? 0 : wait,
    resetAfterMs: used,
  };
}

/** Forgets what is full again, then what was used longest ago, but never a bucket that has nothing left. Says how many stay. */
function forget(buckets: Map<string, Bucket>, now: number, bucketsMax: number): number {
  for (const [key, bucket] of buckets) if (usedAt(bucket, now) === 0) buckets.delete(key);
  let excess = buckets.size - Math.floor(bucketsMax * 0.75);
  for (const [key, bucket] of buckets) {
    if (excess <= 0) break;
    if (usedAt(bucket, now) > bucket.room) continue;
    buckets.delete(key);
    excess -= 1;
  }
  return buckets.size;
}
