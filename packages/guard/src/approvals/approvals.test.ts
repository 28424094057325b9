/** Who may decide about a call, how many people it takes, and what ends a request (U1 to U7). */
import { describe, expect, it } from 'vitest';
import type { ApprovalDemand, FiledApproval } from '../approval-store.ts';
import type { Principal } from '../call.ts';
import { createManualClock, createMemoryApprovalStore } from '../memory/index.ts';
import { createApprovals, type ApprovalRequest } from './index.ts';
import { personOf, requestOf, says } from './testing.mts';

function open(demand: Partial<ApprovalDemand> = {}) {
  const clock = createManualClock();
  const approvals = createApprovals(createMemoryApprovalStore(), clock);
  const request = (changes: Partial<ApprovalRequest> = {}): ApprovalRequest => {
    const base = requestOf({ ttlMs: 1_000, ...changes });
    return { ...base, demand: { ...base.demand, ...demand } };
  };
  const file = async (changes?: Partial<ApprovalRequest>): Promise<string> => {
    const state = await approvals.consume(request(changes));
    if (state.state !== 'pending') throw new Error(`${state.state} instead of pending`);
    return state.id;
  };
  const decide = (id: string, by: Principal, verdict: 'approve' | 'deny' = 'approve', reason?: string) =>
    approvals.decide('acme', id, says(by, verdict, reason));
  return { clock, approvals, request, file, decide };
}

const FINANCE = { kind: 'group', name: 'finance' } as const;
const LEGAL = { kind: 'group', name: 'legal' } as const;
const inGroups = (subject: string, ...groups: string[]): Principal => personOf(subject, { roles: [], groups });

describe('who may decide', () => {
  const NAMED: readonly (readonly [name: string, by: Principal, mayDecide: boolean])[] = [
    ['a user who is named', personOf('carol', { roles: [] }), true],
    ['a member of the group', inGroups('dave', 'finance'), true],
    ['somebody with the role', personOf('erin', { roles: ['lead'] }), true],
    ['U5 the requester, whatever their groups', inGroups('alice', 'finance'), false],
    ['U5 the requester with a key, or at another issuer', personOf('alice', { issuer: 'https://j' }), false],
    ['U5 the agent as a user', inGroups('desk-agent', 'finance'), false],
    ['U5 an actor of the agent', inGroups('broker', 'finance'), false],
    [
      'U5 a user whose credential the agent holds',
      { ...inGroups('dave', 'finance'), agent: { clientId: 'desk-agent', actors: [] } },
      false,
    ],
    [
      'U5 a user on whose behalf an actor of the agent acts',
      { ...inGroups('dave', 'finance'), agent: { clientId: 'app', actors: ['bot'] } },
      false,
    ],
    ['a group that is called like the user', inGroups('dave', 'carol'), false],
    ['a role that is called like the group', personOf('dave', { roles: ['finance'] }), false],
    ['another case', inGroups('dave', 'Finance'), false],
    ['nobody that is named', personOf('frank', { roles: ['approver'] }), false],
  ];
  it.each(NAMED)('%s', async (_name, by, mayDecide) => {
    const { file, decide } = open({
      approvers: [{ kind: 'user', name: 'carol' }, FINANCE, { kind: 'role', name: 'lead' }],
    });
    const id = await file();
    for (const verdict of ['deny', 'approve'] as const) {
      const outcome = await decide(id, by, verdict).then(
        ({ status }) => status,
        (error: { code: string }) => error.code,
      );
      if (mayDecide) return expect(outcome).toBe('denied');
      expect(outcome).toBe('not_permitted');
    }
  });

  it.each<[name: string, user: Partial<Principal['user']>, mayDecide: boolean]>([
    ['with the same verified address', { claims: { email: 'Alice@acme.example', email_verified: true } }, false],
    ['whose subject is that address', { subject: 'alice@ACME.example' }, false],
    ['whose subject is spelled otherwise', { subject: 'Ａlice' }, false],
    ['with that address, which nobody verified', { claims: { email: 'alice@acme.example' } }, true],
    ['with another address', { claims: { email: 'alice@acme.example.org', email_verified: true } }, true],
  ])('U5 somebody of another issuer %s', async (_name, user, mayDecide) => {
    const { file, decide } = open();
    const id = await file({ requester: { issuer: 'https://i', subject: 'alice', email: 'alice@acme.example' } });
    const deciding = decide(id, personOf('00u1', { issuer: 'https://j', ...user }));
    if (mayDecide) expect((await deciding).status).toBe('approved');
    else await expect(deciding).rejects.toMatchObject({ code: 'not_permitted' });
  });

  it('U14 a person of another tenant finds no request', async () => {
    const { approvals, file } = open();
    const id = await file();
    await expect(approvals.decide('globex', id, says(personOf('bob')))).rejects.toMatchObject({ code: 'not_found' });
    await expect(approvals.show('globex', id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await approvals.list({ tenant: 'globex' })).toEqual([]);
  });
});

describe('how many people it takes', () => {
  const statusOf = async (approving: Promise<FiledApproval>): Promise<string> =>
    approving.then(
      ({ status }) => status,
      (error: { code: string }) => error.code,
    );

  it('as many different people as the rule says; nobody counts twice', async () => {
    const { approvals, request, file, decide } = open({ required: 3 });
    const id = await file();
    expect(await statusOf(decide(id, personOf('bob')))).toBe('pending');
    expect(await statusOf(decide(id, personOf('bob')))).toBe('not_permitted');
    expect(await statusOf(decide(id, personOf('carol')))).toBe('pending');
    expect((await approvals.consume(request())).state).toBe('pending');
    expect(await statusOf(decide(id, personOf('dave')))).toBe('approved');
    expect(await approvals.consume(request())).toMatchObject({
      state: 'approved',
      approval: { approvers: [{ subject: 'bob' }, { subject: 'carol' }, { subject: 'dave' }] },
    });
  });

  it('one no is enough, and its reason is what the caller reads', async () => {
    const { approvals, request, file, decide } = open({ required: 2 });
    const id = await file();
    await decide(id, personOf('bob'));
    await decide(id, personOf('carol'), 'deny', 'Wrong account.');
    expect(await approvals.consume(request())).toEqual({ state: 'refused', id, reason: 'Wrong account.' });
  });

  it('from different groups where the rule says so', async () => {
    const { file, decide } = open({ required: 2, distinct: true, approvers: [FINANCE, LEGAL] });
    const id = await file();
    expect(await statusOf(decide(id, inGroups('bob', 'finance')))).toBe('pending');
    expect(await statusOf(decide(id, inGroups('carol', 'finance')))).toBe('not_permitted');
    expect(await statusOf(decide(id, inGroups('dave', 'finance', 'legal')))).toBe('approved');
  });

  it('50 people who decide at the same time make one decision', async () => {
    const { approvals, file, decide } = open();
    const id = await file();
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        statusOf(decide(id, personOf(`p${at}`), at % 2 === 0 ? 'approve' : 'deny')),
      ),
    );
    expect(outcomes.filter((outcome) => outcome !== 'not_found')).toHaveLength(1);
    expect((await approvals.show('acme', id)).decisions).toHaveLength(1);
  });

  it('a reason is bounded', async () => {
    const { file, decide } = open();
    const id = await file();
    await expect(decide(id, personOf('bob'), 'deny', 'x'.repeat(501))).rejects.toMatchObject({ code: 'invalid_input' });
    expect(await statusOf(decide(id, personOf('bob'), 'deny', 'x'.repeat(500)))).toBe('denied');
  });
});

describe('what ends a request', () => {
  it.each<[name: string, changes: Partial<ApprovalRequest>, because: string | undefined]>([
    ['U2 a changed definition', { definitionDigest: 'sha256:1' }, 'The definition of the tool changed since then.'],
    ['U2 changed policies', { revision: 'r2' }, 'The policies changed since then.'],
    ['U1 other arguments are another call', { arguments: { amount: 2 } }, undefined],
    ['another agent makes another call', { agent: { clientId: 'other', actors: [] } }, undefined],
  ])('%s', async (_name, changes, because) => {
    const { approvals, request, file, decide } = open();
    const id = await file();
    await decide(id, personOf('bob'));
    expect(await approvals.consume(request({ ...changes, digest: 'other' }))).toMatchObject({
      state: 'pending',
      because,
    });
    const earlier = await approvals.consume(request());
    expect(earlier.state).toBe(because === undefined ? 'approved' : 'pending');
  });

  it('a refusal outlives a change of the policies: the same call is not asked again under the old ones', async () => {
    const { approvals, request, file, decide } = open();
    await decide(await file(), personOf('bob'), 'deny');
    await approvals.consume(request({ digest: 'other', revision: 'r2' }));
    expect((await approvals.consume(request())).state).toBe('refused');
  });
});

describe('how much may wait', () => {
  const by = (subject: string): Partial<ApprovalRequest> => ({ requester: { issuer: 'https://i', subject } });

  it('B7 U7 one user has a bounded number of pending requests, whatever its client ids', async () => {
    const { request } = open();
    const approvals = createApprovals(createMemoryApprovalStore(), createManualClock(), { pendingMax: 3 });
    const ask = (digest: string, subject = 'alice') =>
      approvals.consume(request({ digest, ...by(subject), agent: { clientId: digest, actors: [] } }));
    for (const digest of ['1', '2', '3']) await ask(digest);
    await expect(ask('4')).rejects.toMatchObject({ code: 'rate_limited' });
    expect(await ask('5', 'bob')).toMatchObject({ state: 'pending' });
  });

  it('U7 twenty as shipped; an equal request is the same one', async () => {
    const { approvals, request } = open();
    for (let at = 0; at < 20; at++) await approvals.consume(request({ digest: `d${at}` }));
    expect(await approvals.consume(request({ digest: 'd0' }))).toMatchObject({ state: 'pending' });
    await expect(approvals.consume(request({ digest: 'd20' }))).rejects.toMatchObject({ code: 'rate_limited' });
    expect(await approvals.list({ status: 'open' })).toHaveLength(20);
  });

  it('B7 the arguments that wait are bounded in bytes, for each user and tenant', async () => {
    const clock = createManualClock();
    const approvals = createApprovals(createMemoryApprovalStore(), clock, { pendingMax: 1_000 });
    const text = 'x'.repeat(4 * 1024 * 1024);
    const filedBy = async (tenant: string, subject: string): Promise<number> => {
      for (let at = 0; ; at++) {
        const digest = `${tenant} ${subject} ${at}`;
        const asked = { ...by(subject), tenant, digest, arguments: { text, at }, ttlMs: 1_000 };
        if (
          await approvals.consume(requestOf(asked)).then(
            () => false,
            () => true,
          )
        )
          return at;
      }
    };
    expect(await filedBy('acme', 'alice')).toBe(7);
    expect(await filedBy('acme', 'bob')).toBeGreaterThan(0);
    expect(await filedBy('globex', 'carol')).toBeGreaterThan(0);
    clock.advance(1_000);
    expect(await approvals.list({ status: 'open' })).toEqual([]);
    expect(await filedBy('initech', 'dave')).toBe(7);
  });
});
