import { describe, expect, it } from 'vitest';
import { errorMessage, isRequestId, notificationMessage, requestMessage, resultMessage } from './json-rpc.ts';

describe('JSON-RPC messages', () => {
  it('carry the version and what belongs to their kind', () => {
    expect(requestMessage(1, 'ping', {})).toEqual({ jsonrpc: '2.0', id: 1, method: 'ping', params: {} });
    expect(notificationMessage('x', { a: 1 })).toEqual({ jsonrpc: '2.0', method: 'x', params: { a: 1 } });
    expect(resultMessage('q', { a: 1 })).toEqual({ jsonrpc: '2.0', id: 'q', result: { a: 1 } });
    expect(errorMessage(1, { code: -1, message: 'no' })).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: { code: -1, message: 'no' },
    });
  });

  it('an error without a known request has no id', () =>
    expect(errorMessage(null, { code: -32700, message: 'no' })).not.toHaveProperty('id'));

  it.each([
    ['text', true],
    ['', true],
    [0, true],
    [-7, true],
    [1.5, false],
    [2 ** 53, false],
    [null, false],
    [undefined, false],
    [true, false],
  ])('%j is an id: %j', (value, isId) => expect(isRequestId(value)).toBe(isId));
});
