/**
 * GCRA (the generic cell rate algorithm) in memory. A bucket stores how much of its period is used up, and when that
 * was computed. These are small numbers: a time since the epoch is too coarse for a double to add fractions of
 * milliseconds to.
 */
import type { Clock, LimitRule, LimitVerdict, RateLimiter } from '../ports.ts';

const BUCKETS_MAX = 200_000;

interface Bucket {
  /** Milliseconds of the period that were used up at `updatedAtMs`. */
  readonly usedMs: number;
  readonly updatedAtMs: number;
  /** Above it the bucket is exhausted. */
  readonly usedMsMax: number;
}

/**
 * A rate limiter in memory. It forgets full buckets first, then those that were used longest ago, but never an
 * exhausted one.
 *
 * @param bucketsMax buckets that are kept, as long as none of the others is exhausted.
 *
 * @example
 * ```ts
 * const limiter = createMemoryRateLimiter(systemClock);
 * const { allowed } = await limiter.take([{ scope: 'user', key: 'acme alice', limit: 100, periodMs: 60_000 }]);
 * ```
 */
export function createMemoryRateLimiter(clock: Clock, bucketsMax = BUCKETS_MAX): RateLimiter {
  const buckets = new Map<string, Bucket>();
  let sweepAboveSize = bucketsMax;
  return {
    take(rules) {
      const nowMs = clock.now();
      const verdict = judgeAll(rules, buckets, nowMs);
      if (!verdict.allowed) return verdict;
      for (const rule of rules) takeUnit(buckets, rule, nowMs);
      if (buckets.size > sweepAboveSize) {
        const remaining = sweep(buckets, nowMs, bucketsMax);
        // A sweep that frees little is not repeated soon, so that a flood of keys does not cost one sweep each.
        sweepAboveSize = Math.max(bucketsMax, remaining + Math.ceil(bucketsMax / 4));
      }
      return verdict;
    },
  };
}

/** The first rule that is exhausted, or else the one that has the least left. */
function judgeAll(rules: readonly LimitRule[], buckets: Map<string, Bucket>, nowMs: number): LimitVerdict {
  let tightest: LimitVerdict | undefined;
  for (const rule of rules) {
    const verdict = judge(rule, bucketOf(buckets, rule.key, nowMs), nowMs);
    if (!verdict.allowed) return verdict;
    if (tightest === undefined || verdict.remaining < tightest.remaining) tightest = verdict;
  }
  if (tightest === undefined) throw new RangeError('at least one rule is needed');
  return tightest;
}

/** After the clock was set back, the bucket refills from now on, not only once the old time is reached again. */
function bucketOf(buckets: Map<string, Bucket>, key: string, nowMs: number): Bucket | undefined {
  const bucket = buckets.get(key);
  if (bucket !== undefined && bucket.updatedAtMs > nowMs) buckets.set(key, { ...bucket, updatedAtMs: nowMs });
  return bucket;
}

const usedMsAt = (bucket: Bucket | undefined, nowMs: number): number =>
  bucket === undefined ? 0 : Math.max(0, bucket.usedMs - Math.max(0, nowMs - bucket.updatedAtMs));

function judge(rule: LimitRule, bucket: Bucket | undefined, nowMs: number): LimitVerdict {
  const unitMs = rule.periodMs / rule.limit;
  // Tolerance for sums of fractions: less than a microsecond, and less than a unit.
  const toleranceMs = Math.min(unitMs / 1_000, 0.001);
  const usedBeforeMs = usedMsAt(bucket, nowMs);
  const waitMs = usedBeforeMs + unitMs - rule.periodMs;
  const allowed = waitMs <= toleranceMs;
  const usedMs = allowed ? usedBeforeMs + unitMs : usedBeforeMs;
  return {
    allowed,
    rule,
    remaining: Math.max(0, Math.floor((rule.periodMs - usedMs + toleranceMs) / unitMs)),
    retryAfterMs: allowed ? 0 : waitMs,
    resetAfterMs: usedMs,
  };
}

function takeUnit(buckets: Map<string, Bucket>, { key, limit, periodMs }: LimitRule, nowMs: number): void {
  const bucket = buckets.get(key);
  const unitMs = periodMs / limit;
  // Deleted first, so that the order of the map is the order of the last use.
  if (bucket !== undefined) buckets.delete(key);
  buckets.set(key, { usedMs: usedMsAt(bucket, nowMs) + unitMs, updatedAtMs: nowMs, usedMsMax: periodMs - unitMs });
}

/** Returns how many buckets remain. */
function sweep(buckets: Map<string, Bucket>, nowMs: number, bucketsMax: number): number {
  for (const [key, bucket] of buckets) if (usedMsAt(bucket, nowMs) === 0) buckets.delete(key);
  let excess = buckets.size - Math.floor(bucketsMax * 0.75);
  for (const [key, bucket] of buckets) {
    if (excess <= 0) break;
    if (usedMsAt(bucket, nowMs) > bucket.usedMsMax) continue;
    buckets.delete(key);
    excess -= 1;
  }
  return buckets.size;
}
