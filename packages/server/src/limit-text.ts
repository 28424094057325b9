/** Rate limits as text. */
import type { LimitSetting } from '@sallyport/guard/stages';

/**
 * A rate limit: `60/min`, `5/s per tenant`, `100/h per user per agent`. Without `per` it is per user.
 *
 * @example
 * ```ts
 * const limit: LimitText = '60/min';
 * ```
 */
export type LimitText = `${number}/${'s' | 'min' | 'h' | 'd'}${string}`;

const PERIODS_MS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
const LIMIT = /^([1-9]\d{0,8})\/(s|min|h|d)((?: per (?:user|tenant|agent|tool))*)$/;

/**
 * A limit of one tool or of all.
 *
 * @throws RangeError for a text that is no limit.
 */
export function readLimit(text: string, what: string): LimitSetting {
  const [, limit, period = '', keys = ''] = LIMIT.exec(text) ?? [];
  if (limit === undefined) throw new RangeError(`${what}: a limit is written like '60/min' or '5/s per tenant'`);
  const named = keys.split(' per ').filter((key) => key !== '') as LimitSetting['per'][number][];
  const per = named.length === 0 ? (['user'] as const) : named;
  return { limit: Number(limit), periodMs: PERIODS_MS[period] ?? 0, per: [...new Set([...per, 'tool' as const])] };
}
