import { describe, expect, it } from 'vitest';
import type { LimitRule } from '../../ports.ts';
import { createManualClock, createMemoryRateLimiter, silentObserver } from '../../memory/index.ts';
import { GuardError } from '../../errors.ts';
import { addressRule, createRefusals } from './index.ts';

const rule = (key: string, limit = 5): LimitRule => ({ scope: 'user', key, limit, periodMs: 60_000 });

describe('the rate limiter', () => {
  it('gives the whole budget at once, then one unit per interval', async () => {
    const clock = createManualClock();
    const limiter = createMemoryRateLimiter(clock);
    for (let left = 4; left >= 0; left--)
      expect(await limiter.take([rule('a')])).toMatchObject({ allowed: true, remaining: left });
    const refused = await limiter.take([rule('a')]);
    expect(refused).toMatchObject({ allowed: false, remaining: 0 });
    expect(refused.retryAfterMs).toBeCloseTo(12_000, 3);
    clock.advance(11_999);
    expect((await limiter.take([rule('a')])).allowed).toBe(false);
    clock.advance(1);
    expect((await limiter.take([rule('a')])).allowed).toBe(true);
    expect((await limiter.take([rule('a')])).allowed).toBe(false);
  });

  it('takes from every rule or from none', async () => {
    const limiter = createMemoryRateLimiter(createManualClock());
    await limiter.take([rule('narrow', 1)]);
    for (let again = 0; again < 3; again++)
      expect((await limiter.take([rule('wide'), rule('narrow', 1)])).rule.key).toBe('narrow');
    expect(await limiter.take([rule('wide')])).toMatchObject({ allowed: true, remaining: 4 });
  });

  it('forgets full buckets when there are too many, never an exhausted one', async () => {
    const clock = createManualClock();
    const limiter = createMemoryRateLimiter(clock, 10);
    for (let at = 0; at < 5; at++) await limiter.take([rule('busy')]);
    for (let at = 0; at < 50; at++) await limiter.take([rule(`other ${at}`)]);
    expect((await limiter.take([rule('busy')])).allowed).toBe(false);
  });
});

it('an IPv4 address has its own bucket, an IPv6 address that of its /64, a mapped address that of its IPv4', () => {
  const key = (address: string): string => addressRule(address, 1).key;
  expect(key('2001:db8:1:2::1')).toBe(key('2001:db8:1:2:ffff::9'));
  expect(key('2001:db8:1:2::1')).not.toBe(key('2001:db8:1:3::1'));
  expect(key('::ffff:10.0.0.1')).toBe(key('10.0.0.1'));
});

it('every call of a principal is refused while its refusal budget is empty', () => {
  const clock = createManualClock();
  const refusals = createRefusals({
    limiter: createMemoryRateLimiter(clock),
    perMinute: () => 2,
    now: () => clock.now(),
    observer: silentObserver,
  });
  const who = { principal: { user: { issuer: 'i', subject: 'p' } }, tenant: { id: 't' } } as Parameters<
    typeof refusals.check
  >[0];
  for (let at = 0; at < 3; at++) {
    refusals.check(who);
    refusals.charge(who);
  }
  expect(() => refusals.check(who)).toThrow(GuardError);
  clock.advance(30_001);
  expect(() => refusals.check(who)).not.toThrow();
});
