/** B4: the bounds of schemas and of their checks as shipped, and that they hold. */
import { describe, expect, it } from 'vitest';
import type { Json } from '../../call.ts';
import { SCHEMA_LIMITS } from './bounds.ts';
import { compileSchema, SchemaBudgetError } from './compile.ts';
import { STEPS_MAX, STEPS_PER_UNIT_MAX } from './schema/evaluation.ts';

const nested = (depth: number): Json => {
  let value: Json = {};
  for (let level = 0; level < depth; level++) value = { a: value };
  return value;
};

describe('B4 the bounds of schemas', () => {
  it('are as shipped', () => {
    expect(SCHEMA_LIMITS).toEqual({ bytesMax: 256 * 1024, depthMax: 64, expandedMax: 20_000 });
    expect([STEPS_MAX, STEPS_PER_UNIT_MAX]).toEqual([400_000, 8]);
  });

  it('a check that doubles with each level of the value ends with its budget', () => {
    const inner = { type: 'object', properties: { a: { allOf: [{ $ref: '#/$defs/n' }, { $ref: '#/$defs/n' }] } } };
    const check = compileSchema({ $ref: '#/$defs/n', $defs: { n: inner } });
    expect(check(nested(5))).toEqual([]);
    expect(() => check(nested(19))).toThrow(SchemaBudgetError);
  });

  it('a check inside a thousand others ends', () => {
    const check = compileSchema({ type: 'object', properties: { a: { $ref: '#' } } });
    expect(check(nested(400))).toEqual([]);
    expect(() => check(nested(1_200))).toThrow('schemas inside each other');
  });
});
