/** Which budget a known caller takes from after the tenant or the settings changed. */
import { expect, it } from 'vitest';
import type { Principal, Tenant } from '../../call.ts';
import { tenantId } from '../../identifiers.ts';
import { createManualClock, createMemoryRateLimiter, silentObserver } from '../../memory/index.ts';
import { METHODS } from '../../methods.ts';
import { createLimit, type LimitTiers } from './index.ts';

const PRINCIPAL = {
  user: { issuer: 'https://i', subject: 'alice' },
  agent: { clientId: 'agent', actors: [] },
  tier: undefined,
} as unknown as Principal;
const VALIDATED = { row: METHODS['tools/call'], definition: undefined, input: {} };

function bench(limit: number) {
  let tiers: LimitTiers = { default: [{ per: ['user'], limit, periodMs: 60_000 }] };
  const clock = createManualClock();
  const stage = createLimit({ limiter: createMemoryRateLimiter(clock), tiers: () => tiers, observer: silentObserver });
  const call = (tenant: string): string => {
    const identity = { principal: PRINCIPAL, tenant: { id: tenantId(tenant) } satisfies Tenant };
    try {
      void stage(identity, VALIDATED);
      return 'taken';
    } catch {
      return 'refused';
    }
  };
  return {
    call,
    clock,
    set: (next: number): void => {
      tiers = { default: [{ per: ['user'], limit: next, periodMs: 60_000 }] };
    },
  };
}

it('D1 a principal that acts in two tenants has a budget in each', () => {
  const { call } = bench(1);
  expect([call('acme'), call('acme'), call('globex'), call('globex')]).toEqual([
    'taken',
    'refused',
    'taken',
    'refused',
  ]);
});

it('S12 a limit that was lowered is in force for the next call of a known caller', () => {
  const { call, set } = bench(100);
  expect(call('acme')).toBe('taken');
  set(1);
  expect([call('acme'), call('acme')]).toEqual(['taken', 'refused']);
});

it('L7 a clock that is set back delays nobody longer than the period', () => {
  const { call, clock } = bench(1);
  expect([call('acme'), call('acme')]).toEqual(['taken', 'refused']);
  clock.advance(-3_600_000);
  expect(call('acme')).toBe('refused');
  clock.advance(60_000);
  expect(call('acme')).toBe('taken');
});
