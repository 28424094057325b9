import type { Json, JsonObject } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import { hasValidAnnotations, mirroredParameters, paramHeaders } from './param-headers.ts';

const annotated = (name: string, type = 'string'): JsonObject => ({ type, 'x-mcp-header': name });
const object = (properties: Readonly<Record<string, Json>>): JsonObject => ({ type: 'object', properties });

describe('Mcp-Param-* headers', () => {
  it('mirrors strings, integers and booleans, nested ones too', () => {
    const schema = object({
      region: annotated('Region'),
      plain: { type: 'string' },
      deep: object({ n: annotated('N', 'integer'), b: annotated('B', 'boolean') }),
    });
    expect(paramHeaders(schema, { region: 'Zürich', plain: 'x', deep: { n: 42, b: false } })).toEqual({
      'mcp-param-region': '=?base64?WsO8cmljaA==?=',
      'mcp-param-n': '42',
      'mcp-param-b': 'false',
    });
  });

  it('has no header for an argument that is absent, null or not primitive', () => {
    const schema = object({ a: annotated('A'), b: annotated('B'), c: annotated('C', 'integer'), d: annotated('D') });
    expect(paramHeaders(schema, { a: null, b: { x: 1 }, c: 1.5 })).toEqual({});
    expect(paramHeaders(schema, undefined)).toEqual({});
    expect(paramHeaders(object({ toString: annotated('T') }), {})).toEqual({});
  });

  it.each([1, 17, 33, 48])('finds an annotation %d levels deep', (depth) => {
    let schema: JsonObject = annotated('Deep');
    for (let level = 0; level < depth; level++) schema = object({ inner: schema });
    expect(mirroredParameters(schema)).toEqual([
      { name: 'Deep', path: Array.from({ length: depth }, () => 'inner'), isPrimitive: true },
    ]);
    expect(hasValidAnnotations(schema)).toBe(true);
  });

  it('a schema that is too deep to search is not valid', () => {
    let schema: JsonObject = annotated('Deep');
    for (let level = 0; level < 200; level++) schema = object({ inner: schema });
    expect(hasValidAnnotations(schema)).toBe(false);
    let plain: JsonObject = object({});
    for (let level = 0; level < 200; level++) plain = object({ inner: plain });
    expect(hasValidAnnotations(plain)).toBe(false);
  });

  it.each<[string, JsonObject]>([
    ['under items', object({ a: { type: 'array', items: annotated('A') } })],
    ['under anyOf', { type: 'object', anyOf: [{ properties: { a: annotated('A') } }] }],
    ['at the root', { type: 'object', 'x-mcp-header': 'A' }],
    ['on a number', object({ a: annotated('A', 'number') })],
    ['with a bad name', object({ a: annotated('A: b') })],
    ['that is no text', object({ a: { type: 'string', 'x-mcp-header': 1 } })],
    ['twice but for the case', object({ a: annotated('A'), b: annotated('a') })],
  ])('an annotation %s makes the tool invalid', (_where, schema) => expect(hasValidAnnotations(schema)).toBe(false));

  it('neither a property with that name nor a text in a default is an annotation', () => {
    for (const schema of [
      object({ 'x-mcp-header': { type: 'string' } }),
      object({ a: { type: 'object', default: { 'x-mcp-header': 'x' } } }),
    ]) {
      expect(mirroredParameters(schema)).toEqual([]);
      expect(hasValidAnnotations(schema)).toBe(true);
    }
  });
});
