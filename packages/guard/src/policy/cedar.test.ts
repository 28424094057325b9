/** Decisions: default deny, `forbid` overrides, an error denies (A29), and what is remembered. */
import { describe, expect, it } from 'vitest';
import { compileCedar, type PolicyJson } from './cedar.ts';
import {
  policy,
  engineOf,
  variable,
  literal,
  attribute,
  equals,
  exactly,
  inside,
  USER,
  TOOL,
  requestOf,
  decide,
  allows,
  MISSING,
  ARG,
  type Body,
  type Changes,
} from './testing/policies.mts';

describe('a decision', () => {
  it('reads a value of schema type number as a decimal even when it is whole, and an integer as a Long', () => {
    const properties = {
      price: { type: 'number' },
      count: { type: 'integer' },
      prices: { type: 'array', items: { type: 'number' } },
      order: { type: 'object', properties: { price: { type: 'number' } } },
    };
    const definition = { document: { inputSchema: { type: 'object', properties } } };
    const hundred = { __extn: { fn: 'decimal', arg: '100.0' } };
    const cheap = (left: Body): Body => ({ lessThan: [left, literal(hundred)] });
    for (const price of [50, 50.5, 0, -3]) {
      expect(
        allows(cheap(attribute(variable('context'), 'args', 'price')), { definition, input: { price } }),
        String(price),
      ).toBe(true);
      expect(
        allows(cheap(attribute(variable('context'), 'args', 'order', 'price')), {
          definition,
          input: { order: { price } },
        }),
      ).toBe(true);
    }
    expect(allows(cheap(attribute(variable('context'), 'args', 'price')), { definition, input: { price: 100 } })).toBe(
      false,
    );
    expect(
      allows(
        { contains: { left: attribute(variable('context'), 'args', 'prices'), right: literal(hundred) } },
        { definition, input: { prices: [1, 100] } },
      ),
    ).toBe(true);
    expect(
      allows(equals(attribute(variable('context'), 'args', 'count'), literal(2)), { definition, input: { count: 2 } }),
    ).toBe(true);
  });

  it('names the policies that failed, whatever characters their ids have', () => {
    const engine = compileCedar([{ id: 'crm: read', json: policy('permit', MISSING) }], 'r', { now: () => 0 });
    expect(engine.decide(requestOf())).toMatchObject({ effect: 'deny', grant: { policies: ['crm: read'] } });
  });

  it.each<[name: string, policies: PolicyJson[], effect: string, policies_: string[]]>([
    ['no policy', [], 'deny', []],
    ['a permit', [policy('permit')], 'allow', ['p0']],
    ['a permit that does not hold', [policy('permit', literal(false))], 'deny', []],
    ['a permit and a forbid', [policy('permit'), policy('forbid')], 'deny', ['p1']],
    ['a forbid that does not hold', [policy('permit'), policy('forbid', literal(false))], 'allow', ['p0']],
    ['A29 a permit and an error', [policy('permit'), policy('permit', MISSING)], 'deny', ['p1']],
    ['A29 an error in a forbid', [policy('permit'), policy('forbid', MISSING)], 'deny', ['p1']],
    ['A29 a condition that is no Bool', [policy('permit'), policy('permit', literal(1))], 'deny', ['p1']],
    ['A29 a condition that is text', [policy('permit'), policy('forbid', literal('true'))], 'deny', ['p1']],
    [
      'an error after a condition that failed',
      [
        policy('permit'),
        policy('permit', undefined, {
          conditions: [
            { kind: 'when', body: literal(false) },
            { kind: 'when', body: MISSING },
          ],
        }),
      ],
      'allow',
      ['p0'],
    ],
    [
      'an unless that holds',
      [policy('permit', undefined, { conditions: [{ kind: 'unless', body: literal(true) }] })],
      'deny',
      [],
    ],
    [
      'an unless that does not',
      [policy('permit', undefined, { conditions: [{ kind: 'unless', body: literal(false) }] })],
      'allow',
      ['p0'],
    ],
    [
      'a forbid about another action',
      [policy('permit'), policy('forbid', undefined, { action: exactly('Action', 'read') })],
      'allow',
      ['p0'],
    ],
    [
      'an error in a policy about another action',
      [policy('permit'), policy('permit', MISSING, { action: exactly('Action', 'read') })],
      'allow',
      ['p0'],
    ],
  ])('%s: %s', (_name, policies, effect, deciding) =>
    expect(decide(policies)).toMatchObject({ effect, grant: { policies: deciding, revision: 'r' } }),
  );

  it('names the deciding policies in a fixed order', () => {
    expect(
      decide([
        policy('permit', undefined, { resource: exactly('Tool', 'crm/get') }),
        policy('permit'),
        policy('permit', undefined, { resource: inside('Server', 'crm') }),
      ]).grant.policies,
    ).toEqual(['p0', 'p1', 'p2']);
  });

  it.each<[name: string, scope: Partial<PolicyJson>, applies: boolean]>([
    ['this user', { principal: exactly('User', 'https://i|alice') }, true],
    ['a user of the same subject', { principal: exactly('User', 'alice') }, false],
    ['another type with the same id', { principal: exactly('Agent', 'https://i|alice') }, false],
    ['her role', { principal: inside('Role', 'analyst') }, true],
    ['another role', { principal: inside('Role', 'admin') }, false],
    ['a group of the name of her role', { principal: inside('Group', 'analyst') }, false],
    ['her group', { principal: inside('Group', 'staff') }, true],
    ['her tenant', { principal: inside('Tenant', 'acme') }, true],
    ['the tenant that the token claims', { principal: inside('Tenant', 'claimed') }, false],
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
    ['this tool', { resource: exactly('Tool', 'crm/get') }, true],
    ['this tool by its bare name', { resource: exactly('Tool', 'get') }, false],
    ['another tool', { resource: exactly('Tool', 'crm/set') }, false],
    ['a prompt of the name', { resource: exactly('Prompt', 'crm/get') }, false],
    ['its server', { resource: inside('Server', 'crm') }, true],
    ['another server', { resource: inside('Server', 'mail') }, false],
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

  it('J1 an id that imitates another id does not match it', () => {
    const admin = policy('permit', undefined, { principal: inside('Role', 'admin') });
    for (const role of ['admin"', '"admin"', 'x", Role::"admin', 'Admin', 'admin ', '__proto__'])
      expect(decide([admin], { principal: { user: { ...USER, roles: [role] } } }).effect).toBe('deny');
    const tool = policy('permit', undefined, { resource: exactly('Tool', 'a/b/c') });
    expect(decide([tool], { definition: { server: 'a', name: 'b/c' } }).effect).toBe('allow');
  });

  it.each<[name: string, json: PolicyJson]>([
    ['an operator that is not known', policy('permit', { launch: { left: literal(1), right: literal(2) } })],
    ['an operator of every object', policy('permit', { constructor: {} })],
    ['a variable that is not known', policy('permit', variable('env'))],
    ['a template', policy('permit', undefined, { principal: { op: '==', slot: '?principal' } as never })],
    ['a template in a group', policy('permit', undefined, { principal: { op: 'in', slot: '?principal' } as never })],
    ['a function that is not known', policy('permit', { Value: { __extn: { fn: 'exec', arg: 'x' } } })],
  ])('%s does not load, and the error names the policy', (_name, json) =>
    expect(() => engineOf(policy('permit'), json)).toThrow(/^policy p1: .*not supported/),
  );
});

describe('a remembered decision', () => {
  it('read nothing volatile, and serves this principal, definition and action only', () => {
    const engine = engineOf(
      policy('permit', equals(attribute(variable('resource'), 'name'), literal('get')), {
        action: exactly('Action', 'call'),
      }),
    );
    const [first, same] = [requestOf(), requestOf()];
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
    ['that there is an argument', { has: { left: attribute(variable('context'), 'args'), attr: 'n' } }, { input: {} }],
    ['that there is a session', { has: { left: variable('context'), attr: 'session' } }, {}],
    [
      'the session',
      {
        '&&': {
          left: { has: { left: variable('context'), attr: 'session' } },
          right: equals(attribute(variable('context'), 'session'), literal('s1')),
        },
      },
      { session: 's2' },
    ],
    [
      'the address',
      equals(attribute(variable('context'), 'source_ip'), { ip: [literal('10.1.2.3')] }),
      { address: '10.9.9.9' },
    ],
  ])('never one that read %s', (_name, body, other) => {
    const engine = engineOf(policy('permit', body));
    const first = requestOf({ input: { n: 1 }, session: 's1' });
    expect(engine.decide(first)).toMatchObject({ effect: 'allow', grant: { cacheable: false } });
    expect(
      engine.decide({ ...requestOf(other), principal: first.principal, definition: first.definition }).effect,
    ).toBe('deny');
  });
});
