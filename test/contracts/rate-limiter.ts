/** What every rate limiter promises: exactly the budget, to the millisecond, however many ask at once. */
import { describe, expect, it } from 'vitest';
import type { LimitRule, RateLimiter } from '@sallyport/guard';
import { COLLIDING, HOSTILE, hundred, opener, type Open } from './opened-port.ts';

const rule = (key: string, limit = 5, periodMs = 60_000): LimitRule => ({ scope: 'user', key, limit, periodMs });

export function rateLimiterContract(name: string, open: Open<RateLimiter>): void {
  const fresh = opener<RateLimiter, Awaited<ReturnType<typeof open>>>(open);
  const takes = async (limiter: RateLimiter, one: LimitRule, times: number): Promise<number> => {
    let allowed = 0;
    for (let time = 0; time < times; time++) if ((await limiter.take([one])).allowed) allowed += 1;
    return allowed;
  };

  describe(`${name} is a rate limiter`, () => {
    it('H17 of 100 parallel takes of one unit exactly one succeeds', async () => {
      const { port } = await fresh();
      const verdicts = await hundred(() => port.take([rule('a', 1)]));
      expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(1);
    });

    it('H17 of 100 parallel takes from a budget of 37 exactly 37 succeed', async () => {
      const { port } = await fresh();
      const verdicts = await hundred(() => port.take([rule('a', 37)]));
      expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(37);
    });

    it('of 100 parallel takes from two budgets the narrow one decides, and the wide one loses no more', async () => {
      const { port } = await fresh();
      const verdicts = await hundred(() => port.take([rule('wide', 50), rule('narrow', 10)]));
      expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(10);
      expect(await takes(port, rule('wide', 50), 100)).toBe(40);
    });

    it.each([1, 2, 3, 7, 11, 13, 60, 97, 333, 1_000])(
      'a budget of %i is exactly that many at once, and whole again after a period',
      async (limit) => {
        const { port, clock } = await fresh();
        for (const periodMs of [1_000, 60_000, 86_400_000]) {
          const one = rule(`p${periodMs}`, limit, periodMs);
          expect(await takes(port, one, limit + 5)).toBe(limit);
          clock.advance(periodMs);
          expect(await takes(port, one, limit + 5)).toBe(limit);
        }
      },
    );

    it('one unit returns with each interval, to the millisecond', async () => {
      const { port, clock } = await fresh();
      expect(await takes(port, rule('a'), 9)).toBe(5);
      clock.advance(11_999);
      expect(await takes(port, rule('a'), 2)).toBe(0);
      clock.advance(1);
      expect(await takes(port, rule('a'), 2)).toBe(1);
    });

    it('returns when to retry: one millisecond earlier is too early', async () => {
      const { port, clock } = await fresh();
      await takes(port, rule('a', 4), 4);
      clock.advance(3_210);
      const refused = await port.take([rule('a', 4)]);
      expect(refused).toMatchObject({ allowed: false, remaining: 0, rule: rule('a', 4) });
      clock.advance(Math.ceil(refused.retryAfterMs) - 1);
      expect((await port.take([rule('a', 4)])).allowed).toBe(false);
      clock.advance(1);
      expect((await port.take([rule('a', 4)])).allowed).toBe(true);
    });

    it('returns what remains, when the budget is full again, and the rule closest to its limit', async () => {
      const { port } = await fresh();
      for (const remaining of [4, 3, 2, 1, 0]) {
        const verdict = await port.take([rule('wide', 100), rule('a')]);
        expect(verdict).toMatchObject({ allowed: true, remaining, retryAfterMs: 0, rule: { key: 'a' } });
        expect(verdict.resetAfterMs).toBeCloseTo((5 - remaining) * 12_000, 0);
      }
    });

    it('a refused take costs nothing in any budget', async () => {
      const { port, clock } = await fresh();
      await takes(port, rule('narrow', 1), 1);
      for (let again = 0; again < 50; again++)
        expect((await port.take([rule('wide'), rule('narrow', 1)])).rule.key).toBe('narrow');
      expect(await port.take([rule('wide')])).toMatchObject({ allowed: true, remaining: 4 });
      clock.advance(60_000);
      expect((await port.take([rule('narrow', 1)])).allowed).toBe(true);
    });

    it('a clock that is set back delays nobody by more than a period', async () => {
      const { port, clock } = await fresh();
      await takes(port, rule('a'), 5);
      clock.advance(-86_400_000);
      expect((await port.take([rule('a')])).retryAfterMs).toBeLessThanOrEqual(60_000);
      clock.advance(60_000);
      expect(await takes(port, rule('a'), 9)).toBe(5);
    });

    it('J1 two keys have two budgets, whatever they contain', async () => {
      const { port } = await fresh();
      for (const key of HOSTILE) expect([key, await takes(port, rule(key, 2), 2)]).toEqual([key, 2]);
      for (const key of HOSTILE) expect([key, await takes(port, rule(key, 2), 1)]).toEqual([key, 0]);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    });

    it('a tenant without budget leaves others theirs, even where joined names would be equal', async () => {
      const { port } = await fresh();
      for (const [left, right] of COLLIDING) {
        expect(await takes(port, rule(JSON.stringify(left), 1), 2)).toBe(1);
        expect(await takes(port, rule(JSON.stringify(right), 1), 2)).toBe(1);
      }
    });

    it('throws without a rule', async () => {
      const { port } = await fresh();
      await expect(Promise.resolve().then(() => port.take([]))).rejects.toThrow();
    });
  });
}
