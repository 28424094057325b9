import { describe, expect, it } from 'vitest';
import { isReservedMetaKey, META, metaOf, requestMeta } from './meta-keys.ts';

describe('keys of _meta', () => {
  it.each(Object.values(META))('%s is reserved', (key) => expect(isReservedMetaKey(key)).toBe(true));

  it.each(['mcp/x', 'MCP.example/x', 'com.mcp/x', 'com.mcp.tools/x', 'modelcontextprotocol.io/x', 'dev.mcp/'])(
    '%s is reserved',
    (key) => expect(isReservedMetaKey(key)).toBe(true),
  );

  it.each(['com.example.mcp/x', 'example.com/mcp', 'mcpx/y', 'mcp', 'progressToken', 'traceparent'])(
    '%s is free',
    (key) => expect(isReservedMetaKey(key)).toBe(false),
  );

  it('a _meta that is not an object counts as absent', () => {
    expect(metaOf({ _meta: { a: 1 } })).toEqual({ a: 1 });
    for (const message of [{}, { _meta: null }, { _meta: [] }, { _meta: 'x' }]) expect(metaOf(message)).toBeUndefined();
  });

  it('a modern request carries its version, capabilities and client', () =>
    expect(requestMeta('2026-07-28', { roots: {} }, { name: 'c' })).toEqual({
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { roots: {} },
      'io.modelcontextprotocol/clientInfo': { name: 'c' },
    }));
});
