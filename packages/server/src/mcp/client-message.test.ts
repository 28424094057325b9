import { GuardError, type Json } from '@sallyport/guard';
import { parseStrict } from '@sallyport/guard/json';
import { describe, expect, it } from 'vitest';
import { readClientMessage } from './client-message.ts';

const LIMITS = { bytesMax: 10_000, depthMax: 20, keysMax: 100 };
const read = (message: Json) => readClientMessage(parseStrict(Buffer.from(JSON.stringify(message)), LIMITS));
const jsonrpc = '2.0';

describe('messages of clients', () => {
  it('reads requests, notifications and responses', () => {
    expect(read({ jsonrpc, id: 1, method: 'ping' })).toEqual({ kind: 'request', id: 1, method: 'ping', params: {} });
    expect(read({ jsonrpc, method: 'notifications/initialized', params: { a: 1 } })).toEqual({
      kind: 'notification',
      method: 'notifications/initialized',
      params: { a: 1 },
    });
    expect(read({ jsonrpc, id: 'x', result: { a: 1 } })).toEqual({
      kind: 'response',
      id: 'x',
      result: { a: 1 },
      error: undefined,
    });
    expect(read({ jsonrpc, id: 'x', error: { code: -1 } })).toMatchObject({ kind: 'response', error: { code: -1 } });
  });

  it.each<[string, Json]>([
    ['a batch', [{ jsonrpc, id: 1, method: 'ping' }]],
    ['text', 'ping'],
    ['another version', { jsonrpc: '1.0', id: 1, method: 'ping' }],
    ['an unknown member', { jsonrpc, id: 1, method: 'ping', extra: 1 }],
    ['a method that is no name', { jsonrpc, id: 1, method: 'a b' }],
    ['a method that is too long', { jsonrpc, id: 1, method: 'a'.repeat(129) }],
    ['params that are a list', { jsonrpc, id: 1, method: 'ping', params: [] }],
    ['params that are null', { jsonrpc, id: 1, method: 'ping', params: null }],
    ['an id that is null', { jsonrpc, id: null, method: 'ping' }],
    ['an id with a fraction', { jsonrpc, id: 1.5, method: 'ping' }],
    ['an id that is too long', { jsonrpc, id: 'x'.repeat(257), method: 'ping' }],
    ['a method and a result', { jsonrpc, id: 1, method: 'ping', result: {} }],
    ['a result and an error', { jsonrpc, id: 1, result: {}, error: {} }],
    ['neither of them', { jsonrpc, id: 1 }],
    ['a result that is text', { jsonrpc, id: 1, result: 'x' }],
    ['a response without an id', { jsonrpc, result: {} }],
  ])('refuses %s', (_what, message) => expect(() => read(message)).toThrow(GuardError));
});
