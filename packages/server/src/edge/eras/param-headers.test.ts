import { GuardError, type Definition, type Json } from '@sallyport/guard';
import { describe, expect, it } from 'vitest';
import { matchParamHeaders } from './param-headers.ts';

/** A tool whose only mirrored argument is `depth` objects deep. */
function deepTool(depth: number): Definition {
  let schema: Json = { type: 'string', 'x-mcp-header': 'Deep' };
  for (let level = 0; level < depth; level++) schema = { type: 'object', properties: { inner: schema } };
  return {
    server: 'crm',
    kind: 'tool',
    name: 't',
    document: { name: 't', inputSchema: schema },
    digest: '' as Definition['digest'],
    labels: [],
  };
}

function deepArguments(depth: number, value: Json): Json {
  let args = value;
  for (let level = 0; level < depth; level++) args = { inner: args };
  return args;
}

describe('A16 Mcp-Param-* of nested arguments', () => {
  it.each([1, 2, 16, 17, 30, 48])('are compared %d levels deep', (depth) => {
    const match = (headers: Record<string, string>): void =>
      matchParamHeaders(deepTool(depth), deepArguments(depth, 'eu'), headers);
    expect(() => match({ 'mcp-param-deep': 'eu' })).not.toThrow();
    expect(() => match({ 'mcp-param-deep': 'us' })).toThrow(GuardError);
    expect(() => match({})).toThrow(GuardError);
  });

  it('must be absent when the argument is', () => {
    expect(() => matchParamHeaders(deepTool(20), {}, {})).not.toThrow();
    expect(() => matchParamHeaders(deepTool(20), {}, { 'mcp-param-deep': 'eu' })).toThrow(GuardError);
  });
});
