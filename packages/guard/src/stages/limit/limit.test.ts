import { describe, expect, it } from 'vitest';
import type { LimitRule } from '../../ports.ts';
import {
  createManualClock,
  createMemoryApprovals,
  createMemoryRateLimiter,
  silentObserver,
} from '../../memory/index.ts';
import { GuardError } from '../../errors.ts';
import { tenantId } from '../../identifiers.ts';
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

describe('approvals', () => {
  const clock = createManualClock();
  const question = (digest: string) =>
    ({
      digest,
      expiresAtMs: clock.now() + 1_000,
      principal: { key: 'p', user: { issuer: 'i', subject: 'alice' }, agent: { clientId: 'a', actors: ['bot'] } },
      tenant: { id: 'acme' },
      input: {},
    }) as unknown as Parameters<ReturnType<typeof createMemoryApprovals>['consume']>[0];

  it('one approval is consumed by one call, and nobody approves their own call (U4, U5)', async () => {
    const store = createMemoryApprovals(clock);
    const filed = await store.consume(question('d'));
    if (filed.state !== 'pending') throw new Error('a request was expected');
    for (const subject of ['alice', 'bot'])
      expect(() => store.approve(filed.id, { issuer: 'i', subject })).toThrow(GuardError);
    store.approve(filed.id, { issuer: 'i', subject: 'bob' });
    const all = await Promise.all(Array.from({ length: 100 }, () => store.consume(question('d'))));
    expect(all.filter(({ state }) => state === 'approved')).toHaveLength(1);
  });

  it('an approval expires at its exact millisecond (U6)', async () => {
    const store = createMemoryApprovals(clock);
    const filed = await store.consume(question('e'));
    if (filed.state !== 'pending') throw new Error('a request was expected');
    store.approve(filed.id, { issuer: 'i', subject: 'bob' });
    clock.advance(1_000);
    expect((await store.consume(question('e'))).state).toBe('pending');
  });

  it('B7 one user can have a bounded number of pending requests, whatever its client ids (U7)', async () => {
    const store = createMemoryApprovals(clock, 3);
    const ask = (digest: string, clientId: string, input = {}, subject = 'alice') => {
      const asked = question(digest);
      const { principal } = asked;
      const user = { ...principal.user, subject };
      return store.consume({ ...asked, input, principal: { ...principal, user, agent: { clientId, actors: [] } } });
    };
    for (const digest of ['1', '2', '3']) await ask(digest, digest);
    expect(() => ask('4', '4')).toThrow(GuardError);
    expect(await ask('5', '5', {}, 'bob')).toMatchObject({ state: 'pending' });
  });

  it('B7 the arguments that wait for an approval are bounded in bytes, for each user and tenant', async () => {
    const store = createMemoryApprovals(clock, 1_000);
    const input = { text: 'x'.repeat(4 * 1024 * 1024) };
    const filedBy = (tenant: string, subject: string): number => {
      for (let at = 0; ; at++)
        try {
          const asked = question(`${tenant} ${subject} ${at}`);
          const { principal } = asked;
          const user = { ...principal.user, subject };
          store.consume({ ...asked, input, tenant: { id: tenantId(tenant) }, principal: { ...principal, user } });
        } catch {
          return at;
        }
    };
    expect(filedBy('acme', 'alice')).toBe(7);
    expect(filedBy('acme', 'bob')).toBeGreaterThan(0);
    expect(filedBy('globex', 'carol')).toBeGreaterThan(0);
    clock.advance(1_000);
    expect(store.pending()).toEqual([]);
    expect(filedBy('initech', 'dave')).toBe(7);
  });
});
