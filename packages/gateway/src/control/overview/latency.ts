/**
 * Durations as counts in buckets of growing width: adding one is a logarithm and an increment, and a quantile is known
 * to within the width of its bucket (about 15 %).
 */

/** The upper bound of the first bucket. */
const FIRST_MS = 0.1;
const GROWTH = 1.15;
const LOG_GROWTH = Math.log(GROWTH);
/** The last one begins at about ten minutes. */
export const BUCKETS = 114;

/** The bucket of a duration; what is negative or no number is in the first. */
export function bucketOf(ms: number): number {
  if (!(ms > FIRST_MS)) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / FIRST_MS) / LOG_GROWTH));
}

/** The upper bound of a bucket. */
const boundMs = (bucket: number): number => FIRST_MS * GROWTH ** bucket;

/**
 * The duration that a share of the calls did not exceed; `undefined` when there was no call.
 * @param share from 0 to 1.
 */
export function quantileMs(counts: ArrayLike<number>, share: number): number | undefined {
  let total = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) total += counts[bucket] ?? 0;
  if (total === 0) return undefined;
  const wanted = Math.max(1, Math.ceil(share * total));
  let seen = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    seen += counts[bucket] ?? 0;
    if (seen >= wanted) return Math.round(boundMs(bucket) * 100) / 100;
  }
  return undefined;
}
