import type { Definition, JsonObject } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import { encodeHeader, mirroredParameters, mirrorHeaders } from './mirror.ts';

const tool = (inputSchema: JsonObject): Definition => ({
  server: 's',
  kind: 'tool',
  name: 't',
  document: { name: 't', inputSchema },
  digest: '',
  labels: [],
});

describe('headers that mirror the body (2026-07-28)', () => {
  it.each([
    ['plain', 'plain'],
    ['a b', 'a b'],
    ['', '=?base64??='],
    [' a', '=?base64?IGE=?='],
    ['a ', '=?base64?YSA=?='],
    ['Zürich', '=?base64?WsO8cmljaA==?='],
    ['a\r\nEvil: 1', '=?base64?YQ0KRXZpbDogMQ==?='],
    ['=?base64?YQ==?=', '=?base64?PT9iYXNlNjQ/WVE9PT89?='],
  ])('%j becomes %j', (value, header) => expect(encodeHeader(value)).toBe(header));

  it('takes annotated primitives at any depth, and leaves out what is absent', () => {
    const schema: JsonObject = {
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        deep: {
          type: 'object',
          properties: { n: { type: 'integer', 'x-mcp-header': 'N' }, b: { type: 'boolean', 'x-mcp-header': 'B' } },
        },
      },
    };
    expect(
      mirrorHeaders('tools/call', { name: 't', arguments: { region: 'eu', deep: { n: 42, b: false } } }, tool(schema)),
    ).toEqual({ 'mcp-name': 't', 'mcp-param-region': 'eu', 'mcp-param-n': '42', 'mcp-param-b': 'false' });
    expect(mirrorHeaders('tools/call', { name: 't', arguments: { region: null, deep: {} } }, tool(schema))).toEqual({
      'mcp-name': 't',
    });
    expect(mirrorHeaders('resources/read', { uri: 'test://ü' }, undefined)).toEqual({
      'mcp-name': '=?base64?dGVzdDovL8O8?=',
    });
    expect(mirrorHeaders('tools/list', {}, undefined)).toEqual({});
  });

  it.each<[string, JsonObject]>([
    [
      'under items',
      { type: 'object', properties: { a: { type: 'array', items: { type: 'string', 'x-mcp-header': 'A' } } } },
    ],
    ['under anyOf', { type: 'object', anyOf: [{ properties: { a: { type: 'string', 'x-mcp-header': 'A' } } }] }],
    ['at the root', { type: 'object', 'x-mcp-header': 'A' }],
    ['on a number', { type: 'object', properties: { a: { type: 'number', 'x-mcp-header': 'A' } } }],
    ['with a bad name', { type: 'object', properties: { a: { type: 'string', 'x-mcp-header': 'A: b' } } }],
    [
      'twice but for the case',
      {
        type: 'object',
        properties: { a: { type: 'string', 'x-mcp-header': 'A' }, b: { type: 'string', 'x-mcp-header': 'a' } },
      },
    ],
  ])('an annotation %s makes the tool invalid', (_where, schema) => expect(mirroredParameters(schema)).toBeUndefined());

  it('a property of that name is no annotation', () => {
    expect(mirroredParameters({ type: 'object', properties: { 'x-mcp-header': { type: 'string' } } })).toEqual([]);
    expect(
      mirroredParameters({ type: 'object', properties: { a: { type: 'object', default: { 'x-mcp-header': 'x' } } } }),
    ).toEqual([]);
  });
});
