/** Refused calls cost too: a principal that is refused again and again is refused everything until its budget refills. */
import type { Identity } from '../../guard.ts';
import type { LimitRule, LimitVerdict, Observer, RateLimiter } from '../../ports.ts';
import { exhausted } from './exhausted.ts';

export interface Refusals {
  /** @throws GuardError `rate_limited` while the budget of refusals is used up. */
  check(who: Identity): void;
  charge(who: Identity): void;
}

export interface RefusalDeps {
  readonly limiter: RateLimiter;
  readonly perMinute: () => number;
  readonly now: () => number;
  readonly observer: Observer;
}

const PERIOD_MS = 60_000;
const BLOCKED_MAX = 10_000;

export function createRefusals({ limiter, perMinute, now, observer }: RefusalDeps): Refusals {
  const blocked = new Map<string, { until: number; verdict: LimitVerdict }>();
  const note = (key: string, verdict: LimitVerdict): void => {
    if (verdict.allowed) return;
    if (blocked.size >= BLOCKED_MAX) blocked.delete(blocked.keys().next().value as string);
    blocked.set(key, { until: now() + verdict.retryAfterMs, verdict });
  };
  return {
    check({ principal }) {
      const block = blocked.get(principal.key);
      if (block === undefined) return;
      if (block.until <= now()) return void blocked.delete(principal.key);
      observer.limited('refusals', '', '');
      throw exhausted(block.verdict);
    },
    charge({ principal }) {
      const rule: LimitRule = {
        scope: 'refusals',
        key: JSON.stringify(['refusals', principal.key]),
        limit: perMinute(),
        periodMs: PERIOD_MS,
      };
      const verdict = limiter.take([rule]);
      if (verdict instanceof Promise)
        void verdict.then(
          (settled) => note(principal.key, settled),
          () => {},
        );
      else note(principal.key, verdict);
    },
  };
}
