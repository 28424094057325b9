import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createFairShares, shareHolder, shareRefusal, takeShare, type ShareHolder } from './fair-shares.ts';

const holder = (tenant: string, user = 'one'): ShareHolder => ({ tenant, user: `${user} of ${tenant}` });

/** Takes one unit at a time until it is refused. @returns how many were given. */
function takeAll(shares: ReturnType<typeof createFairShares>, holders: readonly ShareHolder[]): number {
  let taken = 0;
  for (let refused = 0; refused < holders.length;) {
    refused = 0;
    for (const each of holders) {
      if (shares.take(each) === undefined) taken += 1;
      else refused += 1;
    }
  }
  return taken;
}

it('B7 a user alone gets half of everything, a tenant alone two thirds', () => {
  expect(
    takeAll(
      createFairShares(() => 1_000),
      [holder('acme')],
    ),
  ).toBe(500);
  for (const count of [100, 1_000]) {
    const users = Array.from({ length: count }, (_, at) => holder('acme', `user ${at}`));
    const taken = takeAll(
      createFairShares(() => 1_000),
      users,
    );
    expect(taken).toBeGreaterThan(650);
    expect(taken).toBeLessThanOrEqual(667);
  }
});

it('B7 whatever others took before, the next tenant and the next user of a tenant get some', () => {
  const shares = createFairShares(() => 1_024);
  const tenants = Array.from({ length: 8 }, (_, at) => holder(`tenant ${at}`));
  const given = tenants.map((each) => takeAll(shares, [each]));
  expect(Math.min(...given)).toBeGreaterThan(0);
  const again = createFairShares(() => 1_024);
  takeAll(again, [holder('acme', 'greedy')]);
  expect(takeAll(again, [holder('acme', 'modest')])).toBeGreaterThan(50);
});

it('B7 tenants that take as much as they get have the same share, and leave some free', () => {
  const shares = createFairShares(() => 1_000);
  const tenants = Array.from({ length: 5 }, (_, at) =>
    Array.from({ length: 10 }, (_none, user) => holder(`tenant ${at}`, `user ${user}`)),
  );
  const total = takeAll(shares, tenants.flat());
  expect(total).toBeLessThan(1_000);
  expect(total).toBeGreaterThan(850);
});

it('B7 what cannot be divided is given to who asks first, and nobody holds more than there is', () => {
  const shares = createFairShares(() => 1);
  expect(shares.take(holder('acme'))).toBeUndefined();
  expect(shares.take(holder('globex'))).toBe('gateway');
  shares.release(holder('acme'));
  expect(shares.take(holder('globex'))).toBeUndefined();
});

it('B7 amounts are given back in full, in any order', () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('acme', 'globex'), fc.constantFrom('a', 'b'), fc.nat(300)), { maxLength: 60 }),
      (requests) => {
        const shares = createFairShares(() => 1_000);
        const taken: (readonly [ShareHolder, number])[] = [];
        for (const [tenant, user, amount] of requests) {
          if (shares.take(holder(tenant, user), amount) === undefined) taken.push([holder(tenant, user), amount]);
          expect(shares.used).toBe(taken.reduce((sum, [, each]) => sum + each, 0));
          expect(shares.used).toBeLessThanOrEqual(1_000);
        }
        for (const [each, amount] of taken.reverse()) shares.release(each, amount);
        expect(shares.used).toBe(0);
        expect(takeAll(shares, [holder('acme', 'a')])).toBe(500);
      },
    ),
    { numRuns: 50 },
  ));

it('a refusal says whose share is used up, and when to try again', () => {
  const shares = createFairShares(() => 1);
  const release = takeShare(shares, holder('acme'), 'calls … are under way');
  expect(() => takeShare(shares, holder('acme'), 'calls … are under way')).toThrow(
    'Too many calls of everybody are under way.',
  );
  release();
  release();
  expect(shares.used).toBe(0);
  const refusal = shareRefusal('tenant', 'calls … are under way');
  expect(refusal.message).toBe('Too many calls of this tenant are under way.');
  expect(refusal).toMatchObject({ code: 'rate_limited', detail: { retryAfterSeconds: 1 } });
});

it('B7 one person in two tenants has a share in each', () => {
  const alice = { issuer: 'https://issuer.example', subject: 'alice' };
  expect(shareHolder(alice, 'acme').user).not.toBe(shareHolder(alice, 'globex').user);
});
