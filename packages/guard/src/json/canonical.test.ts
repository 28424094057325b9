import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../call.ts';
import { canonicalize } from './canonical.ts';

/** The RFC read literally: sort by UTF-16 code units, serialise like ECMAScript. */
function literally(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(literally).join(',')}]`;
  const object = value as Readonly<Record<string, Json>>;
  const keys = Object.keys(object).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${keys.map((key) => `${JSON.stringify(key)}:${literally(object[key] as Json)}`).join(',')}}`;
}

describe('canonicalize', () => {
  it.each<[string, Json, string]>([
    ['keys in order', { a: 1, b: [true, null] }, '{"a":1,"b":[true,null]}'],
    ['keys out of order', { b: 1, a: 2 }, '{"a":2,"b":1}'],
    ['keys out of order inside of ordered ones', { a: [{ z: 1, y: 2 }] }, '{"a":[{"y":2,"z":1}]}'],
    ['integer keys, which engines put first and by value', { 10: 1, 9: 2, a: 3 }, '{"10":1,"9":2,"a":3}'],
    ['capital letters before small ones', { a: 1, B: 2 }, '{"B":2,"a":1}'],
    [
      'code units, not code points (RFC 8785, 3.2.3)',
      { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 },
      '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\u{1f600}":5,"\ufb33":3}',
    ],
    [
      'numbers as ECMAScript writes them',
      [333333333.33333329, 1e30, 4.5, 2e-3, 1e-27, -0],
      '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]',
    ],
  ])('%s', (_name, value, text) => expect(canonicalize(value)).toBe(text));

  it('agrees with the RFC for every value, in any order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalize(value as Json)).toBe(literally(value as Json));
      }),
    );
  });
});
