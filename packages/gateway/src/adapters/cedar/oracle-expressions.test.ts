/** Random expressions of every type, against the reference implementation. */
import type { JsonObject } from '@sallyport/guard';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ARGS, compare, engineOf, questionOf, when } from './testing/reference.mts';

/** Expressions of every kind, valid and invalid: what is an error must be one on both sides. */
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
  it('decide as the reference does, and what a call is allowed is listed', { timeout: 120_000 }, () => {
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

  it('the right side of `in` holds entities only, and may depend on an argument', () => {
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
