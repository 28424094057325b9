/**
 * What an expression means, where it is an error, and where it stays unknown. The reference implementation agrees:
 * `adapters/cedar/oracle.test.ts`.
 */
import { describe, expect, it } from 'vitest';
import { compileExpression, type Environment } from './expression.ts';
import { compileLike } from './like.ts';
import { EvaluationError, namedEntity, recordOf, UNKNOWN, uidOf, type RecordValue, type Value } from './values.ts';

const context: RecordValue = {
  kind: 'record',
  has: (attr) => (attr === 'sure' ? true : UNKNOWN),
  get: () => UNKNOWN,
  entries: () => [],
};
const env: Environment = {
  principal: { ...namedEntity('User', 'a'), ancestors: new Set([uidOf('Group', 'g')]) },
  action: namedEntity('Action', 'call'),
  resource: namedEntity('Tool', 't'),
  context,
};

const L = (value: unknown): unknown => ({ Value: value });
const op = (name: string, left: unknown, right: unknown): unknown => ({ [name]: { left, right } });
const fn = (name: string, ...args: unknown[]): unknown => ({ [name]: args });
const E = (type: string, id: string): unknown => L({ __entity: { type, id } });
const S = (...items: unknown[]): unknown => ({ Set: items });
const R = (fields: Record<string, unknown>): unknown => ({ Record: fields });
const unknown: unknown = { '.': { left: { Var: 'context' }, attr: 'x' } };
const failing: unknown = { '.': { left: { Var: 'principal' }, attr: 'missing' } };
const not = (arg: unknown): unknown => ({ '!': { arg } });
const neg = (arg: unknown): unknown => ({ neg: { arg } });

/** 2^62: JSON cannot say it exactly, so a policy computes it. */
const HUGE: unknown = op('*', L(2 ** 31), L(2 ** 31));

const run = (node: unknown): Value => compileExpression(node)(env);
const outcome = (node: unknown): unknown => {
  try {
    const value = run(node);
    return value === UNKNOWN ? 'unknown' : value;
  } catch (thrown) {
    if (thrown instanceof EvaluationError) return 'error';
    throw thrown;
  }
};

// Powers of two, because the JSON format writes a Long as a number, which holds no other one beyond 2^53.
const longs: readonly (readonly [name: string, node: unknown, expected: unknown])[] = [
  ['1 + 2', op('+', L(1), L(2)), 3n],
  ['1 - 2', op('-', L(1), L(2)), -1n],
  ['2 * 3', op('*', L(2), L(3)), 6n],
  ['-3', neg(L(3)), -3n],
  ['2^62 + 2^62', op('+', HUGE, HUGE), 'error'],
  ['-2^63 - 1', op('-', op('-', neg(HUGE), HUGE), L(1)), 'error'],
  ['2^62 * 2', op('*', HUGE, L(2)), 'error'],
  ['-(-2^63)', neg(op('-', neg(HUGE), HUGE)), 'error'],
  ['-2^63', op('-', neg(HUGE), HUGE), -(2n ** 63n)],
  ['1 < 2', op('<', L(1), L(2)), true],
  ['2 < 2', op('<', L(2), L(2)), false],
  ['2 <= 2', op('<=', L(2), L(2)), true],
  ['3 <= 2', op('<=', L(3), L(2)), false],
  ['2 > 2', op('>', L(2), L(2)), false],
  ['3 > 2', op('>', L(3), L(2)), true],
  ['2 >= 2', op('>=', L(2), L(2)), true],
  ['1 >= 2', op('>=', L(1), L(2)), false],
  ['"1" < 2', op('<', L('1'), L(2)), 'error'],
  ['true + 1', op('+', L(true), L(1)), 'error'],
  ['-"1"', neg(L('1')), 'error'],
];

const types: readonly (readonly [name: string, node: unknown, expected: unknown])[] = [
  ['!1', not(L(1)), 'error'],
  ['!""', not(L('')), 'error'],
  ['!true', not(L(true)), false],
  ['1 && true', op('&&', L(1), L(true)), 'error'],
  ['true && 1', op('&&', L(true), L(1)), 'error'],
  ['false || ""', op('||', L(false), L('')), 'error'],
  ['false && 1', op('&&', L(false), L(1)), false],
  ['true || 1', op('||', L(true), L(1)), true],
  ['1 like "*"', { like: { left: L(1), pattern: ['Wildcard'] } }, 'error'],
  ['"a" like "*"', { like: { left: L('a'), pattern: ['Wildcard'] } }, true],
  ['if 1', { 'if-then-else': { if: L(1), then: L(true), else: L(true) } }, 'error'],
  ['1.x', { '.': { left: L(1), attr: 'x' } }, 'error'],
  ['1 has x', { has: { left: L(1), attr: 'x' } }, 'error'],
  ['1 in User::"a"', op('in', L(1), E('User', 'a')), 'error'],
  ['principal in 1', op('in', { Var: 'principal' }, L(1)), 'error'],
  ['principal in ["g"]', op('in', { Var: 'principal' }, S(L('g'))), 'error'],
  ['1 is User', { is: { left: L(1), entity_type: 'User' } }, 'error'],
  ['"a".contains', op('contains', L('a'), L('a')), 'error'],
  ['isEmpty of text', { isEmpty: { arg: L('') } }, 'error'],
  ['a tag that is not there', op('hasTag', { Var: 'principal' }, L('x')), false],
  ['the tag that is not there', op('getTag', { Var: 'principal' }, L('x')), 'error'],
  ['a tag that is no text', op('hasTag', { Var: 'principal' }, L(1)), 'error'],
];

const equality: readonly (readonly [name: string, node: unknown, expected: unknown])[] = [
  ['1 == "1"', op('==', L(1), L('1')), false],
  ['1 != "1"', op('!=', L(1), L('1')), true],
  ['true == 1', op('==', L(true), L(1)), false],
  ['User::"a" == User::"a"', op('==', E('User', 'a'), { Var: 'principal' }), true],
  ['User::"a" == Agent::"a"', op('==', E('Agent', 'a'), { Var: 'principal' }), false],
  ['a set of another order', op('==', S(L(1), L(2)), S(L(2), L(1), L(1))), true],
  ['a set and a smaller one', op('==', S(L(1), L(2)), S(L(1))), false],
  ['a smaller set and a set', op('==', S(L(1)), S(L(1), L(2))), false],
  ['a set and a record', op('==', S(), R({})), false],
  ['a record of another order', op('==', R({ a: L(1), b: L(2) }), R({ b: L(2), a: L(1) })), true],
  ['a record and a smaller one', op('==', R({ a: L(1), b: L(2) }), R({ a: L(1) })), false],
  ['a smaller record and a record', op('==', R({ a: L(1) }), R({ a: L(1), b: L(2) })), false],
  ['records of other names', op('==', R({ a: L(1) }), R({ b: L(1) })), false],
  ['a network and its first address', op('==', fn('ip', L('10.0.0.0/8')), fn('ip', L('10.0.0.0'))), false],
  ['an IPv4 and an IPv6 of the same number', op('==', fn('ip', L('0.0.0.1')), fn('ip', L('::1'))), false],
  ['an IPv4 and an IPv6 of the same number and prefix', op('==', fn('ip', L('0.0.0.1')), fn('ip', L('::1/32'))), false],
  [
    'a datetime and a duration of the same number',
    op('==', fn('datetime', L('1970-01-01')), fn('duration', L('0ms'))),
    false,
  ],
  ['a decimal and an address', op('==', fn('decimal', L('0.0001')), fn('ip', L('0.0.0.1/32'))), false],
];

const unknowns: readonly (readonly [name: string, node: unknown, expected: unknown])[] = [
  ['unknown == 1', op('==', unknown, L(1)), 'unknown'],
  ['1 == unknown', op('==', L(1), unknown), 'unknown'],
  ['1 != unknown', op('!=', L(1), unknown), 'unknown'],
  ['a set with unknown != a set', op('!=', S(unknown), S(L(1))), 'unknown'],
  ['1 < unknown', op('<', L(1), unknown), 'unknown'],
  ['"x" in unknown', op('in', { Var: 'principal' }, unknown), 'unknown'],
  ['!unknown', not(unknown), 'unknown'],
  ['unknown && false', op('&&', unknown, L(false)), false],
  ['unknown && true', op('&&', unknown, L(true)), 'unknown'],
  ['unknown || true', op('||', unknown, L(true)), true],
  ['unknown || false', op('||', unknown, L(false)), 'unknown'],
  ['unknown && an error', op('&&', unknown, failing), 'unknown'],
  ['an error && unknown', op('&&', failing, unknown), 'error'],
  ['true && unknown', op('&&', L(true), unknown), 'unknown'],
  ['unknown && 1, which may be never reached', op('&&', unknown, L(1)), 'unknown'],
  ['if unknown', { 'if-then-else': { if: unknown, then: L(true), else: L(true) } }, 'unknown'],
  ['unknown.x', { '.': { left: unknown, attr: 'x' } }, 'unknown'],
  ['context has x', { has: { left: { Var: 'context' }, attr: 'x' } }, 'unknown'],
  ['context has x.y', { has: { left: { Var: 'context' }, attr: ['x', 'y'] } }, 'unknown'],
  ['context has sure.y', { has: { left: { Var: 'context' }, attr: ['sure', 'y'] } }, 'unknown'],
  ['[unknown, 1].contains(1)', op('contains', S(unknown, L(1)), L(1)), true],
  ['[unknown].contains(1)', op('contains', S(unknown), L(1)), 'unknown'],
  ['[1].containsAll([unknown])', op('containsAll', S(L(1)), S(unknown)), 'unknown'],
  ['[1].containsAll([unknown, 2])', op('containsAll', S(L(1)), S(unknown, L(2))), false],
  ['[1].containsAny([unknown, 1])', op('containsAny', S(L(1)), S(unknown, L(1))), true],
  ['[1].containsAny([unknown])', op('containsAny', S(L(1)), S(unknown)), 'unknown'],
  ['{a: unknown} == {a: 1}', op('==', R({ a: unknown }), R({ a: L(1) })), 'unknown'],
  ['{a: unknown, b: 1} == {a: 1, b: 2}', op('==', R({ a: unknown, b: L(1) }), R({ a: L(1), b: L(2) })), false],
  ['a function of unknown', fn('isLoopback', unknown), 'unknown'],
  ['a function of unknown, second', fn('isInRange', fn('ip', L('::1')), unknown), 'unknown'],
  ['unknown is User', { is: { left: unknown, entity_type: 'User' } }, 'unknown'],
];

const entities: readonly (readonly [name: string, node: unknown, expected: unknown])[] = [
  ['in itself', op('in', { Var: 'principal' }, E('User', 'a')), true],
  ['in its group', op('in', { Var: 'principal' }, E('Group', 'g')), true],
  ['in another', op('in', { Var: 'principal' }, E('Group', 'h')), false],
  ['in one of two', op('in', { Var: 'principal' }, S(E('Group', 'h'), E('Group', 'g'))), true],
  ['is User', { is: { left: { Var: 'principal' }, entity_type: 'User' } }, true],
  ['is Group', { is: { left: { Var: 'principal' }, entity_type: 'Group' } }, false],
  ['is User in its group', { is: { left: { Var: 'principal' }, entity_type: 'User', in: E('Group', 'g') } }, true],
  ['is User in another', { is: { left: { Var: 'principal' }, entity_type: 'User', in: E('Group', 'h') } }, false],
  ['an attribute that is not there', failing, 'error'],
  ['has it', { has: { left: { Var: 'principal' }, attr: 'missing' } }, false],
  ['J1 an id with a quote is no other entity', op('==', E('User', 'a"'), { Var: 'principal' }), false],
];

describe.each([
  ['numbers', longs],
  ['types', types],
  ['equality', equality],
  ['what is not known', unknowns],
  ['entities', entities],
] as const)('%s', (_group, rows) => {
  it.each(rows)('%s', (_name, node, expected) => expect(outcome(node)).toBe(expected));
});

it('J1 an entity is named by its quoted id, so that no id can imitate another', () => {
  expect(uidOf('Role', 'x", Role::"admin')).not.toContain('Role::"admin"');
  expect(uidOf('A', 'b"')).not.toBe('A::"b""');
  expect(recordOf(new Map()).has('constructor')).toBe(false);
});

describe('like', () => {
  const like = (text: string, ...pattern: string[]): boolean =>
    compileLike(pattern.map((part) => (part === '*' ? 'Wildcard' : { Literal: part })))(text);
  it.each<[text: string, pattern: string[], matches: boolean]>([
    ['abc', ['abc'], true],
    ['abc', ['ab'], false],
    ['ab', ['abc'], false],
    ['abc', ['a', '*'], true],
    ['abc', ['*', 'c'], true],
    ['abc', ['*', 'b'], false],
    ['abc', ['a', '*', 'c'], true],
    ['ac', ['a', '*', 'c'], true],
    ['', ['*'], true],
    ['', [], true],
    ['a', [], false],
    ['aXbXc', ['a', '*', 'X', 'c'], true],
    ['aaab', ['*', 'aab'], true],
    ['abab', ['*', 'ab'], true],
    ['example.com.evil', ['*', '.example.com'], false],
    ['a*c', ['a', '*', 'c'], true],
    ['\u{1f511}b', ['\u{1f511}', '*'], true],
    ['\ud83d', ['\u{1f511}'], false],
    ['a\nb', ['a', '*', 'b'], true],
    ['a', ['a', '*', 'a'], false],
    ['abc', ['ab', '*', 'bc'], false],
    ['xaybz', ['*', 'a', '*', 'b', '*'], true],
    ['xbyaz', ['*', 'a', '*', 'b', '*'], false],
    ['xab', ['*', 'ab', '*', 'b'], false],
    ['xabb', ['*', 'ab', '*', 'b'], true],
    ['aXbX', ['a', '*', '*', 'X'], true],
  ])('%j, %j: %s', (text, pattern, matches) => expect(like(text, ...pattern)).toBe(matches));
});

describe('extension values', () => {
  const reads = (name: string, text: string): boolean => outcome(fn(name, L(text))) !== 'error';
  it.each<[name: string, yes: string[], no: string[]]>([
    [
      'decimal',
      ['1.0', '-0.0001', '922337203685477.5807', '00.5'],
      ['1', '1.', '.5', '1.00000', '1e2', '922337203685477.5808', '+1.0', ' 1.0', ''],
    ],
    [
      'ip',
      ['0.0.0.0', '10.0.0.0/8', '255.255.255.255/32', '::', '::1/128', '1:2:3:4:5:6:7:8', '1::8', 'ABCD::'],
      [
        '256.0.0.1',
        '01.0.0.1',
        '1.2.3',
        '1.2.3.4.5',
        '1.2.3.4/33',
        '1.2.3.4/08',
        '1.2.3.4/',
        '1.2.3.4/8/8',
        '::1/129',
        ':::',
        '1::2::3',
        '1:2:3:4::5:6:7:8::9',
        '1:2:3:4:5:6:7',
        '1:2:3:4:5:6:7::8',
        '1:2:3:4:5:6:7:8:9',
        'g::',
        '12345::',
        '1.2.3.4 ',
        '',
      ],
    ],
    [
      'datetime',
      [
        '2024-02-29',
        '2024-01-01T00:00:00Z',
        '2024-01-01T23:59:59.999Z',
        '2024-01-01T00:00:00+2359',
        '2024-01-01T00:00:00-0000',
      ],
      [
        '2023-02-29',
        '2024-1-1',
        '2024-01-01T24:00:00Z',
        '2024-01-01T00:60:00Z',
        '2024-01-01T00:00:60Z',
        '2024-01-01T00:00:00',
        '2024-01-01T00:00:00+2400',
        '2024-01-01T00:00:00+0060',
        '2024-01-01T00:00:00.5Z',
        '',
      ],
    ],
    [
      'duration',
      ['0ms', '1d2h3m4s5ms', '-1d', '106751991167d'],
      ['', '-', '1', '1x', '1h1d', '1d1d', '106751991168d', ' 1d', '+1d', '1.5h'],
    ],
  ])('%s', (name, yes, no) => {
    for (const text of yes) expect([text, reads(name, text)]).toEqual([text, true]);
    for (const text of no) expect([text, reads(name, text)]).toEqual([text, false]);
  });

  const ip = (text: string): unknown => fn('ip', L(text));
  const decimal = (text: string): unknown => fn('decimal', L(text));
  const date = (text: string): unknown => fn('datetime', L(text));
  it.each<[name: string, node: unknown, expected: unknown]>([
    ['loopback', fn('isLoopback', ip('127.9.9.9')), true],
    ['the loopback of IPv6', fn('isLoopback', ip('::1')), true],
    ['not the address before it', fn('isLoopback', ip('::')), false],
    ['not 128.0.0.1', fn('isLoopback', ip('128.0.0.1')), false],
    ['not a network that holds it', fn('isLoopback', ip('0.0.0.0/0')), false],
    ['multicast', fn('isMulticast', ip('224.0.0.1')), true],
    ['not unicast', fn('isMulticast', ip('223.255.255.255')), false],
    ['in range', fn('isInRange', ip('10.1.2.3'), ip('10.0.0.0/8')), true],
    ['a range in a smaller one', fn('isInRange', ip('10.0.0.0/8'), ip('10.0.0.0/16')), false],
    ['out of range', fn('isInRange', ip('11.0.0.0'), ip('10.0.0.0/8')), false],
    ['an IPv4 in a range of IPv6', fn('isInRange', ip('0.0.0.1'), ip('::/0')), false],
    ['an IPv6 in a range of IPv4', fn('isInRange', ip('::1'), ip('0.0.0.0/0')), false],
    ['isIpv4', fn('isIpv4', ip('::1')), false],
    ['isIpv6', fn('isIpv6', ip('::1')), true],
    ['an address where a decimal is needed', fn('lessThan', ip('0.0.0.1'), decimal('1.0')), 'error'],
    ['a decimal where an address is needed', fn('isLoopback', decimal('1.0')), 'error'],
    ['a text where an address is needed', fn('isIpv4', L('1.2.3.4')), 'error'],
    ['a number where a text is needed', fn('ip', L(1)), 'error'],
    ['1.5 < 1.50', fn('lessThan', decimal('1.5'), decimal('1.50')), false],
    ['1.5 <= 1.50', fn('lessThanOrEqual', decimal('1.5'), decimal('1.50')), true],
    ['1.5 > 1.4', fn('greaterThan', decimal('1.5'), decimal('1.4')), true],
    ['1.5 > 1.5', fn('greaterThan', decimal('1.5'), decimal('1.5')), false],
    ['1.5 >= 1.5', fn('greaterThanOrEqual', decimal('1.5'), decimal('1.5')), true],
    ['-0.5 < 0.0', fn('lessThan', decimal('-0.5'), decimal('0.0')), true],
    ['the day before 1970', op('==', fn('toDate', date('1969-12-31T23:00:00Z')), date('1969-12-31')), true],
    ['midnight is its own day', op('==', fn('toDate', date('1969-12-31')), date('1969-12-31')), true],
    ['its time of day', op('==', fn('toTime', date('1969-12-31T23:00:00Z')), fn('duration', L('23h'))), true],
    ['a zone', op('==', date('2024-01-01T01:00:00+0100'), date('2024-01-01')), true],
    ['a zone to the west', op('==', date('2024-01-01T00:00:00-0130'), date('2024-01-01T01:30:00Z')), true],
    ['hours', fn('toHours', fn('duration', L('1d2h59m'))), 26n],
    ['hours before', fn('toHours', fn('duration', L('-90m'))), -1n],
    ['too late', fn('offset', date('9999-12-31'), fn('duration', L('106751991167d'))), 'error'],
    ['datetime < duration', op('<', date('2024-01-01'), fn('duration', L('1d'))), 'error'],
  ])('%s', (_name, node, expected) => expect(outcome(node)).toBe(expected));
});
