/** Schemas as libraries of many languages write them: checked, and with the meaning that their authors had in mind. */
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../call.ts';
import { compileSchema } from './index.ts';

const accepts = (schema: Json, value: unknown): boolean => compileSchema(schema)(value as Json).length === 0;

describe('references', () => {
  it('$ref: "#" is the whole schema (recursive objects of zod)', () => {
    const schema: JsonObject = {
      type: 'object',
      properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#' } } },
      required: ['name'],
    };
    expect(accepts(schema, { name: 'a', children: [{ name: 'b', children: [] }] })).toBe(true);
    expect(accepts(schema, { name: 'a', children: [{ name: 'b', children: [{ name: 1 }] }] })).toBe(false);
  });

  it.each<[name: string, schema: JsonObject]>([
    ['$anchor', { $ref: '#x', $defs: { n: { $anchor: 'x', type: 'string' } } }],
    ['$id of draft 7 as an anchor', { $ref: '#x', definitions: { n: { $id: '#x', type: 'string' } } }],
    ['definitions of draft 7', { $ref: '#/definitions/n', definitions: { n: { type: 'string' } } }],
    [
      'its own address',
      { $id: 'https://a.test/s', $ref: 'https://a.test/s#/$defs/n', $defs: { n: { type: 'string' } } },
    ],
    ['schemas at any place', { $ref: '#/components/schemas/n', components: { schemas: { n: { type: 'string' } } } }],
  ])('%s', (_name, schema) => expect([accepts(schema, 'x'), accepts(schema, 1)]).toEqual([true, false]));

  it.each<[name: string, schema: JsonObject]>([
    [
      'a schema with an address of its own',
      { $id: 'https://a.test/s', $ref: 'n', $defs: { n: { $id: 'n', type: 'string' } } },
    ],
    [
      'a pointer inside a schema with an address of its own',
      { $ref: '#/$defs/n', $defs: { n: { $id: 'n', $ref: '#/$defs/m', $defs: { m: { type: 'string' } } } } },
    ],
    [
      'an anchor of the same name elsewhere',
      {
        $ref: 'n#x',
        $defs: {
          a: { $anchor: 'x', type: 'integer' },
          n: { $id: 'n', $defs: { b: { $anchor: 'x', type: 'string' } } },
        },
      },
    ],
    [
      'a place that no keyword knows, in a schema with an address of its own',
      { $ref: 'n#/shared/m', $defs: { n: { $id: 'n', shared: { m: { $ref: '#/shared/k' }, k: { type: 'string' } } } } },
    ],
    ['$dynamicRef with one anchor', { $dynamicRef: '#x', $defs: { n: { $dynamicAnchor: 'x', type: 'string' } } }],
    ['$recursiveRef in one schema', { allOf: [{ type: 'string' }, { items: { $recursiveRef: '#' } }] }],
  ])('%s', (_name, schema) => expect([accepts(schema, 'x'), accepts(schema, 1)]).toEqual([true, false]));

  it('a $dynamicRef that depends on the way to it is refused', () => {
    const list = { $id: 'list', items: { $dynamicRef: '#item' }, $defs: { any: { $dynamicAnchor: 'item' } } };
    const schema = { $ref: 'list', $defs: { list, text: { $dynamicAnchor: 'item', type: 'string' } } };
    expect(() => compileSchema(schema)).toThrow(/may point to several schemas: "#item"/);
    const late = {
      allOf: [{ $dynamicRef: '#item' }, { $ref: '#/shared/n' }],
      $defs: { any: { $dynamicAnchor: 'item' } },
      shared: { n: { $dynamicAnchor: 'item', type: 'string' } },
    };
    expect(() => compileSchema(late)).toThrow(/\$dynamicAnchor stands where/);
  });

  it.each(['default', 'examples', 'const', 'enum'])('$ref inside %s is data', (keyword) => {
    const data: JsonObject = { $ref: 'https://elsewhere.test/x', $dynamicRef: '#y' };
    expect(accepts({ [keyword]: keyword === 'examples' || keyword === 'enum' ? [data] : data }, data)).toBe(true);
  });

  it.each<[name: string, schema: JsonObject]>([
    ['itself', { $ref: '#' }],
    ['itself through combinators', { anyOf: [{ type: 'string' }, { allOf: [{ $ref: '#' }] }] }],
    [
      'two that point to each other',
      { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } },
    ],
  ])('a reference to %s is refused when it is compiled', (_name, schema) =>
    expect(() => compileSchema(schema)).toThrow(/leads back/),
  );
});

describe('keywords of other drafts', () => {
  it('nullable without type says nothing; with type it adds null (OpenAPI)', () => {
    expect([accepts({ nullable: true, enum: ['a'] }, 'a'), accepts({ nullable: true }, 1)]).toEqual([true, true]);
    expect(accepts({ type: 'string', nullable: true }, null)).toBe(true);
    expect(accepts({ type: 'string', nullable: false }, null)).toBe(false);
  });

  it('a list in items is a tuple, and additionalItems what follows it', () => {
    const tuple: JsonObject = { type: 'array', items: [{ type: 'string' }, { type: 'integer' }] };
    expect([accepts(tuple, ['a', 1]), accepts(tuple, [1, 'a']), accepts(tuple, ['a', 1, true])]).toEqual([
      true,
      false,
      true,
    ]);
    expect(accepts({ ...tuple, additionalItems: false }, ['a', 1, true])).toBe(false);
    expect(accepts({ ...tuple, additionalItems: { type: 'boolean' } }, ['a', 1, true])).toBe(true);
  });

  it('dependencies is both dependentRequired and dependentSchemas', () => {
    const schema: JsonObject = { dependencies: { a: ['b'], c: { required: ['d'] } } };
    const verdicts = [{ a: 1 }, { a: 1, b: 1 }, { c: 1 }, { c: 1, d: 1 }].map((value) => accepts(schema, value));
    expect(verdicts).toEqual([false, true, false, true]);
  });

  it('exclusiveMinimum: true belongs to minimum (draft 4)', () => {
    const schema: JsonObject = { minimum: 1, exclusiveMinimum: true, maximum: 3, exclusiveMaximum: false };
    expect([1, 2, 3].map((value) => accepts(schema, value))).toEqual([false, true, true]);
  });

  it.each<[divisor: number, yes: number, no: number]>([
    [0.01, 0.07, 0.075],
    [0.01, 19.99, 19.999],
    [0.1, 1.1, 1.15],
    [1e-7, 3e-7, 3.5e-7],
    [3, 1e15 + 2, 1e15 + 1],
    [1e300, 3e300, 1e299],
    [1e-300, 1e300, 1.5e-300],
  ])('multipleOf %d is exact in decimal', (multipleOf, yes, no) =>
    expect([accepts({ multipleOf }, yes), accepts({ multipleOf }, no)]).toEqual([true, false]),
  );
});

describe('J7 patterns', () => {
  const DURATION =
    '^P(?:(\\d+W)|(?!.*W)(?=\\d|T\\d)(\\d+Y)?(\\d+M)?(\\d+D)?(T(?=\\d)(\\d+H)?(\\d+M)?(\\d+([.,]\\d+)?S)?)?)$';
  const HOSTNAME =
    '^(?=.{1,253}\\.?$)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[-0-9a-zA-Z]{0,61}[0-9a-zA-Z])?)*\\.?$';
  it.each<[name: string, pattern: string, yes: readonly string[], no: readonly string[]]>([
    ['duration of zod', DURATION, ['P3W', 'P1Y2M', 'PT5S', 'P1DT12H'], ['P', 'PT', 'P1W2D', '1Y', 'P1S']],
    ['hostname of zod', HOSTNAME, ['a', 'example.com', 'a-b.c.'], ['-a', 'a-', 'a..b', `${'a.'.repeat(130)}a`, '']],
    ['emoji of zod', '^(\\p{Extended_Pictographic}|\\p{Emoji_Component})+$', ['😀', '👩‍🚀'], ['a', '😀a', '']],
    [
      'a password rule',
      '^(?=.*[A-Z])(?=.*\\d)(?!.*\\s).{8,}$',
      ['Passw0rd', 'x1Yzzzzz'],
      ['password', 'Pass w0rd1', 'P1'],
    ],
    ['look-behind', '(?<=\\$)\\d+(?<!0)$', ['a $15', '$1'], ['15', '$10', '$']],
    ['look-behind of several characters', '(?<=ab+)c', ['abbbc'], ['ac', 'bc']],
    ['a letter of any script', '^\\p{Letter}+$', ['été', 'слово', '漢字'], ['a1', '']],
    ['a script by its name', '^\\p{Greek}+$', ['λόγος'], ['logos']],
    ['a script in full', '^\\p{Script=Cyrillic}+$', ['слово'], ['slovo']],
    ['no letter', '^\\P{L}+$', ['12 3'], ['12a']],
    ['everything but nothing', '^[^]+$', ['a\nb', '\u2028'], ['']],
    ['an empty set', '^a[]$', [], ['a', 'a]']],
    ['a dot', '^.$', ['a', '😀'], ['\n', '\r', '\u2028', 'ab', '']],
    ['a large count', '^[a-z]{2,10000}$', ['ab', 'a'.repeat(10_000)], ['a', 'a'.repeat(10_001)]],
    ['word boundaries', '\\bcat\\b', ['a cat', 'cat!'], ['concat', 'cats']],
    ['no word boundary', '\\Bat', ['cat'], ['at']],
    ['a hyphen after a set', '^[\\w-.]+$', ['a-b.c'], ['a b']],
    ['a hyphen that is escaped for nothing', '^a\\-b\\_c$', ['a-b_c'], ['a\\-b_c']],
    ['a brace that counts nothing', '^{a}{,2}$', ['{a}{,2}'], ['a']],
    ['a group by its name in Python', '^(?P<year>\\d{4})$', ['2026'], ['26']],
    ['\\A and \\Z of Python', '\\Aab\\Z', ['ab'], ['cab', 'abc']],
    ['case that does not matter', '(?i)^caf[É]$', ['CAFé', 'café'], ['cafe']],
    ['case that does not matter in one group', '^(?i:get|post) /x$', ['GET /x', 'Post /x'], ['GET /X']],
    ['case that matters again', '^(?i)a(?-i)b(?-i:c)d$', ['Abcd'], ['ABcd', 'AbCd', 'AbcD']],
    ['modifiers end with their group', '^(?:(?i)a)b$', ['Ab'], ['AB']],
    ['a dot for everything', '(?s)^a.b$', ['a\nb'], ['ab']],
    ['a dot for everything in one group', '^(?s:.)a.$', ['\nab'], ['\na\n']],
    ['lines', '(?m)^b$', ['a\nb\nc', 'b'], ['ab\nbc']],
    ['several modifiers', '(?ims)^a.b$', ['x\nA\nB'], ['xa\nb']],
    ['a comment', '^a(?#the first letter)b$', ['ab'], ['a']],
    ['surrogates as two escapes', '^\\ud83d\\ude00$', ['😀'], ['\ud83d']],
    ['lazy repetition', '^a+?b??$', ['a', 'aab'], ['b', 'abb']],
    ['a choice of nothing', '^(?:|a|b)$', ['', 'a'], ['c']],
    ['repetition of nothing', '^(?:a*)*$', ['', 'aaa'], ['b']],
  ])('%s', (_name, pattern, yes, no) => {
    for (const text of yes) expect([text.slice(0, 40), accepts({ pattern }, text)]).toEqual([text.slice(0, 40), true]);
    for (const text of no) expect([text.slice(0, 40), accepts({ pattern }, text)]).toEqual([text.slice(0, 40), false]);
  });

  it.each<[pattern: string, why: RegExp]>([
    ['(?x) a b', /begins with \(\?x is not supported/],
    ['(?>a+)b', /begins with \(\?> is not supported/],
    ['(?(1)a|b)', /is not supported/],
    ['a++', /a repetition is repeated/],
    ['(?P<a>.)(?P=a)', /is not supported/],
    ['(.)\\1', /back-references/],
  ])('%s is refused with the reason', (pattern, why) => expect(() => compileSchema({ pattern })).toThrow(why));

  it('several large counts in one schema', () => {
    const fields = ['a', 'b', 'c', 'd', 'e'];
    const schema = { properties: Object.fromEntries(fields.map((name) => [name, { pattern: '^[a-z]{1,10000}$' }])) };
    const values = (text: string): Json => Object.fromEntries(fields.map((name) => [name, text]));
    expect([accepts(schema, values('abc')), accepts(schema, values('ABC'))]).toEqual([true, false]);
  });
});
