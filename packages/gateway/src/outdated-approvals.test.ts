/** What changes in a process ends the requests that were filed by what was in force before, and no others (U2). */
import { createApprovals, RULES_CHANGED, rulesDigest, type Digest, type Pin } from '@sallyport/guard';
import { createManualClock, createMemoryApprovalStore, createMemoryPins } from '@sallyport/guard/memory';
import type { ApprovalRule } from '@sallyport/guard/stages';
import { expect, it } from 'vitest';
import { requestOf } from '../../guard/src/approvals/testing.mts';
import type { ActiveSettings } from './active-settings.ts';
import { createOutdatedCheck } from './outdated-approvals.ts';

const demand = { approvers: [{ kind: 'role', name: 'approver' }], required: 1, distinct: false, source: 'x' } as const;
const RULE: ApprovalRule = { server: 'bank', tool: 'pay', demand, ttlMs: 1_000 };
const STRICTER: ApprovalRule = { ...RULE, demand: { ...demand, required: 2 } };

const inForce = (revision: string, rules: readonly ApprovalRule[]): ActiveSettings =>
  ({ policies: { revision }, approvalRules: rules }) as unknown as ActiveSettings;
const pin = (digest: string): Pin => ({
  server: 'bank',
  kind: 'tool',
  name: 'pay',
  digest: digest as Digest,
  document: {},
  approvedAtMs: 1,
  approvedBy: 'ops',
});

async function open() {
  const approvals = createApprovals(createMemoryApprovalStore(), createManualClock());
  const pins = createMemoryPins();
  pins.approve(pin('sha256:0'));
  const settings = { now: inForce('r1', [RULE]) };
  const holder = { current: () => settings.now, replace: () => undefined, replacePolicies: () => undefined };
  const check = createOutdatedCheck(holder, pins, approvals);
  const rules = rulesDigest([RULE], { server: 'bank', tool: 'pay' });
  const file = async (digest: string, changes = {}): Promise<string> => {
    const state = await approvals.consume(requestOf({ digest, rules, ...changes }));
    return 'id' in state ? state.id : '';
  };
  const seen = async (id: string) => {
    await check();
    const { status, endedBecause } = await approvals.show('acme', id);
    return endedBecause ?? status;
  };
  await check();
  return { settings, pins, file, seen };
}

it('U2 nothing is ended while nothing changes', async () => {
  const { settings, file, seen } = await open();
  const id = await file('d');
  expect(await seen(id)).toBe('pending');
  settings.now = inForce('r1', [{ ...RULE }, { ...STRICTER, tool: 'another' }]);
  expect(await seen(id)).toBe('pending');
});

it('U2 a stricter rule, a rule that is gone, other policies and another pin end what waits, with a word', async () => {
  for (const now of [inForce('r1', [STRICTER]), inForce('r1', [])]) {
    const { settings, file, seen } = await open();
    const id = await file('d');
    settings.now = now;
    expect(await seen(id)).toBe(RULES_CHANGED);
  }
  const policies = await open();
  const byPolicy = await policies.file('d');
  policies.settings.now = inForce('r2', [RULE]);
  expect(await policies.seen(byPolicy)).toBe('The policies changed since then.');
  const pinned = await open();
  const byPin = await pinned.file('d');
  pinned.pins.approve(pin('sha256:1'));
  expect(await pinned.seen(byPin)).toBe('The definition of the tool changed since then.');
});

it('what a process with other settings filed is left to that process', async () => {
  const { settings, file, seen } = await open();
  const id = await file('d', { revision: 'of another process', rules: 'of another process' });
  settings.now = inForce('r2', [STRICTER]);
  expect(await seen(id)).toBe('pending');
});
