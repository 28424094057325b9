/**
 * Stage 7: which calls need an approval, what an approval is for, and what follows from each state (U1 to U6).
 */
import { describe, expect, it } from 'vitest';
import type { Approval, Definition, Grant, JsonObject, Principal } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import type { ValidatedCall } from '../../guard.ts';
import { canonicalize, parseStrict } from '../../json/index.ts';
import { createApprovals, type Approvals } from '../../approvals/index.ts';
import { personOf, says } from '../../approvals/testing.mts';
import { createManualClock, createMemoryApprovalStore } from '../../memory/index.ts';
import { METHODS } from '../../methods.ts';
import { approvalDigest, createApprove, type ApprovalRule } from './index.ts';
import { CALL } from '../authenticate/testing/tokens.mts';
import { tenantId, type Digest, type PrincipalKey, type TenantId } from '../../identifiers.ts';

const principal: Principal = {
  user: { issuer: 'https://i', subject: 'alice', roles: [], groups: [], claims: {} },
  agent: { clientId: 'agent', actors: ['broker', 'bot'] },
  scopes: [],
  tenantClaim: 'acme',
  tier: undefined,
  expiresAtMs: undefined,
  key: 'alice' as PrincipalKey,
};
const definition: Definition = {
  server: 'bank',
  kind: 'tool',
  name: 'pay',
  document: {},
  digest: 'sha256:0' as Digest,
  labels: [],
};
const input: JsonObject = { amount: 100, to: { iban: 'DE1', note: 'x' }, tags: ['a', 'b'] };
const grant: Grant = { policies: ['p'], revision: 'r1', cacheable: true };

interface Changes {
  readonly user?: Partial<Principal['user']>;
  readonly agent?: Partial<Principal['agent']>;
  readonly tenant?: string;
  readonly definition?: Partial<Definition>;
  readonly input?: JsonObject;
  readonly grant?: Grant | undefined;
}

type RuleNames = readonly Pick<ApprovalRule, 'server' | 'tool'>[];

const RULES: RuleNames = [{ server: 'bank', tool: 'pay' }];
const demand = {
  approvers: [{ kind: 'role', name: 'approver' }],
  required: 1,
  distinct: false,
  source: 'test',
} as const;

function openStage({
  rules = RULES,
  consume,
  differs,
}: { readonly rules?: RuleNames; readonly consume?: Approvals['consume']; readonly differs?: () => boolean } = {}) {
  const clock = createManualClock();
  const approvals = createApprovals(createMemoryApprovalStore(), clock);
  const approve = (id: string, by = BOB) => approvals.decide('acme', id, says(by));
  const setting = { rules, ttlMs: 600_000 };
  const stage = createApprove({
    rules: () => setting.rules.map((rule) => ({ ...rule, demand, ttlMs: setting.ttlMs })),
    ttlMs: () => setting.ttlMs,
    approvals: consume === undefined ? approvals : { consume },
    ...(differs !== undefined && { differs }),
    clock,
  });
  const ask = async (changes: Changes = {}): Promise<Approval | undefined> => {
    const who = {
      principal: {
        ...principal,
        user: { ...principal.user, ...changes.user },
        agent: { ...principal.agent, ...changes.agent },
      },
      tenant: { id: tenantId(changes.tenant ?? 'acme') },
    };
    const judged: ValidatedCall = {
      row: METHODS['tools/call'],
      definition: { ...definition, ...changes.definition },
      input: changes.input ?? input,
    };
    return stage(who, judged, 'grant' in changes ? changes.grant : grant, CALL);
  };
  const refusal = async (changes?: Changes): Promise<GuardError> => {
    const thrown: unknown = await ask(changes).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(thrown instanceof GuardError)) throw new Error(`a refusal was expected, not ${String(thrown)}`);
    return thrown;
  };
  const idOf = async (changes?: Changes): Promise<string> =>
    String((await refusal(changes)).detail.data?.['approval_id']);
  return { clock, approvals, approve, setting, stage, ask, refusal, idOf };
}

const BOB = personOf('bob');

/** What an approval is for. With any of these changes it is for another call. */
const DIFFERENT: readonly (readonly [name: string, changes: Changes])[] = [
  ['U1 another number', { input: { ...input, amount: 101 } }],
  ['U1 a number that is close', { input: { ...input, amount: 100.0001 } }],
  ['U1 a number as text', { input: { ...input, amount: '100' } }],
  ['U1 true instead of a number', { input: { ...input, amount: true } }],
  ['U1 one byte of a text deep inside', { input: { ...input, to: { iban: 'DE1', note: 'y' } } }],
  ['U1 another case', { input: { ...input, to: { iban: 'de1', note: 'x' } } }],
  ['U1 a space', { input: { ...input, to: { iban: 'DE1 ', note: 'x' } } }],
  ['U1 a look-alike', { input: { ...input, to: { iban: '\u0044\u0415\u0031', note: 'x' } } }],
  ['U1 another normal form', { input: { ...input, tags: ['e\u0301', 'b'] } }],
  ['U1 the order of a list', { input: { ...input, tags: ['b', 'a'] } }],
  ['U1 an argument more', { input: { ...input, extra: null } }],
  ['U1 an argument less', { input: { amount: 100, to: { iban: 'DE1', note: 'x' } } }],
  ['U1 an argument more, deep inside', { input: { ...input, to: { iban: 'DE1', note: 'x', bcc: '' } } }],
  ['U1 no arguments', { input: {} }],
  ['U1 null instead of absent', { input: { ...input, tags: null } }],
  ['U1 a list instead of its only item', { input: { ...input, tags: 'a' } }],
  [
    'U1 __proto__',
    {
      input: JSON.parse(
        '{"amount":100,"to":{"iban":"DE1","note":"x"},"tags":["a","b"],"__proto__":{"amount":1}}',
      ) as JsonObject,
    },
  ],
  ['U1 the parts of two texts shifted', { input: { ...input, to: { iban: 'DE', note: '1x' } } }],
  ['U2 another definition of the tool', { definition: { digest: 'sha256:1' as Digest } }],
  ['U2 another revision of the policies', { grant: { ...grant, revision: 'r2' } }],
  ['U2 no grant', { grant: undefined }],
  ['U13 another tool', { definition: { name: 'refund' } }],
  ['U13 another server', { definition: { server: 'bank2' } }],
  ['U13 server and tool shifted', { definition: { server: 'bankp', name: 'ay' } }],
  ['U2 another user', { user: { subject: 'carol' } }],
  ['U2 the same subject of another issuer', { user: { issuer: 'https://j' } }],
  ['U2 issuer and subject shifted', { user: { issuer: 'https://ia', subject: 'lice' } }],
  ['U2 another agent', { agent: { clientId: 'agent2' } }],
  ['U2 another chain of actors', { agent: { actors: ['broker'] } }],
  ['U2 the actors in another order', { agent: { actors: ['bot', 'broker'] } }],
  ['U2 an actor that looks like two', { agent: { actors: ['broker","bot'] } }],
  ['U14 another tenant', { tenant: 'globex' }],
];

/** These changes end what was approved before, with a word that says what changed. */
const ENDED_BY: Readonly<Record<string, string>> = {
  'another definition of the tool':
    'The definition of the tool changed since then. A person must approve this call again.',
  'another revision of the policies': 'The policies changed since then. A person must approve this call again.',
  'no grant': 'The policies changed since then. A person must approve this call again.',
};

const ANYWHERE: RuleNames = [{ server: '*', tool: '*' }];

describe('an approval is for exactly this call', () => {
  it.each(DIFFERENT)('%s needs its own approval', async (name, changes) => {
    const { approve, ask, idOf, refusal } = openStage({ rules: ANYWHERE });
    const id = await idOf();
    await approve(id);
    const other = await refusal(changes);
    expect(other.code).toBe('approval_required');
    expect(other.detail.data?.['approval_id']).not.toBe(id);
    const ended = Object.keys(ENDED_BY).find((part) => name.includes(part));
    if (ended === undefined) expect(await ask(), 'and the first is still there').toMatchObject({ id });
    else expect([other.message, (await refusal()).code]).toEqual([ENDED_BY[ended], 'approval_required']);
  });

  it('no two of these calls have the same digest', () => {
    const digests = DIFFERENT.map(([, changes]) =>
      approvalDigest({
        principal: {
          ...principal,
          user: { ...principal.user, ...changes.user },
          agent: { ...principal.agent, ...changes.agent },
        },
        tenant: { id: tenantId(changes.tenant ?? 'acme') },
        definition: { ...definition, ...changes.definition },
        input: changes.input ?? input,
        revision: ('grant' in changes ? changes.grant : grant)?.revision ?? '',
      }),
    );
    expect(new Set(digests).size).toBe(DIFFERENT.length);
    for (const digest of digests) expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['U1 the order of the keys', '{"tags":["a","b"],"to":{"note":"x","iban":"DE1"},"amount":100}'],
    ['U1 white space', '{ "amount" : 100,\n"to":{"iban":"DE1","note":"x"},"tags":[ "a","b" ] }'],
    ['U1 the format of a number', '{"amount":1e2,"to":{"iban":"DE1","note":"x"},"tags":["a","b"]}'],
    ['U1 an escape', '{"amount":100,"to":{"iban":"\\u0044E1","note":"x"},"tags":["a","b"]}'],
  ])('%s makes no other call', async (_name, text) => {
    const { approve, ask, idOf } = openStage();
    const id = await idOf();
    await approve(id);
    const same = parseStrict(Buffer.from(text), { bytesMax: 1_000, depthMax: 8, keysMax: 50 }).value as JsonObject;
    expect(await ask({ input: same })).toMatchObject({ id });
  });

  it('roles, scopes and the id of a decision do not change the digest', async () => {
    const { approve, ask, idOf } = openStage();
    const id = await idOf();
    await approve(id);
    expect(
      await ask({
        user: { roles: ['admin'], claims: { iat: 2 } },
        grant: { ...grant, policies: ['q'] },
        definition: { labels: ['x'] },
      }),
    ).toMatchObject({ id });
  });

  it('U3 an approval id in the arguments is an argument like any other', async () => {
    const { approve, refusal, idOf } = openStage();
    const id = await idOf();
    await approve(id);
    for (const extra of [{ approval_id: id }, { _meta: { approval_id: id } }, { approval: { id, approver: 'bob' } }]) {
      expect((await refusal({ input: { ...input, amount: 1_000_000, ...extra } })).code).toBe('approval_required');
    }
  });

  it('the digest is SHA-256 over the canonical form of everything that is approved', async () => {
    const { createHash } = await import('node:crypto');
    const text = canonicalize({
      v: 1,
      tenant: 'acme',
      requester: { iss: 'https://i', sub: 'alice' },
      agent: 'agent',
      actors: ['broker', 'bot'],
      server: 'bank',
      tool: 'pay',
      definition: 'sha256:0',
      arguments: input,
      revision: 'r1',
    });
    expect(approvalDigest({ principal, tenant: { id: 'acme' as TenantId }, definition, input, revision: 'r1' })).toBe(
      createHash('sha256').update(text).digest('hex'),
    );
  });
});

describe('an approval is used once, until it expires', () => {
  it('U4 of 100 parallel calls with one approval exactly one passes', async () => {
    const { approve, ask, idOf } = openStage();
    await approve(await idOf());
    const settled = await Promise.allSettled(Array.from({ length: 100 }, () => ask()));
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of settled)
      if (one.status === 'rejected') expect((one.reason as GuardError).code).toBe('approval_required');
  });

  it('U5 the requester cannot approve in any role, and the call still waits', async () => {
    const { approve, refusal, idOf } = openStage();
    const id = await idOf();
    for (const subject of ['alice', 'broker', 'bot', 'agent'])
      await expect(approve(id, personOf(subject)), subject).rejects.toMatchObject({ code: 'not_permitted' });
    expect((await refusal()).code).toBe('approval_required');
  });

  it.each([
    [-1, 'passes'],
    [0, 'asks again'],
    [1, 'asks again'],
  ] as const)('U6 %i ms after its expiry an approval %s', async (after, expected) => {
    const { clock, approve, ask, idOf } = openStage();
    await approve(await idOf());
    clock.advance(600_000 + after);
    expect(
      await ask().then(
        () => 'passes',
        (error: GuardError) => (error.code === 'approval_required' ? 'asks again' : error.code),
      ),
    ).toBe(expected);
  });

  it('U6 the time to live is read with every call', async () => {
    const { clock, approve, setting, refusal, idOf } = openStage();
    setting.ttlMs = 1_000;
    await approve(await idOf());
    setting.ttlMs = 600_000;
    clock.advance(1_000);
    expect((await refusal()).code).toBe('approval_required');
  });
});

describe('a tool that is shown otherwise than it is pinned', () => {
  it.each([
    ['at once', (is: boolean) => is],
    ['later', async (is: boolean) => is],
  ] as const)('S10 nobody is asked about it, and no approval is used up (%s)', async (_when, give) => {
    const state = { differs: true };
    const { approvals, approve, ask, idOf, refusal } = openStage({ differs: () => give(state.differs) as boolean });
    expect((await refusal()).code).toBe('quarantined');
    expect(await approvals.list({})).toEqual([]);
    state.differs = false;
    const id = await idOf();
    await approve(id);
    state.differs = true;
    expect((await refusal()).code).toBe('quarantined');
    state.differs = false;
    expect(await ask()).toMatchObject({ id });
  });
});

describe('the rules that a request is for', () => {
  it('U2 a stricter rule ends what was approved by the rule before', async () => {
    const { approve, ask, idOf, refusal, setting } = openStage();
    await approve(await idOf());
    setting.ttlMs = 1_000;
    expect((await refusal()).message).toContain('The rules for approvals changed since then.');
    setting.rules = [];
    expect(await ask()).toBeUndefined();
  });
});

describe('which calls need an approval', () => {
  it.each<[name: string, rules: RuleNames, needs: boolean]>([
    ['no rule', [], false],
    ['its own rule', RULES, true],
    ['every tool of its server', [{ server: 'bank', tool: '*' }], true],
    ['this tool on every server', [{ server: '*', tool: 'pay' }], true],
    ['everything', ANYWHERE, true],
    ['the second of two rules', [{ server: 'crm', tool: '*' }, ...RULES], true],
    ['another tool', [{ server: 'bank', tool: 'refund' }], false],
    ['another server', [{ server: 'crm', tool: 'pay' }], false],
    ['another case', [{ server: 'Bank', tool: 'Pay' }], false],
    ['a part of the name', [{ server: 'bank', tool: 'pa' }], false],
    ['a star that is part of a name', [{ server: 'ban*', tool: 'p*' }], false],
    ['an empty rule', [{ server: '', tool: '' }], false],
  ])('%s', async (_name, rules, needs) => {
    const { ask } = openStage({ rules });
    const outcome = await ask().catch((error: GuardError) => error.code);
    expect(outcome).toBe(needs ? 'approval_required' : undefined);
  });

  it('a new rule takes effect with the next call, and applies to tools only', async () => {
    const { setting, ask, refusal } = openStage({ rules: [] });
    expect(await ask()).toBeUndefined();
    setting.rules = ANYWHERE;
    expect((await refusal()).code).toBe('approval_required');
    for (const kind of ['prompt', 'resource', 'resource_template', 'server'] as const)
      expect(await ask({ definition: { kind } })).toBeUndefined();
    const { stage } = openStage({ rules: ANYWHERE });
    expect(
      stage(
        { principal, tenant: { id: 'acme' as TenantId } },
        { row: METHODS['tools/list'], definition: undefined, input },
        grant,
        CALL,
      ),
    ).toBeUndefined();
  });
});

describe('each state that the store returns', () => {
  const answers = (consume: Approvals['consume']) => openStage({ consume });

  it.each([
    ['at once', <T>(value: T): T => value],
    ['later', <T>(value: T): Promise<T> => Promise.resolve(value)],
  ] as const)('%s', async (_when, give) => {
    expect(
      await answers(() => give({ state: 'approved', approval: { id: 'i', approvers: [] } } as const) as never).ask(),
    ).toEqual({ id: 'i', approvers: [] });
    expect(await answers(() => give({ state: 'pending', id: 'i' } as const) as never).refusal()).toMatchObject({
      code: 'approval_required',
      detail: { data: { approval_id: 'i' } },
    });
    expect(await answers(() => give({ state: 'refused', id: 'i' } as const) as never).refusal()).toMatchObject({
      code: 'approval_refused',
      detail: { data: { approval_id: 'i' } },
    });
  });

  it.each<[name: string, consume: Approvals['consume']]>([
    [
      'A29 a store that throws',
      () => {
        throw new Error('down');
      },
    ],
    ['A29 a store that rejects', () => Promise.reject(new Error('down'))],
    ['A29 a store that answers nothing', () => undefined as never],
    ['A29 a store that answers nothing later', () => Promise.resolve(undefined as never)],
  ])('%s lets nothing pass', async (_name, consume) => {
    await expect(answers(consume).ask()).rejects.toThrow();
  });

  it('A29 an unknown state approves nothing', async () => {
    for (const state of ['APPROVED', 'yes', '', null, '__proto__'])
      expect(
        await answers(() => ({ state, approval: { id: 'i', approvers: [] } }) as never)
          .ask()
          .catch(() => 'refused'),
      ).toBe('refused');
  });
});
