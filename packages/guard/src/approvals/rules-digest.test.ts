/** A request is for the rules that it was filed by: what makes them others (U2). */
import { expect, it } from 'vitest';
import type { ApprovalRule } from '../stages/approve/index.ts';
import { rulesDigest } from './rules-digest.ts';

const demand = { approvers: [{ kind: 'role', name: 'approver' }], required: 1, distinct: false, source: 'x' } as const;
const rule = { server: 'bank', tool: 'pay', demand, ttlMs: 1_000 };
const of = (...rules: ApprovalRule[]): string => rulesDigest(rules, { server: 'bank', tool: 'pay' });

it('U2 every word of a rule for the tool counts, and nothing else', () => {
  const changed: ApprovalRule[] = [
    { ...rule, ttlMs: 1_001 },
    { ...rule, destructiveOnly: true },
    { ...rule, whenText: 'context.args.amount > 1' },
    { ...rule, demand: { ...demand, required: 2 } },
    { ...rule, demand: { ...demand, approvers: [{ kind: 'role', name: 'admin' }] } },
    { ...rule, demand: { ...demand, stepUpMs: 1 } },
    { ...rule, tool: '*' },
    { ...rule, demand: undefined },
  ];
  const digests = [of(), of(rule), of(rule, rule), ...changed.map((other) => of(other))];
  expect(new Set(digests).size).toBe(digests.length);
  const moved = { ...rule, demand: { ...demand, source: 'approvals.rules.7' } };
  const elsewhere = { ...rule, tool: 'refund' };
  expect([of(moved), of(elsewhere, rule), of(rule, { ...rule, server: 'crm' })]).toEqual([
    of(rule),
    of(rule),
    of(rule),
  ]);
});
