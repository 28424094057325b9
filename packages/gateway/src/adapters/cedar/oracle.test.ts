/** Our evaluator against the reference implementation: the same decision and the same deciding policies. */
import { isAuthorized, policyToJson, type EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import type {
  Definition,
  JsonObject,
  PolicyRequest,
  Principal,
  Digest,
  PrincipalKey,
  TenantId,
} from '@sallyport/guard';
import { compileCedar, type PolicyJson } from '@sallyport/guard/policy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const definition: Definition = {
  server: 'crm',
  kind: 'tool',
  name: 'get',
  document: { annotations: { readOnlyHint: true } },
  digest: 'sha256:0' as Digest,
  labels: ['internal'],
};
const clock = { now: () => 1_700_000_000_000 };

const principalWith = (roles: readonly string[]): Principal => ({
  user: { issuer: 'https://i', subject: 'alice', roles, groups: ['g'], claims: { level: 3 } },
  agent: { clientId: 'app', actors: [] },
  scopes: ['mcp'],
  tenantClaim: 'acme',
  tier: undefined,
  expiresAtMs: undefined,
  key: 'k' as PrincipalKey,
});

const questionOf = (args: JsonObject | undefined, roles: readonly string[] = ['analyst']): PolicyRequest => ({
  principal: principalWith(roles),
  tenant: { id: 'acme' as TenantId },
  action: 'call',
  definition,
  input: args,
  call: {
    session: undefined,
    origin: {
      transport: 'embedded',
      era: 'modern',
      protocolVersion: '',
      address: '10.1.2.3',
      correlationId: '',
      traceparent: undefined,
      clientInfo: undefined,
    },
  },
});

/** What our entity model says, in the words of the reference implementation. */
function entities(roles: readonly string[]): EntityJson[] {
  return [
    {
      uid: { type: 'User', id: 'https://i|alice' },
      parents: [
        ...roles.map((id) => ({ type: 'Role', id })),
        { type: 'Group', id: 'g' },
        { type: 'Tenant', id: 'acme' },
      ],
      attrs: {
        issuer: 'https://i',
        subject: 'alice',
        tenant: 'acme',
        roles: [...roles],
        groups: ['g'],
        scopes: ['mcp'],
        claims: { level: 3 },
      },
    },
    {
      uid: { type: 'Tool', id: 'crm/get' },
      parents: [{ type: 'Server', id: 'crm' }],
      attrs: { server: 'crm', name: 'get', labels: ['internal'], pin: 'sha256:0', annotations: { readOnlyHint: true } },
    },
  ] as unknown as EntityJson[];
}

function reference(texts: readonly string[], args: JsonObject, roles: readonly string[]) {
  const answer = isAuthorized({
    principal: { type: 'User', id: 'https://i|alice' },
    action: { type: 'Action', id: 'call' },
    resource: { type: 'Tool', id: 'crm/get' },
    context: {
      args:
        typeof args['price'] === 'number'
          ? { ...args, price: { __extn: { fn: 'decimal', arg: String(args['price']) } } }
          : args,
      agent: { client_id: 'app', actors: [] },
      labels: [],
      mtls: false,
      source_ip: { __extn: { fn: 'ip', arg: '10.1.2.3' } },
      time: { __extn: { fn: 'datetime', arg: '2023-11-14T22:13:20Z' } },
    } as never,
    policies: { staticPolicies: Object.fromEntries(texts.map((text, index) => [`p${index}`, text])) },
    entities: entities(roles),
  });
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors));
  const { decision, diagnostics } = answer.response;
  const errors = diagnostics.errors.length > 0;
  return {
    allow: decision === 'allow' && !errors,
    errors,
    reason: errors ? undefined : [...diagnostics.reason].sort(),
  };
}

function engineOf(texts: readonly string[]) {
  return compileCedar(
    texts.map((text, index) => {
      const parsed = policyToJson(text);
      if (parsed.type === 'failure') throw new Error(`${text}: ${JSON.stringify(parsed.errors)}`);
      return { id: `p${index}`, json: parsed.json as unknown as PolicyJson };
    }),
    'r',
    clock,
  );
}

function compare(texts: readonly string[], args: JsonObject, roles: readonly string[] = ['analyst']): void {
  const expected = reference(texts, args, roles);
  const engine = engineOf(texts);
  const decision = engine.decide(questionOf(args, roles));
  const ours = {
    allow: decision.effect === 'allow',
    errors: decision.effect === 'deny' && decision.error !== undefined,
  };
  expect(ours, texts.join('\n')).toEqual({ allow: expected.allow, errors: expected.errors });
  if (expected.reason !== undefined) expect(decision.grant.policies).toEqual(expected.reason);
  if (decision.effect === 'allow')
    expect(engine.couldAllow(questionOf(args, roles)), `A13 ${texts.join('\n')}`).toBe(true);
}

const when = (condition: string): string => `permit(principal, action, resource) when { ${condition} };`;

const CONDITIONS = [
  'true',
  'false',
  '1 + 2 * 3 == 7',
  '-(-3) == 3',
  '9007199254740991 * 9007199254740991 > 0',
  '1 == "1"',
  'context.args.n > 3',
  'context.args.n <= 3 || context.args has missing',
  'context.args.missing == 1',
  'context.args has s && context.args.s like "a*c"',
  'context.args.s like "*\\**"',
  '[1,2].containsAll([2,1])',
  '[1,2] == [2,1,1]',
  '{a:1,b:[2]} == {b:[2],a:1}',
  'principal has claims.level',
  'principal has claims.missing',
  'principal.claims.level == 3',
  'principal in Role::"analyst"',
  'principal in [Role::"x", Tenant::"acme"]',
  'resource in Server::"crm"',
  'resource is Tool in Server::"other"',
  'resource is Prompt',
  'resource.annotations.readOnlyHint',
  'context.source_ip.isInRange(ip("10.0.0.0/8"))',
  'ip("::1").isLoopback()',
  'ip("10.0.0.0/8").isInRange(ip("10.0.0.0/16"))',
  'ip("1.2.3.4/33") == ip("1.2.3.4")',
  'decimal("1.50") == decimal("1.5")',
  'decimal("0.1").lessThan(decimal("0.2"))',
  'decimal("1") == decimal("1.0")',
  'context.time > datetime("2023-01-01")',
  'datetime("2024-02-30") == datetime("2024-02-30")',
  'datetime("2024-01-01T01:00:00+0100") == datetime("2024-01-01")',
  'duration("1d2h").toHours() == 26',
  'datetime("1969-12-31T23:00:00Z").toDate() == datetime("1969-12-31")',
  'context.time.toTime() < duration("1d")',
  'datetime("2024-01-02").durationSince(datetime("2024-01-01")) == duration("24h")',
  'if context.args.n > 1 then context.args.s == "abc" else false',
  '!(context.args.flag)',
  'context.args.flag && 1',
  '1 && true',
  'false && 1',
  'true || 1',
  '[].isEmpty()',
  'context.args.list.contains("x")',
  'context.args.list.containsAny(["y","x"])',
  'context.args["s"] == "abc"',
  'principal.hasTag("x")',
  'User::"a" == User::"a"',
  'User::"a".name == "x"',
  'context.agent.client_id == "app"',
  'context.args.nested.deep == 1',
  'principal == User::"https://i|alice"',
  'context has session',
  'unknown',
  'context.args.n < "3"',
  '"a" like "*a*"',
  '"ab" like "a"',
].filter((one) => one !== 'unknown');

const ARGS: JsonObject = { n: 5, s: 'abc', flag: true, list: ['x', 'z'], nested: { deep: 1 } };

describe('the same as the reference implementation', () => {
  it.each(CONDITIONS)('%s', (condition) => {
    compare([when(condition)], ARGS);
    compare(
      ['permit(principal, action, resource);', `forbid(principal, action, resource) when { ${condition} };`],
      ARGS,
    );
    compare([`permit(principal, action, resource) unless { ${condition} };`], {
      n: 1,
      s: 'a*',
      flag: false,
      list: [],
      nested: {},
    });
  });

  it.each([
    'permit(principal == User::"https://i|alice", action == Action::"call", resource == Tool::"crm/get");',
    'permit(principal in Role::"admin", action, resource);',
    'permit(principal is User in Group::"g", action in [Action::"see", Action::"call"], resource is Tool);',
    'permit(principal is Agent, action, resource);',
    'permit(principal, action == Action::"read", resource);',
    'permit(principal, action, resource is Tool in Server::"crm");',
    'permit(principal, action, resource == Tool::"crm/other");',
  ])('%s', (text) => compare([text], ARGS));

  it('random policies', () => {
    const atom = fc.constantFrom(...CONDITIONS);
    const condition = fc.letrec<{ any: string }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        atom,
        fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(${a}) && (${b})`),
        fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(${a}) || (${b})`),
        tie('any').map((a) => `!(${a})`),
        fc.tuple(tie('any'), tie('any'), tie('any')).map(([a, b, c]) => `if (${a}) then (${b}) else (${c})`),
      ),
    })).any;
    const policy = fc
      .tuple(
        fc.constantFrom('permit', 'forbid'),
        fc.constantFrom('principal', 'principal in Role::"analyst"', 'principal in Role::"admin"'),
        condition,
      )
      .map(([effect, who, body]) => `${effect}(${who}, action, resource) when { ${body} };`);
    const args = fc.record({
      n: fc.integer({ min: -5, max: 9 }),
      s: fc.constantFrom('abc', 'a*', ''),
      flag: fc.boolean(),
      list: fc.subarray(['x', 'y']),
      nested: fc.constantFrom({}, { deep: 1 }),
    });
    fc.assert(
      fc.property(
        fc.array(policy, { minLength: 1, maxLength: 4 }),
        args,
        fc.subarray(['analyst', 'admin']),
        (texts, input, roles) => compare(texts, input as unknown as JsonObject, roles),
      ),
      { numRuns: 400 },
    );
  });
});

/** Expressions of every kind, right and wrong: what is an error must be one on both sides. */
const anyExpression = fc.letrec<Record<string, string>>((tie) => {
  const two = (a: string, b: string): fc.Arbitrary<[string, string]> => fc.tuple(tie(a), tie(b));
  const kinds = ['bool', 'long', 'text', 'set', 'rec', 'ent', 'dec', 'when', 'span', 'ip'];
  const chosen = (kind: string): fc.Arbitrary<string> =>
    fc.tuple(tie('bool'), tie(kind), tie(kind)).map(([a, b, c]) => `(if ${a} then ${b} else ${c})`);
  const of = (kind: string, leaves: readonly string[], ...rest: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.oneof(
      { maxDepth: 4, depthIdentifier: 'e' },
      { weight: 4, arbitrary: fc.constantFrom(...leaves) },
      chosen(kind),
      ...rest,
      { weight: 1, arbitrary: tie('odd') },
    );
  const call = (methods: readonly string[], from: string, to?: string): fc.Arbitrary<string> =>
    to === undefined
      ? fc.tuple(tie(from), fc.constantFrom(...methods)).map(([a, m]) => `(${a}).${m}()`)
      : fc.tuple(tie(from), fc.constantFrom(...methods), tie(to)).map(([a, m, b]) => `(${a}).${m}(${b})`);
  return {
    odd: fc.oneof({ maxDepth: 3, depthIdentifier: 'o' }, ...kinds.map((kind) => tie(kind))),
    bool: of(
      'bool',
      [
        'true',
        'false',
        'context.args.flag',
        '(context.args has n)',
        '(context has session)',
        '(principal has claims.level)',
        '(context has args.nested.deep)',
        '(resource is Tool)',
      ],
      two('bool', 'bool').map(([a, b]) => `(${a} && ${b})`),
      two('bool', 'bool').map(([a, b]) => `(${a} || ${b})`),
      tie('bool').map((a) => `!(${a})`),
      two('odd', 'odd').map(([a, b]) => `(${a} == ${b})`),
      ...kinds.map((kind) => two(kind, kind).map(([a, b]) => `(${a} != ${b})`)),
      fc.tuple(tie('long'), fc.constantFrom('<', '<=', '>', '>='), tie('long')).map((all) => `(${all.join(' ')})`),
      fc.tuple(tie('when'), fc.constantFrom('<', '>='), tie('when')).map((all) => `(${all.join(' ')})`),
      two('ent', 'ent').map(([a, b]) => `(${a} in ${b})`),
      fc.tuple(tie('ent'), tie('ent'), tie('odd')).map(([a, b, c]) => `(${a} in [${b}, ${c}])`),
      fc.tuple(tie('ent'), fc.constantFrom('Tool', 'User', 'Role')).map(([a, type]) => `(${a} is ${type})`),
      two('ent', 'ent').map(([a, b]) => `(${a} is User in ${b})`),
      fc
        .tuple(tie('text'), fc.constantFrom('*', 'a*c', '', '*b*', 'a\\*', 'é*', '*😀'))
        .map(([a, pattern]) => `(${a} like "${pattern}")`),
      call(['contains'], 'set', 'odd'),
      call(['containsAll', 'containsAny'], 'set', 'set'),
      call(['isEmpty'], 'set'),
      fc.tuple(tie('rec'), fc.constantFrom('a', 'b', 'a.c', 'deep')).map(([a, attr]) => `(${a} has ${attr})`),
      call(['lessThan', 'greaterThanOrEqual'], 'dec', 'dec'),
      call(['isInRange'], 'ip', 'ip'),
      call(['isIpv4', 'isIpv6', 'isLoopback', 'isMulticast'], 'ip'),
    ),
    long: of(
      'long',
      ['0', '1', '-7', '9007199254740991', 'context.args.n', 'principal.claims.level', 'context.args.nested.deep'],
      fc.tuple(tie('long'), fc.constantFrom('+', '-', '*'), tie('long')).map((all) => `(${all.join(' ')})`),
      tie('long').map((a) => `(-(${a}))`),
      call(['toMilliseconds', 'toSeconds', 'toHours', 'toDays'], 'span'),
      tie('rec').map((a) => `(${a}).a`),
    ),
    text: of('text', [
      '""',
      '"abc"',
      '"é😀"',
      'context.args.s',
      'principal.subject',
      'context.agent.client_id',
      'resource.pin',
    ]),
    set: of(
      'set',
      ['[]', 'context.args.list', 'principal.roles', '[1, 2, 2]', '["x"]', 'resource.labels'],
      fc.array(tie('odd'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    ),
    rec: of(
      'rec',
      ['{}', 'context.args.nested', 'principal.claims', 'context.agent', '{a: 1}', '{a: {c: 2}}'],
      two('odd', 'odd').map(([a, b]) => `{a: ${a}, "b": ${b}}`),
    ),
    ent: of('ent', [
      'principal',
      'resource',
      'Role::"analyst"',
      'Server::"crm"',
      'Tool::"crm/get"',
      'Group::"g"',
      'Action::"call"',
    ]),
    dec: of('dec', [
      'decimal("0.1")',
      'decimal("-12.3456")',
      'decimal("922337203685477.5807")',
      'decimal("922337203685477.5808")',
      'decimal("1.00000")',
      'context.args.price',
    ]),
    when: of(
      'when',
      [
        'context.time',
        'datetime("2024-02-29")',
        'datetime("2023-02-29")',
        'datetime("1969-12-31T23:59:59.999-0130")',
        'datetime("9999-12-31T23:59:59Z")',
        'datetime("2024-01-01T24:00:00Z")',
        'datetime("0000-01-01")',
      ],
      call(['offset'], 'when', 'span'),
      call(['toDate'], 'when'),
    ),
    span: of(
      'span',
      [
        'duration("1d2h3m4s5ms")',
        'duration("-1d")',
        'duration("9223372036854775807ms")',
        'duration("-9223372036854775808ms")',
        'duration("1s1d")',
        'duration("")',
        'duration("106751991168d")',
      ],
      call(['durationSince'], 'when', 'when'),
      call(['toTime'], 'when'),
    ),
    ip: of('ip', [
      'context.source_ip',
      'ip("10.0.0.0/8")',
      'ip("::1")',
      'ip("::ffff:1.2.3.4")',
      'ip("127.0.0.1/7")',
      'ip("224.0.0.1/3")',
      'ip("ff00::/8")',
      'ip("1.2.3.04")',
      'ip("1::2::3")',
      'ip("0.0.0.0/0")',
      'ip("1:2:3:4:5:6:7::")',
      'ip("10.1.2.3/08")',
    ]),
  };
}).bool as fc.Arbitrary<string>;

const anyArgs = fc.record(
  {
    n: fc.integer({ min: -9, max: 9 }),
    s: fc.constantFrom('abc', 'a*', '', 'é😀'),
    flag: fc.boolean(),
    list: fc.subarray(['x', 'y']),
    nested: fc.constantFrom({}, { deep: 1 }),
    price: fc.constantFrom(0.1, -12.3456),
  },
  { requiredKeys: [] },
);

describe('expressions of every type', () => {
  it('decide as the reference does, and what a call is allowed is listed', () => {
    const policy = fc
      .tuple(fc.constantFrom('permit', 'permit', 'forbid'), fc.constantFrom('when', 'unless'), anyExpression)
      .map(([effect, kind, body]) => `${effect}(principal, action, resource) ${kind} { ${body} };`);
    fc.assert(
      fc.property(fc.array(policy, { minLength: 1, maxLength: 2 }), anyArgs, (texts, input) =>
        compare(texts, input as unknown as JsonObject),
      ),
      { numRuns: 600 },
    );
  });

  it('a set that anything is `in` holds entities only, and who is asked about may depend on an argument', () => {
    compare([when('principal in [Role::"analyst", 1]')], ARGS);
    for (const condition of [
      'principal in (if context.args.flag then Role::"analyst" else Role::"x")',
      'principal in [if context.args.flag then Role::"analyst" else Role::"x"]',
      'resource is Tool in (if context.args.flag then Server::"crm" else Server::"x")',
    ]) {
      compare([when(condition)], ARGS);
      expect(engineOf([when(condition)]).decide(questionOf(ARGS)).effect).toBe('allow');
    }
  });

  it('a whole number that JSON rounds is refused when the policy is loaded', () => {
    expect(() => engineOf([when('context.args.n < 9007199254740993')])).toThrow(/2\^53/);
  });
});

describe('Sallyport is stricter where Cedar skips', () => {
  it('A29 an error in a policy that applies denies, also beside a permit', () => {
    const engine = engineOf(['permit(principal, action, resource);', when('context.args.missing == 1')]);
    expect(engine.decide(questionOf({}))).toMatchObject({ effect: 'deny', grant: { policies: ['p1'] } });
  });

  it('a decision that read no argument is remembered, one that did is not', () => {
    const byTool = engineOf([
      'permit(principal in Role::"analyst", action, resource) when { context.agent.client_id == "app" };',
    ]);
    expect(byTool.decide(questionOf(ARGS)).grant.cacheable).toBe(true);
    const byArguments = engineOf([when('context.args.n > 3')]);
    const question = questionOf(ARGS);
    expect(byArguments.decide(question)).toMatchObject({ effect: 'allow', grant: { cacheable: false } });
    expect(byArguments.decide({ ...question, input: { n: 1 } }).effect).toBe('deny');
  });

  it('A13 what no arguments can make allowed is not listed, what some could is', () => {
    const listed = (...texts: string[]): boolean => engineOf(texts).couldAllow(questionOf(undefined));
    expect(listed(when('context.args.n > 3'))).toBe(true);
    expect(listed(when('context.args.n > 3 && false'))).toBe(false);
    expect(listed(when('principal in Role::"admin" && context.args.n > 3'))).toBe(false);
    expect(listed(when('true'), 'forbid(principal, action == Action::"see", resource);')).toBe(false);
    expect(listed(when('true'), 'forbid(principal, action, resource) when { context.args.n > 3 };')).toBe(true);
    expect(listed(when('true'), 'forbid(principal, action, resource);')).toBe(false);
    expect(listed()).toBe(false);
    for (const never of ['context.mtls', 'context has approval', 'context.labels.contains("pii")'])
      expect(listed(when(never)), never).toBe(false);
    for (const always of ['!context.mtls', 'context has session', 'context.labels.isEmpty()'])
      expect(listed(when(always)), always).toBe(true);
  });

  it('J11 a pattern with many stars takes linear time per star', () => {
    const engine = engineOf([when(`context.args.s like "${'a*'.repeat(40)}b"`)]);
    const cpuBefore = process.cpuUsage();
    expect(engine.decide(questionOf({ s: 'a'.repeat(20_000) })).effect).toBe('deny');
    expect(process.cpuUsage(cpuBefore).user / 1_000, 'milliseconds of CPU time').toBeLessThan(1_000);
  });
});
