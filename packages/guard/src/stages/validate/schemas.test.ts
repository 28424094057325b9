/** What a schema means, what it may cost, and what it is never allowed to do (rows J7 to J10 of the attack list). */
import { describe, expect, it } from 'vitest';
import type { Call, Definition, Json, JsonObject } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import { METHODS } from '../../methods.ts';
import { compileSchema, createSchemaCache, createValidate, SCHEMA_LIMITS, type SchemaLimits } from './index.ts';
import type { Digest } from '../../identifiers.ts';

const strict = createValidate({ additionalArguments: () => 'reject' });
let serial = 0;
const definitionOf = (document: JsonObject, name = 't'): Definition => ({
  server: 'crm',
  kind: 'tool',
  name,
  digest: `sha256:s${serial++}` as Digest,
  labels: [],
  document,
});
const validate = (inputSchema: JsonObject, args: unknown): JsonObject =>
  strict(
    { params: { name: 't', arguments: args } } as unknown as Call,
    METHODS['tools/call'],
    definitionOf({ inputSchema }),
  );
const accepts = (schema: JsonObject, value: unknown): boolean => compileSchema(schema)(value as Json).length === 0;
const limits = (changed: Partial<SchemaLimits>): SchemaLimits => ({ ...SCHEMA_LIMITS, ...changed });

describe('J9 a schema with a keyword about other arguments decides about them', () => {
  const properties: JsonObject = { a: { type: 'string' } };
  it.each<[keyword: string, schema: JsonObject]>([
    ['additionalProperties', { additionalProperties: { type: 'integer' } }],
    ['unevaluatedProperties', { unevaluatedProperties: { type: 'integer' } }],
    ['$ref', { $ref: '#/$defs/more', $defs: { more: { properties: { extra: {} } } } }],
    ['allOf', { allOf: [{ properties: { extra: {} } }] }],
    ['anyOf', { anyOf: [{ properties: { extra: {} } }] }],
    ['oneOf', { oneOf: [{ properties: { extra: {} } }] }],
    ['if', { if: { required: ['a'] }, then: { properties: { extra: {} } } }],
    ['propertyNames', { propertyNames: { maxLength: 5 } }],
    ['dependentSchemas', { dependentSchemas: { a: { properties: { extra: {} } } } }],
  ])('%s', (_keyword, schema) => {
    expect(() => validate({ type: 'object', properties, ...schema }, { a: 'x', extra: 1 })).not.toThrow();
    expect(() => validate({ type: 'object', properties }, { a: 'x', extra: 1 })).toThrow(GuardError);
  });

  it('patternProperties', () =>
    expect(() =>
      validate({ type: 'object', properties, patternProperties: { '^x': { type: 'integer' } } }, { a: 'x', extra: 1 }),
    ).not.toThrow());

  it.each(['constructor', 'toString', '__proto__'])('J1 %s is declared only where the schema declares it', (name) => {
    const args = JSON.parse(`{"${name}":1}`) as JsonObject;
    expect(() => validate({ type: 'object', properties }, args)).toThrow(GuardError);
    expect(() =>
      validate({ type: 'object', properties: JSON.parse(`{"${name}":{"type":"integer"}}`) as JsonObject }, args),
    ).not.toThrow();
  });
});

describe('J1 only own members count', () => {
  it.each(['constructor', 'toString', 'hasOwnProperty', '__proto__'])(
    'a required %s counts as absent unless it was sent',
    (name) => {
      expect(accepts({ type: 'object', required: [name] }, {})).toBe(false);
      expect(accepts({ type: 'object', required: [name] }, JSON.parse(`{"${name}":1}`))).toBe(true);
    },
  );
  it.each([[[]], ['x'], [1], [true]])('J10 %j is refused as arguments, whatever the schema says', (args) =>
    expect(() => validate({}, args)).toThrow(
      expect.objectContaining({ message: 'arguments must be an object.' }) as Error,
    ),
  );
  it('absent arguments, and null, are validated as an empty object', () => {
    expect(validate({ type: 'object' }, undefined)).toEqual({});
    expect(validate({ type: 'object' }, null)).toEqual({});
    expect(() => validate({ type: 'object', required: ['a'] }, null)).toThrow(GuardError);
    expect(() => validate({ type: 'object', required: ['a'] }, undefined)).toThrow(GuardError);
  });
});

describe('J8 what a schema may cost', () => {
  const nested = (levels: number): JsonObject => (levels === 0 ? {} : { not: nested(levels - 1) });
  const chain = (names: readonly string[], spell: (name: string) => string): JsonObject => ({
    $ref: `#/$defs/${spell(names[0] as string)}`,
    $defs: Object.fromEntries(
      names.map((name, at) => [
        name,
        at === names.length - 1
          ? { type: 'string' }
          : {
              allOf: [
                { $ref: `#/$defs/${spell(names[at + 1] as string)}` },
                { $ref: `#/$defs/${spell(names[at + 1] as string)}` },
              ],
            },
      ]),
    ),
  });
  const names = (spell: (at: number) => string): string[] => Array.from({ length: 30 }, (_, at) => spell(at));

  it.each<[name: string, over: JsonObject, under: JsonObject, changed: Partial<SchemaLimits>]>([
    ['bytes', { enum: ['xxxxx'] }, { enum: ['xxxx'] }, { bytesMax: JSON.stringify({ enum: ['xxxx'] }).length }],
    ['depth', nested(5), nested(4), { depthMax: 5 }],
    ['checks', { allOf: [{}, {}, {}] }, { allOf: [{}, {}] }, { expandedMax: 3 }],
    [
      'checks behind references',
      chain(['a', 'b', 'c'], (name) => name),
      chain(['a', 'b'], (name) => name),
      { expandedMax: 9 },
    ],
  ])('%s: the limit passes, one more does not', (_name, over, under, changed) => {
    expect(() => compileSchema(over, limits(changed))).toThrow(/schema/);
    expect(() => compileSchema(under, limits(changed))).not.toThrow();
  });

  it('unused definitions do not count', () => {
    const $defs = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`d${at}`, {}]));
    for (const schema of [{ $defs }, { definitions: $defs }])
      expect(() => compileSchema(schema, limits({ expandedMax: 5 }))).not.toThrow();
  });

  it.each<[name: string, schema: JsonObject]>([
    [
      'a slash in the name',
      chain(
        names((at) => `n/${at}`),
        (name) => name.replace('/', '~1'),
      ),
    ],
    [
      'a tilde in the name',
      chain(
        names((at) => `n~${at}`),
        (name) => name.replace('~', '~0'),
      ),
    ],
    [
      'an encoded name',
      chain(
        names((at) => `n ${at}`),
        encodeURIComponent,
      ),
    ],
  ])('an exponential schema is found behind %s', (_name, schema) =>
    expect(() => compileSchema(schema)).toThrow(/expands/),
  );

  it.each<[name: string, schema: JsonObject]>([
    ['$recursiveRef', { $recursiveRef: '#' }],
    ['$dynamicRef', { allOf: [{ $dynamicRef: '#x' }] }],
    ['a network path', { $ref: '//evil.test/x' }],
    ['a reference inside a list', { allOf: [{ $ref: 'https://evil.test' }] }],
    ['a name that looks local', { $ref: 'x#/$defs/a' }],
  ])('%s does not compile, and the reason is ours', (_name, schema) =>
    expect(() => compileSchema(schema)).toThrow(/\$ref leaves|leads back|points to nothing/),
  );

  it.each<[name: string, schema: JsonObject]>([
    ['an unknown type', { type: 'banana' }],
    ['a minimum that is text', { properties: { a: { minLength: 'x' } } }],
    ['required that is text', { required: 'a' }],
    ['a reference to nothing', { $ref: '#/$defs/nothing' }],
    ['properties that are a list', { properties: [] }],
  ])('%s does not compile', (_name, schema) => expect(() => compileSchema(schema)).toThrow());
});

describe('J8 one schema never reaches another', () => {
  it('an inner $id does not change where references point', () => {
    const schema: JsonObject = {
      properties: { a: { $id: 'https://evil.test/s', $ref: '#/$defs/n' } },
      $defs: { n: { type: 'integer' } },
    };
    expect([accepts(schema, { a: 1 }), accepts(schema, { a: 'x' })]).toEqual([true, false]);
    const nested: JsonObject = { $id: 'https://x.test/a', $schema: 'https://evil.test/meta', type: 'integer' };
    expect([accepts(nested, 1), accepts(nested, 'x')]).toEqual([true, false]);
  });

  it('a property with the name $id or $schema is a property', () => {
    const schema: JsonObject = { properties: { $id: { type: 'integer' }, $schema: { type: 'integer' } } };
    expect([
      accepts(schema, { $id: 1, $schema: 2 }),
      accepts(schema, { $id: 'x' }),
      accepts(schema, { $schema: 'x' }),
    ]).toEqual([true, false, false]);
  });

  it('a schema compiled for one pin is not used for another pin of the same name', () => {
    const cache = createSchemaCache('inputSchema', SCHEMA_LIMITS);
    const [first, second] = [
      definitionOf({ inputSchema: { type: 'integer' } }),
      definitionOf({ inputSchema: { type: 'string' } }),
    ];
    expect([cache(first)?.(1), cache(second)?.('x'), cache(first)?.(2)]).toEqual([[], [], []]);
    expect(cache(second)?.(1)).not.toEqual([]);
    expect(cache(first), 'compiled once').toBe(cache(first));
  });

  it('D2 a bounded number of compiled schemas is kept', () => {
    const cache = createSchemaCache('inputSchema', SCHEMA_LIMITS, 1_000_000);
    const first = definitionOf({ inputSchema: { type: 'integer' } });
    const compiled = cache(first);
    for (let at = 0; at < 900; at++) cache(definitionOf({}));
    expect(cache(first)).toBe(compiled);
    for (let at = 0; at < 1_000; at++) cache(definitionOf({}));
    expect(cache(first), 'compiled anew, because it was forgotten').not.toBe(compiled);
  });
});

describe('the faults that a caller reads', () => {
  it('are at most ten', () => {
    const faults = compileSchema({ anyOf: Array.from({ length: 30 }, (_, at) => ({ const: at })) })('x');
    expect(faults).toHaveLength(10);
  });

  it('name the allowed values while there are few, and never the one that was sent', () => {
    const few = compileSchema({ enum: ['a', 'b'] })('canary');
    expect(few).toEqual([{ path: '', message: expect.stringContaining('"a", "b"') as string }]);
    const many = compileSchema({ enum: Array.from({ length: 21 }, (_, at) => `value ${at}`) })('canary');
    expect(JSON.stringify(many)).not.toMatch(/value \d|canary/);
  });
});

describe('J7 patterns mean what ECMA-262 says', () => {
  it.each<[pattern: string, yes: string, no: string]>([
    ['b', 'abc', 'acd'],
    ['^b$', 'b', 'ab'],
    ['^a$', 'a', 'a\n'],
    ['^\\u00e9$', 'é', 'e'],
    ['^\\u{1f511}$', '\u{1f511}', 'x'],
    ['^a\\/b$', 'a/b', 'a\\/b'],
    ['^\\(?<a>$', '<a>', '(P<a>'],
    ['^[(?<]+$', '(?<', 'P'],
    ['^(?<year>\\d{4})$', '2026', '26'],
    ['^\\d+\\.\\d$', '1.5', '1x5'],
    ['^[\\u0041-\\u0043]+$', 'ABC', 'ABD'],
    ['^\\\\u0041$', '\\u0041', 'A'],
    ['^example\\.com$', 'example.com', 'example.com.evil'],
  ])('%s', (pattern, yes, no) => expect([accepts({ pattern }, yes), accepts({ pattern }, no)]).toEqual([true, false]));

  it.each(['(a)\\1', '(?<x>a)\\k<x>', '[', '(', 'a)', '*a', 'a{2,1}', 'a{1,100000}', '\\p{Nothing}', '[b-a]'])(
    '%s does not compile',
    (pattern) => expect(() => compileSchema({ pattern })).toThrow(),
  );
});

describe('uniqueItems', () => {
  it.each<[items: Json, unique: boolean]>([
    [[], true],
    [['1', 1], true],
    [['true', true, 'null', null], true],
    [['"a"', 'a'], true],
    [[1, 1.0], false],
    [['a', 'a'], false],
    [
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      false,
    ],
    [
      [
        [1, 2],
        [2, 1],
      ],
      true,
    ],
    [[{ a: 1 }, { a: '1' }], true],
    [['[1]', [1]], true],
    [['{"a":1}', { a: 1 }], true],
    [[null, null], false],
    [[0, false, ''], true],
  ])('%j: %s', (items, unique) =>
    expect([accepts({ uniqueItems: true }, items), accepts({ uniqueItems: false }, items)]).toEqual([unique, true]),
  );
});

describe('formats', () => {
  it.each<[format: string, yes: readonly string[], no: readonly string[]]>([
    [
      'date',
      ['2026-02-28', '2024-02-29', '0001-01-01'],
      [
        '2026-02-29',
        '2026-13-01',
        '2026-00-10',
        '2026-1-1',
        '2026-02-28 ',
        '2026-02-28T',
        ' 2026-02-28',
        '20260228',
        '',
      ],
    ],
    [
      'time',
      ['00:00:00Z', '23:59:60Z', '12:00:00.123456789+01:00', '12:00:00z'],
      [
        '24:00:00Z',
        '12:60:00Z',
        '12:00:61Z',
        '12:00:00',
        '12:00Z',
        '12:00:00+24:00',
        '12:00:00.Z',
        '12:00:00.1234567890Z',
        '12:00:00Z\n',
      ],
    ],
    [
      'date-time',
      ['2026-02-28T12:00:00Z', '2024-02-29t00:00:00z', '2026-02-28 12:00:00+01:00'],
      [
        '2026-02-30T12:00:00Z',
        '2026-02-28',
        '2026-02-28T12:00:00',
        '2026-02-28X12:00:00Z',
        '2026-02-28T25:00:00Z',
        '2026-02-28T12:00:00Zx',
        `2026-02-28T12:00:00.${'1'.repeat(50)}Z`,
      ],
    ],
    [
      'uuid',
      ['123e4567-e89b-12d3-a456-426614174000', '123E4567-E89B-12D3-A456-426614174000'],
      [
        '123e4567e89b12d3a456426614174000',
        '123e4567-e89b-12d3-a456-4266141740001',
        '123e4567-e89b-12d3-a456-42661417400g',
        '{123e4567-e89b-12d3-a456-426614174000}',
      ],
    ],
    [
      'uri',
      ['https://a.test/x?y#z', 'urn:a:b', 'mailto:a@b'],
      ['/relative', 'a b', 'https://', 'http://[::1', '1http://a', '', `https://a.test/${'x'.repeat(8_192)}`],
    ],
    [
      'email',
      ['a@b.c', 'a+b@c'],
      ['a', '@b', 'a@', 'a@b@c', 'a b@c', 'a@b\n', `${'a'.repeat(65)}@b`, `a@${'b'.repeat(254)}`],
    ],
    [
      'ipv4',
      ['0.0.0.0', '255.255.255.255', '10.1.2.3'],
      ['256.0.0.1', '1.2.3', '1.2.3.4.5', '1.2.3.4 ', '0x7f.1.1.1', '999.1.1.1'],
    ],
  ])('%s', (format, yes, no) => {
    for (const text of yes) expect([text, accepts({ format }, text)]).toEqual([text, true]);
    for (const text of no) expect([text, accepts({ format }, text)]).toEqual([text, false]);
  });

  it('an IPv4 address must end after its last number', () =>
    expect(accepts({ format: 'ipv4' }, '1.2.3.4.')).toBe(false));

  it('an unknown format is not checked', () => expect(accepts({ type: 'string', format: 'banana' }, 'x')).toBe(true));
});
