import { GuardError } from '../../errors.ts';
import type { LimitRule, LimitVerdict } from '../../ports.ts';

const SENTENCES: Partial<Readonly<Record<LimitRule['scope'], string>>> = {
  refusals: 'Too many of your calls were refused, so all are for a while',
};

/** The refusal, with the headers that tell a client when to retry (RFC 9110 `Retry-After`, in whole seconds). */
export function rateLimited(verdict: LimitVerdict): GuardError {
  const { scope, limit, periodMs } = verdict.rule;
  const sentence = SENTENCES[scope] ?? `The rate limit per ${scope} is exhausted`;
  const retryAfterSeconds = Math.max(1, Math.ceil(verdict.retryAfterMs / 1000));
  return new GuardError('rate_limited', {
    message: `${sentence} (${limit} calls per ${periodMs / 1000} s).`,
    retryAfterSeconds,
    headers: {
      'Retry-After': String(retryAfterSeconds),
      'X-RateLimit-Limit': String(limit),
      'X-RateLimit-Remaining': String(verdict.remaining),
      'X-RateLimit-Reset': String(Math.max(1, Math.ceil(verdict.resetAfterMs / 1000))),
    },
  });
}
