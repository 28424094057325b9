/** What people see of the calls of their tenant: nothing of another one, and never more memory than was agreed. */
import { describe, expect, it } from 'vitest';
import { GuardError, tenantId, type Outcome, type Principal, type PrincipalKey } from '@sallyport/guard';
import { createActivity } from './activity.ts';
import { createCallSeries } from './call-series.ts';
import { BUCKETS, bucketOf, quantileMs } from './latency.ts';

const principal = (subject: string, clientId = 'agent'): Principal => ({
  user: { issuer: 'https://issuer.test', subject, roles: [], groups: [], claims: {} },
  agent: { clientId, actors: [] },
  scopes: [],
  tenantClaim: undefined,
  tier: undefined,
  expiresAtMs: undefined,
  key: subject as PrincipalKey,
});
const outcome = (
  tenant: string | undefined,
  who: Principal | undefined,
  { method = 'tools/call', durationMs = 5, error }: { method?: string; durationMs?: number; error?: GuardError } = {},
): Outcome => ({
  correlationId: 'c',
  method,
  durationMs,
  principal: who,
  tenant: tenant === undefined ? undefined : { id: tenantId(tenant) },
  definition: undefined,
  executed: error === undefined,
  ...(error === undefined ? { status: 'success', result: { value: {} } } : { status: 'refused', error }),
});
const clock = { nowMs: 1_000_000_000, now: () => clock.nowMs };

describe('durations', () => {
  it('are known to within 15 %, from a tenth of a millisecond to ten minutes', () => {
    for (const ms of [0.11, 1, 7, 42, 999, 60_000, 590_000]) {
      const counts = new Uint32Array(BUCKETS);
      counts[bucketOf(ms)] = 1;
      const read = quantileMs(counts, 0.5) ?? 0;
      expect(read).toBeGreaterThanOrEqual(ms * 0.99);
      expect(read).toBeLessThanOrEqual(ms * 1.16);
    }
  });
  it('that are impossible take the first and the last bucket', () => {
    expect([-5, Number.NaN, 0, 1e12, Infinity].map(bucketOf)).toEqual([0, 0, 0, BUCKETS - 1, BUCKETS - 1]);
  });
});

describe('a series', () => {
  it('keeps one window, whatever happened before', () => {
    const series = createCallSeries(1_000, 10);
    for (let second = 0; second < 1_000; second++)
      series.add({ durationMs: second < 995 ? 1 : 100, errorCode: undefined, refused: false }, second * 1_000);
    const { calls, startsMs, p50Ms } = series.read(999_000);
    expect(calls).toEqual(Array(10).fill(1));
    expect(startsMs[0]).toBe(990_000);
    expect(p50Ms.map((ms) => (ms ?? 0) > 50)).toEqual([...Array(5).fill(false), ...Array(5).fill(true)]);
    expect(series.read(1_004_000).calls).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
    expect(series.read(9_999_000).p99Ms).toEqual(Array(10).fill(null));
  });
});

describe('U14 the activity of a tenant', () => {
  it('is that of no other tenant, and strangers have none', () => {
    const activity = createActivity(clock);
    const refused = new GuardError('not_permitted');
    activity.called(outcome('acme', principal('alice')));
    activity.called(outcome('acme', principal('bob', 'api-key:k1'), { error: refused }));
    activity.called(outcome('globex', principal('carol')));
    activity.called(outcome(undefined, undefined, { error: new GuardError('unauthenticated') }));
    activity.called(outcome('acme', principal('alice'), { method: 'tools/list' }));
    const acme = activity.figures('acme', 'minutes');
    expect([acme.calls.at(-1), acme.refused.at(-1), acme.errorCodes]).toEqual([
      2,
      1,
      [{ errorCode: 'PERMISSION_DENIED', count: 1 }],
    ]);
    expect(activity.people('acme').map(({ subject }) => subject)).toEqual(['alice', 'bob']);
    expect(activity.people('globex').map(({ subject }) => subject)).toEqual(['carol']);
    expect([activity.lastCallMs('acme', 'api-key:k1'), activity.lastCallMs('globex', 'api-key:k1')]).toEqual([
      clock.nowMs,
      undefined,
    ]);
    expect(activity.figures('nobody', 'hours').calls.every((count) => count === 0)).toBe(true);
    expect(activity.count('nobody')).toBe(0);
  });

  it('B5 has at most a thousand users, and who calls is one of them', () => {
    const activity = createActivity(clock);
    const alice = principal('alice');
    activity.called(outcome('acme', alice));
    for (let at = 0; at < 1_500; at++) activity.called(outcome('acme', principal(`user ${at}`)));
    expect(activity.people('acme').length).toBe(1_000);
    activity.called(outcome('acme', alice));
    expect(activity.people('acme').some(({ subject, calls }) => subject === 'alice' && calls === 2)).toBe(true);
    expect(activity.people('acme').length).toBe(1_000);
  });
});
