/**
 * A refused call takes from the refusal budget of its user. While it is empty, every call of that user is refused.
 */
import { BoundedMap } from '../../bounded-map.ts';
import { shareHolderOf } from '../../fair-shares.ts';
import type { Identity } from '../../guard.ts';
import type { LimitRule, LimitVerdict, Observer, RateLimiter } from '../../ports.ts';
import { rateLimited } from './rate-limited.ts';

/**
 * The budget of refused calls of each user, whatever its client ids.
 *
 * @example
 * ```ts
 * const unlimited: Refusals = { check: () => {}, charge: () => {} };
 * ```
 */
export interface Refusals {
  /** @throws GuardError `rate_limited` while the budget is used up. */
  check(identity: Identity): void;
  /** Takes one unit. Never waits: the verdict of a remote limiter counts from the next call on. */
  charge(identity: Identity): void;
}

/** What the budget of refused calls works with. */
export interface RefusalDeps {
  readonly limiter: RateLimiter;
  readonly perMinute: () => number;
  readonly now: () => number;
  readonly observer: Observer;
}

const PERIOD_MS = 60_000;
const BLOCKED_MAX = 10_000;

/**
 * Refusal budgets that a rate limiter counts.
 *
 * @example
 * ```ts
 * const refusals = createRefusals({
 *   limiter: createMemoryRateLimiter(systemClock), perMinute: () => 120, now: Date.now, observer: silentObserver,
 * });
 * ```
 */
export function createRefusals({ limiter, perMinute, now, observer }: RefusalDeps): Refusals {
  const blocked = new BoundedMap<string, { untilMs: number; verdict: LimitVerdict }>(BLOCKED_MAX);
  const block = (user: string, verdict: LimitVerdict): void => {
    if (!verdict.allowed) blocked.set(user, { untilMs: now() + verdict.retryAfterMs, verdict });
  };
  return {
    check(identity) {
      const { user } = shareHolderOf(identity);
      const entry = blocked.get(user);
      if (entry === undefined) return;
      if (entry.untilMs <= now()) {
        blocked.delete(user);
        return;
      }
      observer.limited('refusals', '', '');
      throw rateLimited(entry.verdict);
    },
    charge(identity) {
      const { user } = shareHolderOf(identity);
      const key = JSON.stringify(['refusals', user]);
      const rule: LimitRule = { scope: 'refusals', key, limit: perMinute(), periodMs: PERIOD_MS };
      const verdict = limiter.take([rule]);
      if (verdict instanceof Promise)
        verdict.then(
          (known) => block(user, known),
          () => {},
        );
      else block(user, verdict);
    },
  };
}
