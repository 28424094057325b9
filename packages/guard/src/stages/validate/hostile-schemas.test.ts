/** B4: schemas that were made to cost. Each check is counted; none goes beyond its budget, whatever the value. */
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../call.ts';
import { compileSchema, SchemaBudgetError } from './index.ts';
import { checkOfSchema } from './schema/compile-schema.ts';
import { Evaluation, STEPS_MAX, STEPS_PER_UNIT_MAX, unitsOf } from './schema/evaluation.ts';
import { HOSTILE_SCHEMAS, many, n, nest, recursive } from './testing/hostile-schemas.ts';

/** The budget as it is documented: so many steps, and so many more for each unit of the value. */
const budgetOf = (value: Json): number => STEPS_MAX + STEPS_PER_UNIT_MAX * unitsOf(value);

describe('B4 hostile schemas', () => {
  it('are at least a hundred', () => expect(HOSTILE_SCHEMAS.length).toBeGreaterThanOrEqual(100));

  it.each(HOSTILE_SCHEMAS)('%s takes no more than its budget', (_name, schema, value) => {
    const check = compiled(schema);
    // Refused while it is compiled, by a bound on the schema: the reason is listed before any call.
    if (check === undefined) return;
    const evaluation = new Evaluation(value);
    const end = outcomeOf(() => check(value, evaluation, undefined));
    // One step more than allowed is where it ends; one keyword may take many steps at once.
    expect(evaluation.steps).toBeLessThan(2 * budgetOf(value));
    expect(end === 'checked' || end instanceof SchemaBudgetError, String(end)).toBe(true);
  });
});

function compiled(schema: Json): ReturnType<typeof checkOfSchema>['check'] | undefined {
  try {
    compileSchema(schema);
    return checkOfSchema(schema).check;
  } catch (cause) {
    expect(cause).toBeInstanceOf(Error);
    expect((cause as Error).message).not.toBe('');
    return undefined;
  }
}

function outcomeOf(run: () => unknown): unknown {
  try {
    run();
    return 'checked';
  } catch (cause) {
    return cause;
  }
}

describe('B4 what is refused, and what is not', () => {
  it('a schema that doubles at every level is refused with the place and the reason', () => {
    const doubling = recursive({ properties: { a: { allOf: [n, n] } } });
    expect(() => compileSchema(doubling)(nest(60, 'a'))).toThrow(/takes more than \d+ steps \(it ended at \/a\/a/);
    expect(compileSchema(doubling)(nest(8, 'a'))).toEqual([]);
  });

  it('what one keyword notes for another one is paid for', () => {
    const value = many(1_000, (at) => at);
    const stepsOf = (schema: JsonObject): number => {
      const evaluation = new Evaluation(value);
      checkOfSchema(schema).check(value, evaluation, undefined);
      return evaluation.steps;
    };
    const contains = { contains: { type: 'integer' }, maxContains: 1_000 };
    expect(stepsOf({ ...contains, unevaluatedItems: false })).toBeGreaterThan(stepsOf(contains) + 4 * value.length);
  });

  it('thousands of references under one long address do not compile', () => {
    const $defs = Object.fromEntries(many(2_000, (at) => [`d${at}`, { $anchor: `a${at}` }]));
    const inner = { items: { $id: `${'c'.repeat(600)}/` } };
    expect(() => compileSchema({ $id: `https://a.test/${'b'.repeat(100_000)}`, $ref: '#a1', $defs })).toThrow(
      /address .* longer/,
    );
    expect(() => compileSchema({ $ref: `${'b'.repeat(2_000)}#a1`, $defs })).toThrow(/address .* longer/);
    expect(() => compileSchema({ ...inner, $id: `${'b'.repeat(600)}/`, $ref: '#a1', $defs })).toThrow(
      /address .* longer/,
    );
    expect(compileSchema({ $id: `https://a.test/${'b'.repeat(900)}`, $ref: '#a1', $defs })({})).toEqual([]);
  });

  it('undeclared names do not stand in the reason', () => {
    const doubling = recursive({ additionalProperties: { allOf: [n, n] } });
    expect(() => compileSchema(doubling)(nest(60, 'canary'))).toThrow(/^(?!.*canary)/);
  });

  it('a large honest value has a budget that grows with it', () => {
    const value = many(120_000, (at) => ({ id: at, name: 'x' }));
    const schema: JsonObject = {
      items: { type: 'object', properties: { id: { type: 'integer' }, name: { type: 'string', maxLength: 9 } } },
    };
    expect(unitsOf(value)).toBeGreaterThan(300_000);
    expect(compileSchema(schema)(value)).toEqual([]);
  });

  it('repetitions that expand beyond all bounds do not compile', () => {
    for (const pattern of ['(?:(?:a{1000}){1000}){1000}', '(?:(?:(){9999}){9999}){9999}', 'a{9999}'.repeat(50)])
      expect(() => compileSchema({ pattern })).toThrow(/cannot be matched/);
  });

  it('a chain of references longer than the stack does not end the process', () => {
    const $defs = Object.fromEntries(many(9_000, (at) => [`d${at}`, { $ref: `#/$defs/d${at + 1}` }]));
    expect(() => compileSchema({ $ref: '#/$defs/d0', $defs: { ...$defs, d9000: {} } })(1)).toThrow();
  });
});
