/** One call, several demands: each is met on its own (U5). */
import { describe, expect, it } from 'vitest';
import type { ApprovalDemand, ApproverSelector } from '../approval-store.ts';
import type { Principal } from '../call.ts';
import { createManualClock, createMemoryApprovalStore } from '../memory/index.ts';
import { allDemands } from './demands.ts';
import { createApprovals } from './index.ts';
import { isSelected } from './people.ts';
import { personOf, requestOf, says } from './testing.mts';

const group = (name: string): ApproverSelector => ({ kind: 'group', name });
const demand = (name: string, required = 1, more: Partial<ApprovalDemand> = {}): ApprovalDemand => ({
  approvers: [group(name)],
  required,
  distinct: false,
  source: `policy ${name}`,
  ...more,
});
const mail = (email: string, isVerified = true) => ({ email, email_verified: isVerified });
const member = (subject: string, ...groups: string[]) => personOf(subject, { roles: [], groups });

async function openWith(...demands: readonly ApprovalDemand[]) {
  const clock = createManualClock();
  const approvals = createApprovals(createMemoryApprovalStore(), clock);
  const all = allDemands(demands);
  if (all === undefined) throw new Error('a demand is needed');
  const request = requestOf({ demand: all, ttlMs: 1_000 });
  const state = await approvals.consume(request);
  if (state.state !== 'pending') throw new Error('it does not wait');
  const decide = (by: ReturnType<typeof member>, verdict: 'approve' | 'deny' = 'approve'): Promise<string> =>
    approvals.decide('acme', state.id, says(by, verdict)).then(
      ({ status }) => status,
      (error: { code: string }) => error.code,
    );
  return { decide, consume: () => approvals.consume(request), show: () => approvals.show('acme', state.id) };
}

describe('several demands', () => {
  it('all are met: two of finance and one of legal', async () => {
    const { decide } = await openWith(demand('finance', 2), demand('legal'));
    expect(await decide(member('bob', 'finance'))).toBe('pending');
    expect(await decide(member('carol', 'legal'))).toBe('pending');
    expect(await decide(member('dave', 'finance'))).toBe('approved');
  });

  it('U5 one person under two issuers, or with a key as well, counts once', async () => {
    const { decide } = await openWith(demand('finance', 2));
    const bob = member('bob', 'finance');
    expect(await decide(bob)).toBe('pending');
    const again = { ...bob, user: { ...bob.user, issuer: 'https://another.example' } };
    expect(await decide(again)).toBe('not_permitted');
    expect(await decide(member('carol', 'finance'))).toBe('approved');
  });

  it.each<[name: string, again: Partial<Principal['user']>, outcome: string]>([
    ['a subject that is the verified address', { subject: 'bob@acme.example' }, 'not_permitted'],
    [
      'the same verified address in another case',
      { subject: '00u7', claims: mail('BOB@Acme.example') },
      'not_permitted',
    ],
    ['the subject in another spelling', { subject: 'ＢＯＢ' }, 'not_permitted'],
    ['an address that nobody verified', { subject: '00u7', claims: mail('bob@acme.example', false) }, 'approved'],
    ['another address', { subject: '00u7', claims: mail('bobby@acme.example') }, 'approved'],
  ])('U5 one person who comes again from another issuer, by %s', async (_name, user, outcome) => {
    const { decide } = await openWith(demand('finance', 2));
    const bob = member('bob', 'finance');
    await decide({ ...bob, user: { ...bob.user, claims: mail('bob@acme.example') } });
    expect(await decide({ ...bob, user: { ...bob.user, issuer: 'https://j', ...user } })).toBe(outcome);
  });

  it('one person counts for each demand that names them', async () => {
    const { decide } = await openWith(demand('finance'), demand('legal'));
    expect(await decide(member('bob', 'finance', 'legal'))).toBe('approved');
  });

  it('a yes that counts for nothing more is refused, and a no is always heard', async () => {
    const { decide } = await openWith(demand('finance'), demand('legal'));
    expect(await decide(member('bob', 'finance'))).toBe('pending');
    expect(await decide(member('carol', 'finance'))).toBe('not_permitted');
    expect(await decide(member('erin', 'sales'), 'deny')).toBe('not_permitted');
    expect(await decide(member('carol', 'finance'), 'deny')).toBe('denied');
  });

  it('equal ones count once, the shortest time since a sign-in holds, and what is shown is shown together', () => {
    expect(allDemands([demand('a'), { ...demand('a'), source: 'other' }])).toEqual(demand('a'));
    expect(allDemands([])).toBeUndefined();
    const both = allDemands([
      demand('a', 1, { stepUpMs: 60_000, show: { text: 'Paid?', arguments: ['x'] } }),
      demand('b', 1, { stepUpMs: 5_000, show: { arguments: ['x', 'y'] } }),
    ]);
    expect(both).toMatchObject({ stepUpMs: 5_000, show: { text: 'Paid?', arguments: ['x', 'y'] }, also: [{}] });
  });

  it('from different entries, each demand for itself', async () => {
    const two = demand('finance', 2, { distinct: true, approvers: [group('finance'), group('legal')] });
    const { decide } = await openWith(two, demand('board'));
    expect(await decide(member('bob', 'finance'))).toBe('pending');
    expect(await decide(member('carol', 'finance'))).toBe('not_permitted');
    expect(await decide(member('dave', 'legal', 'board'))).toBe('approved');
  });
});

describe('U17 a fresh sign-in', () => {
  it.each<[name: string, ago: number | undefined, verdict: 'approve' | 'deny', outcome: string]>([
    ['just now', 0, 'approve', 'approved'],
    ['as long ago as the rule says', 5_000, 'approve', 'approved'],
    ['longer ago', 5_001, 'approve', 'not_permitted'],
    ['at an unknown time, as with a key', undefined, 'approve', 'not_permitted'],
    ['longer ago, for a no', 5_001, 'deny', 'denied'],
  ])('%s', async (_name, ago, verdict, outcome) => {
    const clock = createManualClock();
    const approvals = createApprovals(createMemoryApprovalStore(), clock);
    const asked = demand('finance', 1, { stepUpMs: 5_000 });
    const state = await approvals.consume(requestOf({ demand: asked, ttlMs: 1_000 }));
    if (state.state !== 'pending') throw new Error('it does not wait');
    const said = says(member('bob', 'finance'), verdict);
    const signedInAtMs = ago === undefined ? undefined : clock.now() - ago;
    const result = await approvals.decide('acme', state.id, { ...said, signedInAtMs }).then(
      ({ status }) => status,
      (error: { code: string }) => error.code,
    );
    expect(result).toBe(outcome);
  });
});

describe('U5 U17 a passkey', () => {
  it.each<[name: string, own: boolean, verdict: 'approve' | 'deny', outcome: string]>([
    ['that signed this request', true, 'approve', 'approved'],
    ['that signed another request', false, 'approve', 'not_permitted'],
    ['none, for a no', false, 'deny', 'denied'],
  ])('%s', async (_name, own, verdict, outcome) => {
    const approvals = createApprovals(createMemoryApprovalStore(), createManualClock());
    const asked = allDemands([demand('finance'), demand('finance', 1, { passkey: true })]);
    if (asked === undefined) throw new Error('nobody is asked');
    const request = requestOf({ demand: asked });
    const state = await approvals.consume(request);
    if (state.state !== 'pending') throw new Error('it does not wait');
    const passkey = { id: 'k', digest: own ? request.digest : 'another' };
    const result = await approvals
      .decide('acme', state.id, { ...says(member('bob', 'finance'), verdict), passkey })
      .then(
        ({ status }) => status,
        (error: { code: string }) => error.code,
      );
    expect(result).toBe(outcome);
  });
});

describe('U5 the same subject of another issuer is somebody else', () => {
  const bob: ApproverSelector = { kind: 'user', name: 'bob', issuer: 'https://i' };
  it.each([
    ['bob of that issuer', personOf('bob'), true],
    ['bob of another issuer', personOf('bob', { issuer: 'https://j' }), false],
    ['an issuer that only begins so', personOf('bob', { issuer: 'https://i/' }), false],
    ['somebody else of it', personOf('bobby'), false],
  ])('%s', (_name, person, selected) => {
    expect(isSelected(bob, person)).toBe(selected);
  });
});
