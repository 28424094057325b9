/** Durations as people write them: `500ms`, `30s`, `5m`, `24h` or `7d`. */

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The form of a duration.
 *
 * @example
 * ```ts
 * const isDuration = (text: string): boolean => DURATION.test(text);
 * ```
 */
export const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;

/**
 * Reads a duration that {@link DURATION} matches.
 *
 * @returns milliseconds.
 *
 * @example
 * ```ts
 * const halfAnHourMs = readDuration('30m');
 * ```
 */
export function readDuration(text: string): number {
  const match = DURATION.exec(text);
  return Number(match?.[1]) * (MILLISECONDS[match?.[2] ?? ''] ?? 1);
}
