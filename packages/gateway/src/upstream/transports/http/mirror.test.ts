import type { Definition, JsonObject, Digest } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import { mirrorHeaders } from './mirror.ts';

const tool = (inputSchema: JsonObject): Definition => ({
  server: 's',
  kind: 'tool',
  name: 't',
  document: { name: 't', inputSchema },
  digest: '' as Digest,
  labels: [],
});

describe('headers that mirror the body (2026-07-28)', () => {
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
});
