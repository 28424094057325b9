/** Decisions: default deny, forbid first, an error denies; and what is listed is what some arguments could be allowed (A13, A29). */
import { describe, expect, it } from 'vitest';
import type { Definition, DefinitionKind, JsonObject, Principal } from '../call.ts';
import type { Action } from '../methods.ts';
import type { PolicyDecision, PolicyEngine, PolicyRequest } from '../ports.ts';
import { compileCedar, type PolicyJson } from './cedar.ts';
import type { ScopeJson } from './scope.ts';
import type { Digest, PrincipalKey, TenantId } from '../identifiers.ts';

const ALL: ScopeJson = { op: 'All' };
type Body = unknown;
const policy = (effect: 'permit' | 'forbid', body?: Body, scope: Partial<PolicyJson> = {}): PolicyJson => ({
  effect,
  principal: ALL,
  action: ALL,
  resource: ALL,
  conditions: body === undefined ? [] : [{ kind: 'when', body }],
  ...scope,
});
const engineOf = (...policies: PolicyJson[]): PolicyEngine =>
  compileCedar(
    policies.map((json, index) => ({ id: `p${index}`, json })),
    'r',
    { now: () => 1_700_000_000_000 },
  );

const Var = (name: string): Body => ({ Var: name });
const Lit = (value: unknown): Body => ({ Value: value });
const get = (left: Body, ...path: string[]): Body =>
  path.reduce<Body>((from, attr) => ({ '.': { left: from, attr } }), left);
const eq = (left: Body, right: Body): Body => ({ '==': { left, right } });
const uid = (type: string, id: string): ScopeJson => ({ op: '==', entity: { type, id } });
const within = (type: string, id: string): ScopeJson => ({ op: 'in', entity: { type, id } });

interface Changes {
  readonly principal?: Partial<Principal> & { readonly user?: Principal['user'] };
  readonly definition?: Partial<Definition>;
  readonly action?: Action;
  readonly input?: JsonObject | undefined;
  readonly tenant?: string;
  readonly session?: string;
  readonly address?: string;
}

const USER: Principal['user'] = {
  issuer: 'https://i',
  subject: 'alice',
  roles: ['analyst'],
  groups: ['staff'],
  claims: { level: 3, none: null },
};
const PRINCIPAL: Principal = {
  user: USER,
  agent: { clientId: 'app', actors: ['bot'] },
  scopes: ['mcp'],
  tenantClaim: 'claimed',
  tier: undefined,
  expiresAtMs: undefined,
  key: 'k' as PrincipalKey,
};
const TOOL: Definition = {
  server: 'crm',
  kind: 'tool',
  name: 'get',
  document: { annotations: { readOnlyHint: true } },
  digest: 'sha256:0' as Digest,
  labels: ['internal'],
};

function question({
  principal,
  definition,
  action = 'call',
  tenant = 'acme',
  session,
  address = '10.1.2.3',
  ...rest
}: Changes = {}): PolicyRequest {
  return {
    principal: { ...PRINCIPAL, ...principal },
    tenant: { id: tenant as TenantId },
    action,
    definition: { ...TOOL, ...definition },
    input: 'input' in rest ? rest.input : {},
    call: {
      session: session === undefined ? undefined : { id: session, issuer: 'i', subject: 's', tenant },
      origin: {
        transport: 'http',
        era: 'modern',
        protocolVersion: '',
        address,
        correlationId: '',
        traceparent: undefined,
        clientInfo: undefined,
      },
    },
  };
}
const decide = (policies: PolicyJson[], changes?: Changes): PolicyDecision =>
  engineOf(...policies).decide(question(changes));
const allows = (body: Body, changes?: Changes): boolean => decide([policy('permit', body)], changes).effect === 'allow';
const listed = (policies: PolicyJson[], changes?: Changes): boolean =>
  engineOf(...policies).couldAllow(question({ input: undefined, ...changes }));
const MISSING = get(Var('principal'), 'missing');
const ARG = eq(get(Var('context'), 'args', 'n'), Lit(1));

describe('a decision', () => {
  it('what the schema calls a number is a decimal also when it is whole; what it calls an integer is a Long', () => {
    const properties = {
      price: { type: 'number' },
      count: { type: 'integer' },
      prices: { type: 'array', items: { type: 'number' } },
      order: { type: 'object', properties: { price: { type: 'number' } } },
    };
    const definition = { document: { inputSchema: { type: 'object', properties } } };
    const hundred = { __extn: { fn: 'decimal', arg: '100.0' } };
    const cheap = (left: Body): Body => ({ lessThan: [left, Lit(hundred)] });
    for (const price of [50, 50.5, 0, -3]) {
      expect(allows(cheap(get(Var('context'), 'args', 'price')), { definition, input: { price } }), String(price)).toBe(
        true,
      );
      expect(
        allows(cheap(get(Var('context'), 'args', 'order', 'price')), { definition, input: { order: { price } } }),
      ).toBe(true);
    }
    expect(allows(cheap(get(Var('context'), 'args', 'price')), { definition, input: { price: 100 } })).toBe(false);
    expect(
      allows(
        { contains: { left: get(Var('context'), 'args', 'prices'), right: Lit(hundred) } },
        { definition, input: { prices: [1, 100] } },
      ),
    ).toBe(true);
    expect(allows(eq(get(Var('context'), 'args', 'count'), Lit(2)), { definition, input: { count: 2 } })).toBe(true);
  });

  it('names the policies that failed, whatever is in their names', () => {
    const engine = compileCedar([{ id: 'crm: read', json: policy('permit', MISSING) }], 'r', { now: () => 0 });
    expect(engine.decide(question())).toMatchObject({ effect: 'deny', grant: { policies: ['crm: read'] } });
  });

  it.each<[name: string, policies: PolicyJson[], effect: string, policies_: string[]]>([
    ['no policy', [], 'deny', []],
    ['a permit', [policy('permit')], 'allow', ['p0']],
    ['a permit that does not hold', [policy('permit', Lit(false))], 'deny', []],
    ['a permit and a forbid', [policy('permit'), policy('forbid')], 'deny', ['p1']],
    ['a forbid that does not hold', [policy('permit'), policy('forbid', Lit(false))], 'allow', ['p0']],
    ['A29 a permit and an error', [policy('permit'), policy('permit', MISSING)], 'deny', ['p1']],
    ['A29 an error in a forbid', [policy('permit'), policy('forbid', MISSING)], 'deny', ['p1']],
    ['A29 a condition that is no Bool', [policy('permit'), policy('permit', Lit(1))], 'deny', ['p1']],
    ['A29 a condition that is text', [policy('permit'), policy('forbid', Lit('true'))], 'deny', ['p1']],
    [
      'an error after a condition that failed',
      [
        policy('permit'),
        policy('permit', undefined, {
          conditions: [
            { kind: 'when', body: Lit(false) },
            { kind: 'when', body: MISSING },
          ],
        }),
      ],
      'allow',
      ['p0'],
    ],
    [
      'an unless that holds',
      [policy('permit', undefined, { conditions: [{ kind: 'unless', body: Lit(true) }] })],
      'deny',
      [],
    ],
    [
      'an unless that does not',
      [policy('permit', undefined, { conditions: [{ kind: 'unless', body: Lit(false) }] })],
      'allow',
      ['p0'],
    ],
    [
      'a forbid about another action',
      [policy('permit'), policy('forbid', undefined, { action: uid('Action', 'read') })],
      'allow',
      ['p0'],
    ],
    [
      'an error in a policy about another action',
      [policy('permit'), policy('permit', MISSING, { action: uid('Action', 'read') })],
      'allow',
      ['p0'],
    ],
  ])('%s: %s', (_name, policies, effect, deciding) =>
    expect(decide(policies)).toMatchObject({ effect, grant: { policies: deciding, revision: 'r' } }),
  );

  it('names the deciding policies in order, whatever order they are found in', () => {
    expect(
      decide([
        policy('permit', undefined, { resource: uid('Tool', 'crm/get') }),
        policy('permit'),
        policy('permit', undefined, { resource: within('Server', 'crm') }),
      ]).grant.policies,
    ).toEqual(['p0', 'p1', 'p2']);
  });

  it.each<[name: string, scope: Partial<PolicyJson>, applies: boolean]>([
    ['this user', { principal: uid('User', 'https://i|alice') }, true],
    ['a user of the same subject', { principal: uid('User', 'alice') }, false],
    ['another type with the same id', { principal: uid('Agent', 'https://i|alice') }, false],
    ['her role', { principal: within('Role', 'analyst') }, true],
    ['another role', { principal: within('Role', 'admin') }, false],
    ['a group of the name of her role', { principal: within('Group', 'analyst') }, false],
    ['her group', { principal: within('Group', 'staff') }, true],
    ['her tenant', { principal: within('Tenant', 'acme') }, true],
    ['the tenant that the token claims', { principal: within('Tenant', 'claimed') }, false],
    ['users', { principal: { op: 'is', entity_type: 'User' } }, true],
    ['agents', { principal: { op: 'is', entity_type: 'Agent' } }, false],
    [
      'users in her group',
      { principal: { op: 'is', entity_type: 'User', in: { entity: { type: 'Group', id: 'staff' } } } },
      true,
    ],
    [
      'users in another group',
      { principal: { op: 'is', entity_type: 'User', in: { entity: { type: 'Group', id: 'x' } } } },
      false,
    ],
    ['this tool', { resource: uid('Tool', 'crm/get') }, true],
    ['this tool by its bare name', { resource: uid('Tool', 'get') }, false],
    ['another tool', { resource: uid('Tool', 'crm/set') }, false],
    ['a prompt of the name', { resource: uid('Prompt', 'crm/get') }, false],
    ['its server', { resource: within('Server', 'crm') }, true],
    ['another server', { resource: within('Server', 'mail') }, false],
    [
      'tools of its server',
      { resource: { op: 'is', entity_type: 'Tool', in: { entity: { type: 'Server', id: 'crm' } } } },
      true,
    ],
    [
      'tools of another server',
      { resource: { op: 'is', entity_type: 'Tool', in: { entity: { type: 'Server', id: 'mail' } } } },
      false,
    ],
    ['prompts', { resource: { op: 'is', entity_type: 'Prompt' } }, false],
    [
      'one of two actions',
      {
        action: {
          op: 'in',
          entities: [
            { type: 'Action', id: 'see' },
            { type: 'Action', id: 'call' },
          ],
        },
      },
      true,
    ],
    [
      'none of two actions',
      {
        action: {
          op: 'in',
          entities: [
            { type: 'Action', id: 'see' },
            { type: 'Action', id: 'read' },
          ],
        },
      },
      false,
    ],
  ])('applies to %s: %s', (_name, scope, applies) => {
    expect(decide([policy('permit', undefined, scope)]).effect).toBe(applies ? 'allow' : 'deny');
    expect(decide([policy('permit'), policy('forbid', undefined, scope)]).effect).toBe(applies ? 'deny' : 'allow');
  });

  it('J1 ids that try to be another id are not', () => {
    const admin = policy('permit', undefined, { principal: within('Role', 'admin') });
    for (const role of ['admin"', '"admin"', 'x", Role::"admin', 'Admin', 'admin ', '__proto__'])
      expect(decide([admin], { principal: { user: { ...USER, roles: [role] } } }).effect).toBe('deny');
    const tool = policy('permit', undefined, { resource: uid('Tool', 'a/b/c') });
    expect(decide([tool], { definition: { server: 'a', name: 'b/c' } }).effect).toBe('allow');
  });

  it.each<[name: string, json: PolicyJson]>([
    ['an operator that is not known', policy('permit', { launch: { left: Lit(1), right: Lit(2) } })],
    ['an operator of every object', policy('permit', { constructor: {} })],
    ['a variable that is not known', policy('permit', Var('env'))],
    ['a template', policy('permit', undefined, { principal: { op: '==', slot: '?principal' } as never })],
    ['a template in a group', policy('permit', undefined, { principal: { op: 'in', slot: '?principal' } as never })],
    ['a function that is not known', policy('permit', { Value: { __extn: { fn: 'exec', arg: 'x' } } })],
  ])('%s does not load, and the error names the policy', (_name, json) =>
    expect(() => engineOf(policy('permit'), json)).toThrow(/^policy p1: .*not supported/),
  );
});

describe('what a policy sees', () => {
  it.each<[name: string, body: Body, changes?: Changes]>([
    ['the issuer', eq(get(Var('principal'), 'issuer'), Lit('https://i'))],
    ['the subject', eq(get(Var('principal'), 'subject'), Lit('alice'))],
    ['the tenant that the guard settled', eq(get(Var('principal'), 'tenant'), Lit('acme'))],
    ['roles', eq(get(Var('principal'), 'roles'), { Set: [Lit('analyst')] })],
    ['groups', eq(get(Var('principal'), 'groups'), { Set: [Lit('staff')] })],
    ['scopes', eq(get(Var('principal'), 'scopes'), { Set: [Lit('mcp')] })],
    ['claims', eq(get(Var('principal'), 'claims', 'level'), Lit(3))],
    ['the server', eq(get(Var('resource'), 'server'), Lit('crm'))],
    ['the name', eq(get(Var('resource'), 'name'), Lit('get'))],
    ['labels', eq(get(Var('resource'), 'labels'), { Set: [Lit('internal')] })],
    ['the pin', eq(get(Var('resource'), 'pin'), Lit('sha256:0'))],
    ['annotations', get(Var('resource'), 'annotations', 'readOnlyHint')],
    ['the agent', eq(get(Var('context'), 'agent', 'client_id'), Lit('app'))],
    ['its actors', eq(get(Var('context'), 'agent', 'actors'), { Set: [Lit('bot')] })],
    ['that there is an agent', { has: { left: Var('context'), attr: 'agent' } }],
    ['the session', eq(get(Var('context'), 'session'), Lit('s1')), { session: 's1' }],
    ['the address', eq(get(Var('context'), 'source_ip'), { ip: [Lit('10.1.2.3')] })],
    [
      'a mapped address as what it is',
      { isInRange: [get(Var('context'), 'source_ip'), { ip: [Lit('10.0.0.0/8')] }] },
      { address: '::ffff:10.1.2.3' },
    ],
    ['the time', eq(get(Var('context'), 'time'), { datetime: [Lit('2023-11-14T22:13:20Z')] })],
    ['no client certificate', { '!': { arg: get(Var('context'), 'mtls') } }],
    [
      'fractions of up to four digits',
      eq(get(Var('context'), 'args', 'x'), { decimal: [Lit('1.5')] }),
      { input: { x: 1.5 } },
    ],
    ['arguments deep inside', eq(get(Var('context'), 'args', 'a', 'b'), Lit('c')), { input: { a: { b: 'c' } } }],
  ])('%s', (_name, body, changes) => expect(allows(body, changes)).toBe(true));

  it.each<[name: string, body: Body, changes?: Changes]>([
    ['J1 members of every object', { has: { left: get(Var('context'), 'args'), attr: 'constructor' } }],
    ['J1 the prototype', { has: { left: get(Var('principal'), 'claims'), attr: '__proto__' } }],
    ['a claim that is null', { has: { left: get(Var('principal'), 'claims'), attr: 'none' } }],
    ['a session when there is none', { has: { left: Var('context'), attr: 'session' } }],
    ['an address when there is none', { has: { left: Var('context'), attr: 'source_ip' } }, { address: '' }],
    ['an approval', { has: { left: Var('context'), attr: 'approval' } }],
    ['what nobody defined', { has: { left: Var('context'), attr: 'admin' } }],
  ])('not %s', (_name, body, changes) => {
    expect(allows(body, changes)).toBe(false);
    expect(allows({ '!': { arg: body } }, changes)).toBe(true);
  });

  it.each<[name: string, input: JsonObject]>([
    ['null in a list', { x: [null] }],
    ['a number of five decimals', { x: 1.00001 }],
    ['a number in exponents', { x: 1e-7 }],
  ])('A29 %s has no value: who reads it denies', (_name, input) => {
    expect(
      decide([policy('permit'), policy('forbid', eq(get(Var('context'), 'args', 'x'), Lit(1)))], { input }),
    ).toMatchObject({ effect: 'deny', grant: { policies: ['p1'] }, error: expect.any(String) as string });
  });
});

describe('what is remembered', () => {
  it('a decision that read nothing that changes, for this principal, definition and action alone', () => {
    const engine = engineOf(
      policy('permit', eq(get(Var('resource'), 'name'), Lit('get')), { action: uid('Action', 'call') }),
    );
    const [first, same] = [question(), question()];
    expect(engine.decide(first).effect).toBe('allow');
    expect(engine.decide({ ...first, action: 'read' }).effect).toBe('deny');
    expect(engine.decide({ ...first, definition: { ...TOOL, name: 'set' } }).effect).toBe('deny');
    expect(engine.decide(first), 'the same object').toBe(engine.decide({ ...first, input: { n: 2 } }));
    expect(engine.decide({ ...same, principal: first.principal, definition: first.definition })).toBe(
      engine.decide(first),
    );
  });

  it.each<[name: string, body: Body, other: Changes]>([
    ['an argument', ARG, { input: { n: 2 } }],
    ['that there is an argument', { has: { left: get(Var('context'), 'args'), attr: 'n' } }, { input: {} }],
    ['that there is a session', { has: { left: Var('context'), attr: 'session' } }, {}],
    [
      'the session',
      {
        '&&': {
          left: { has: { left: Var('context'), attr: 'session' } },
          right: eq(get(Var('context'), 'session'), Lit('s1')),
        },
      },
      { session: 's2' },
    ],
    ['the address', eq(get(Var('context'), 'source_ip'), { ip: [Lit('10.1.2.3')] }), { address: '10.9.9.9' }],
  ])('never one that read %s', (_name, body, other) => {
    const engine = engineOf(policy('permit', body));
    const first = question({ input: { n: 1 }, session: 's1' });
    expect(engine.decide(first)).toMatchObject({ effect: 'allow', grant: { cacheable: false } });
    expect(engine.decide({ ...question(other), principal: first.principal, definition: first.definition }).effect).toBe(
      'deny',
    );
  });
});

describe('A13 what is listed', () => {
  const UNSURE = ARG;
  it.each<[name: string, policies: PolicyJson[], shown: boolean]>([
    ['nothing without a policy', [], false],
    ['what is permitted', [policy('permit')], true],
    ['what some arguments make permitted', [policy('permit', UNSURE)], true],
    ['not what none can', [policy('permit', { '&&': { left: UNSURE, right: Lit(false) } })], false],
    [
      'not what none can, the other way round',
      [policy('permit', { '&&': { left: Lit(false), right: UNSURE } })],
      false,
    ],
    ['what one of two makes permitted', [policy('permit', { '||': { left: UNSURE, right: Lit(true) } })], true],
    ['not what is forbidden for sure', [policy('permit'), policy('forbid')], false],
    [
      'not what may not be called, although it may be seen',
      [policy('permit'), policy('forbid', undefined, { action: uid('Action', 'call') })],
      false,
    ],
    ['what some arguments forbid', [policy('permit'), policy('forbid', UNSURE)], true],
    [
      'not what may not be seen',
      [policy('permit'), policy('forbid', undefined, { action: uid('Action', 'see') })],
      false,
    ],
    [
      'what may not be read, which a tool is not',
      [policy('permit'), policy('forbid', undefined, { action: uid('Action', 'read') })],
      true,
    ],
    ['A29 not what always fails', [policy('permit'), policy('permit', MISSING)], false],
    [
      'A29 what fails for some arguments',
      [policy('permit'), policy('permit', eq(get(Var('context'), 'args', 'missing'), Lit(1)))],
      true,
    ],
    [
      'what fails only after an unknown condition',
      [
        policy('permit'),
        policy('forbid', undefined, {
          conditions: [
            { kind: 'when', body: UNSURE },
            { kind: 'when', body: MISSING },
          ],
        }),
      ],
      true,
    ],
    [
      'what fails only behind an unknown operand',
      [policy('permit'), policy('forbid', { '&&': { left: UNSURE, right: MISSING } })],
      true,
    ],
    [
      'not what only being seen is permitted for',
      [policy('permit', undefined, { action: uid('Action', 'see') })],
      false,
    ],
    [
      'what an unless may exclude',
      [policy('permit', undefined, { conditions: [{ kind: 'unless', body: UNSURE }] })],
      true,
    ],
    [
      'an unknown choice',
      [policy('permit', { 'if-then-else': { if: UNSURE, then: Lit(true), else: Lit(false) } })],
      true,
    ],
    [
      'an unknown comparison',
      [policy('permit', { '!=': { left: get(Var('context'), 'args', 'n'), right: Lit(1) } })],
      true,
    ],
    ['an unknown right side', [policy('permit', eq(Lit(1), get(Var('context'), 'args', 'n')))], true],
    [
      'an unknown member of a set',
      [policy('permit', { contains: { left: { Set: [get(Var('context'), 'args', 'n')] }, right: Lit(1) } })],
      true,
    ],
    [
      'all of a set with an unknown member',
      [
        policy('permit', {
          containsAll: { left: { Set: [get(Var('context'), 'args', 'n')] }, right: { Set: [Lit(1)] } },
        }),
      ],
      true,
    ],
    ['an unknown attribute', [policy('permit', { has: { left: get(Var('context'), 'args'), attr: 'n' } })], true],
    ['a session that may be there', [policy('permit', { has: { left: Var('context'), attr: 'session' } })], true],
  ])('%s: %#', (_name, policies, shown) => expect(listed(policies)).toBe(shown));

  it.each<[kind: DefinitionKind, action: Action]>([
    ['tool', 'call'],
    ['prompt', 'get'],
    ['resource', 'read'],
    ['resource_template', 'read'],
    ['server', 'see'],
  ])('a %s is listed for whom some %s is permitted', (kind, action) => {
    for (const one of ['call', 'get', 'read', 'see', 'complete', 'subscribe'] as const)
      expect([
        one,
        listed([policy('permit', undefined, { action: uid('Action', one) })], { definition: { kind } }),
      ]).toEqual([one, one === action]);
  });

  it('by the same policies, whatever arguments the question happens to carry', () =>
    expect(listed([policy('permit', UNSURE)], { input: { n: 2 } })).toBe(true));
});
