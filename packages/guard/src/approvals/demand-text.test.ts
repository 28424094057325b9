/** What `@require_approval("…")` asks for, and what it is told when it cannot be read. */
import { describe, expect, it } from 'vitest';
import { demandOfAnnotations, readDemand } from './demand-text.ts';

const FINANCE = { kind: 'group', name: 'finance-leads' };
const demandOf = (text: string) => readDemand(text).demand;

describe('the text of a demand', () => {
  it('group:finance-leads, 2 of 3, 30m', () => {
    expect(readDemand('group:finance-leads, 2 of 3, 30m')).toEqual({
      demand: { approvers: [FINANCE], required: 2, distinct: false },
      ttlMs: 1_800_000,
    });
  });

  it('its parts stand in any order, and every part can be left out', () => {
    expect(readDemand(' 30m ,2,  group:finance-leads')).toEqual(readDemand('group:finance-leads, 2, 30m'));
    const roles = [
      { kind: 'role', name: 'approver' },
      { kind: 'role', name: 'admin' },
    ];
    for (const text of ['', '  ', '1'])
      expect(readDemand(text)).toEqual({
        demand: { approvers: roles, required: 1, distinct: false },
        ttlMs: undefined,
      });
  });

  it('says everything that a rule of the configuration can say of people', () => {
    expect(
      demandOf(
        'user:bob from https://login.example.com, group:legal, 2, distinct, step-up 90s, show amount, show to.iban',
      ),
    ).toEqual({
      approvers: [
        { kind: 'user', name: 'bob', issuer: 'https://login.example.com' },
        { kind: 'group', name: 'legal' },
      ],
      required: 2,
      distinct: true,
      stepUpMs: 90_000,
      show: { arguments: ['amount', 'to.iban'] },
    });
    expect(demandOf('step-up')).toMatchObject({ stepUpMs: 300_000 });
    expect(demandOf('passkey, step-up 1m')).toMatchObject({ passkey: true, stepUpMs: 60_000 });
  });

  it.each([
    ['finance-leads', /"finance-leads" is none of user:NAME/],
    ['group:a, 2 off 3', /"2 off 3" is none of/],
    ['group:a,,2', /"" is none of/],
    ['group:', /"group:" is none of/],
    ['Group:a', /none of/],
    ['group:a b', /none of/],
    ['user:bob from', /none of/],
    ['1, 2', /says twice how many: "1" and "2"/],
    ['5m, 10m', /says twice how long/],
    ['0', /between 1 and 10/],
    ['11', /between 1 and 10/],
    ['3 of 2', /can never be met/],
    ['user:a, user:b, 2 of 3', /of 3, and names 2/],
    ['user:a, 2', /more than the users/],
    ['group:a, 2, distinct', /more than the entries/],
    ['0m', /no time/],
    ['-5m', /none of/],
    ['2 of', /none of/],
    ['step-up soon', /none of/],
    ['show', /none of/],
  ])('%j is refused with a sentence', (text, message) => {
    expect(() => readDemand(text)).toThrow(message);
  });
});

describe('the annotation', () => {
  it.each(['require_aproval', 'Require_Approval', 'requireApproval', 'approval', 'require_approvals', 'approvals'])(
    '@%s, which is nearly the right one, is not passed over',
    (name) => {
      expect(() => demandOfAnnotations({ [name]: 'group:a' })).toThrow(/did you mean @require_approval/);
    },
  );

  it('others mean nothing', () => {
    for (const annotations of [{}, { id: 'x' }, { advice: 'y', owner: 'finance' }, { __proto__: null }])
      expect(demandOfAnnotations(annotations)).toBeUndefined();
  });

  it('needs no value', () => {
    expect(demandOfAnnotations({ require_approval: null })).toEqual(demandOfAnnotations({ require_approval: '' }));
  });
});
