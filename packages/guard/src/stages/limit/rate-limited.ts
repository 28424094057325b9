import { GuardError, type ErrorDetail } from '../../errors.ts';
import type { LimitRule, LimitVerdict } from '../../ports.ts';

const SENTENCES: Partial<Readonly<Record<LimitRule['scope'], string>>> = {
  refusals: 'Too many of your calls were refused, so all are for a while',
};

/** The refusal of a call whose budget is empty. */
export function rateLimited(verdict: LimitVerdict): GuardError {
  const { scope, limit, periodMs } = verdict.rule;
  const sentence = SENTENCES[scope] ?? `The rate limit per ${scope} is exhausted`;
  const message = `${sentence} (${limit} calls per ${periodMs / 1000} s).`;
  return new GuardError('rate_limited', { message, ...retryDetail(verdict) });
}

/**
 * When a client may try again, as seconds and as headers (RFC 9110 `Retry-After`, in whole seconds).
 *
 * @example
 * ```ts
 * const refusal = (verdict: LimitVerdict): GuardError => new GuardError('rate_limited', retryDetail(verdict));
 * ```
 */
export function retryDetail(verdict: LimitVerdict): ErrorDetail {
  const retryAfterSeconds = Math.max(1, Math.ceil(verdict.retryAfterMs / 1000));
  return {
    retryAfterSeconds,
    headers: {
      'Retry-After': String(retryAfterSeconds),
      'X-RateLimit-Limit': String(verdict.rule.limit),
      'X-RateLimit-Remaining': String(verdict.remaining),
      'X-RateLimit-Reset': String(Math.max(1, Math.ceil(verdict.resetAfterMs / 1000))),
    },
  };
}
