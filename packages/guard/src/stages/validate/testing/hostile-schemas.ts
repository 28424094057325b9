/** Schemas that were made to cost (B4), for the test that counts their steps and the benchmark that times them. */
import type { Json, JsonObject } from '../../../call.ts';

/** A value `depth` levels deep whose objects have the given members. */
export const nest = (depth: number, ...names: readonly string[]): Json =>
  depth === 0 ? {} : Object.fromEntries(names.map((name) => [name, nest(depth - 1, ...names)]));
const deepList = (depth: number): Json => (depth === 0 ? [] : [deepList(depth - 1)]);
export const many = <T>(count: number, of: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => of(at));
const list = (count: number): Json[] => many(count, (at) => at);
export const n: JsonObject = { $ref: '#/$defs/n' };
export const recursive = (n: JsonObject): JsonObject => ({ $ref: '#/$defs/n', $defs: { n } });

/** A schema and the value that makes it cost. */
export type HostileSchema = readonly [name: string, schema: Json, value: Json];

/** Every way in which a schema can apply itself twice to a member. */
const RECURSION: readonly HostileSchema[] = [
  ['allOf', { allOf: [n, n] }],
  ['allOf of three', { allOf: [n, n, n] }],
  ['anyOf', { anyOf: [{ allOf: [n, { not: {} }] }, n] }],
  ['oneOf', { oneOf: [n, n] }],
  ['not', { allOf: [{ not: { not: n } }, n] }],
  ['if', { if: n, then: n, else: n }],
  ['$ref beside allOf', { ...n, allOf: [n] }],
  ['dependentSchemas', { dependentSchemas: { a: { allOf: [n, n] } }, allOf: [n] }],
  ['dependencies', { dependencies: { a: { allOf: [n, n] } }, allOf: [n] }],
].flatMap(([name, twice]): HostileSchema[] => [
  [`${String(name)} in properties`, recursive({ properties: { a: twice as JsonObject } }), nest(60, 'a')],
  [`${String(name)} in additionalProperties`, recursive({ additionalProperties: twice as JsonObject }), nest(60, 'a')],
  [`${String(name)} in patternProperties`, recursive({ patternProperties: { a: twice as JsonObject } }), nest(60, 'a')],
  [`${String(name)} in items`, recursive({ items: twice as JsonObject }), deepList(60)],
  [`${String(name)} in prefixItems`, recursive({ prefixItems: [twice as JsonObject] }), deepList(60)],
  [`${String(name)} in a tuple`, recursive({ items: [twice as JsonObject] }), deepList(60)],
  [`${String(name)} in contains`, recursive({ contains: twice as JsonObject, maxContains: 9 }), deepList(60)],
  [
    `${String(name)} under unevaluatedProperties`,
    recursive({ unevaluatedProperties: twice as JsonObject }),
    nest(60, 'a'),
  ],
]);

const twoWays: readonly HostileSchema[] = [
  ['properties and patternProperties', recursive({ properties: { a: n }, patternProperties: { a: n } }), nest(60, 'a')],
  ['two patterns', recursive({ patternProperties: { a: n, '^a': n } }), nest(60, 'a')],
  ['items and contains', recursive({ items: n, contains: n, minContains: 0 }), deepList(60)],
  ['items and unevaluatedItems', recursive({ contains: n, unevaluatedItems: n }), deepList(60)],
  [
    'properties and unevaluatedProperties',
    recursive({ anyOf: [{ properties: { a: n } }, { properties: { a: n } }], unevaluatedProperties: n }),
    nest(60, 'a'),
  ],
  ['$ref: "#"', { properties: { a: { allOf: [{ $ref: '#' }, { $ref: '#' }] } } }, nest(60, 'a')],
  ['an anchor', { $anchor: 'x', properties: { a: { allOf: [{ $ref: '#x' }, { $ref: '#x' }] } } }, nest(60, 'a')],
];

const text = 'a'.repeat(50_000);
const PATTERNS: readonly HostileSchema[] = [
  ['8 KB of optional characters', `^${'a?'.repeat(4_000)}b`, text],
  ['8 KB of choices', `^(?:${'a|'.repeat(4_000)}b)*c$`, text],
  ['stars in a row', `^${'a*'.repeat(2_000)}b$`, text],
  ['stars inside stars', `^${'('.repeat(50)}a${'*)'.repeat(50)}*b$`, text],
  ['counts inside counts', '^(?:(?:a{0,30}){0,30}){0,30}b$', text],
  ['a large count anywhere', 'a{10000}b', text],
  ['a large count of dots', '(?:.{0,9999}x)y', text],
  ['look-ahead everywhere', '(?:(?=.*b)a)*c', text],
  ['look-ahead inside look-ahead', '(?:(?=(?:(?=.*b).)*c).)*d', text],
  ['look-behind everywhere', '(?:a(?<!b.*))*c', text],
  ['negations everywhere', '^(?:(?!.*b)a)*c$', text],
  ['a set of a thousand ranges', `[${many(1_000, (at) => `\\u${(0x3000 + 2 * at).toString(16)}`).join('')}]+b`, text],
  ['properties of characters', `^(?:${'\\p{L}\\P{N}?'.repeat(500)})*1$`, text],
  ['word boundaries', `(?:\\b|\\B)*${'a?\\B'.repeat(500)}1`, text],
  ['the same with case', `(?i)${'[A-Z]?'.repeat(500)}1`, text],
  ['astral characters', `^(?:${'.?'.repeat(500)})*x$`, '😀'.repeat(20_000)],
].flatMap(([name, pattern, value]): HostileSchema[] => [
  [`${String(name)}, for a value`, { pattern } as Json, value as Json],
  [`${String(name)}, for names`, { patternProperties: { [pattern as string]: {} } }, { [value as string]: 1 }],
]);

const wide: readonly HostileSchema[] = [
  ['uniqueItems of everything', recursive({ uniqueItems: true, items: n }), deepList(90)],
  ['uniqueItems many times', { allOf: many(500, () => ({ uniqueItems: true })) }, many(5_000, (at) => ({ at }))],
  ['uniqueItems of long texts', { allOf: many(500, () => ({ uniqueItems: true })) }, many(50, () => text)],
  [
    'enum of objects many times',
    { allOf: many(500, (at) => ({ not: { enum: [{ at }] } })) },
    many(5_000, (at) => ({ at })),
  ],
  ['const of an object many times', { items: { allOf: many(500, (at) => ({ not: { const: { at } } })) } }, list(9_000)],
  ['const of a large value', { allOf: many(500, () => ({ not: { const: [1] } })) }, list(50_000)],
  ['contains many times', { allOf: many(500, () => ({ contains: { const: -1 }, minContains: 0 })) }, list(50_000)],
  ['items many times', { allOf: many(5_000, () => ({ items: { type: 'integer' } })) }, list(50_000)],
  ['items that are anything', { allOf: many(5_000, () => ({ items: true })) }, list(50_000)],
  ['required many times', { items: { required: many(5_000, () => 'a') } }, many(50_000, () => ({ a: 1 }))],
  [
    'properties many times',
    { items: { properties: Object.fromEntries(many(4_000, (at) => [`p${at}`, {}])) } },
    many(50_000, () => ({})),
  ],
  [
    'propertyNames',
    { allOf: many(2_000, () => ({ propertyNames: { maxLength: 9 } })) },
    Object.fromEntries(many(9_000, (at) => [`k${at}`, at])),
  ],
  [
    'minProperties many times',
    { allOf: many(2_000, () => ({ minProperties: 2 })) },
    Object.fromEntries(many(9_000, (at) => [`k${at}`, at])),
  ],
  [
    'dependentRequired',
    { items: { dependentRequired: Object.fromEntries(many(3_000, (at) => [`p${at}`, ['a']])) } },
    many(50_000, () => ({})),
  ],
  ['anyOf of nothing that fits', { items: { anyOf: many(3_000, (at) => ({ const: `c${at}` })) } }, list(50_000)],
  ['oneOf of nothing that fits', { items: { oneOf: many(3_000, (at) => ({ const: `c${at}` })) } }, list(50_000)],
  ['maxLength many times', { allOf: many(5_000, () => ({ maxLength: 900_000 })) }, 'x'.repeat(800_000)],
  ['format many times', { allOf: many(5_000, () => ({ format: 'ipv4' })) }, '1.'.repeat(400_000)],
  [
    'multipleOf of far exponents',
    { items: { allOf: many(2_000, () => ({ multipleOf: 5e-324 })) } },
    many(9_000, () => 1e308),
  ],
  [
    'unevaluatedItems many times',
    { allOf: many(500, () => ({ contains: { const: 1 }, minContains: 0, unevaluatedItems: true })) },
    list(20_000),
  ],
  [
    'unevaluatedProperties many times',
    { allOf: many(500, () => ({ anyOf: [{ patternProperties: { k: {} } }], unevaluatedProperties: true })) },
    Object.fromEntries(many(9_000, (at) => [`k${at}`, at])),
  ],
];

export const HOSTILE_SCHEMAS: readonly HostileSchema[] = [...RECURSION, ...twoWays, ...PATTERNS, ...wide];
