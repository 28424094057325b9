import { describe, expect, it } from 'vitest';
import { readServerMessages } from './server-message.ts';

const read = (text: string, bytesMax = 10_000) => readServerMessages(Buffer.from(text), bytesMax);

describe('messages of servers', () => {
  it('a result keeps its bytes', () => {
    const [message] = read('{"jsonrpc":"2.0","id":1,"result":{ "a":  1 }}');
    expect(message).toMatchObject({ kind: 'result', id: 1, value: { a: 1 } });
    expect(message?.kind === 'result' && Buffer.from(message.bytes ?? []).toString()).toBe('{ "a":  1 }');
  });

  it('B5 a result that can be read in two ways loses its bytes, but not their count', () => {
    const text = '{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}';
    expect(read(text)).toEqual([
      { kind: 'result', id: 1, value: { a: 2 }, bytes: undefined, receivedBytes: text.length },
    ]);
  });

  it('reads errors, requests, notifications and batches', () =>
    expect(
      read(
        `[{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}},
          {"jsonrpc":"2.0","id":"q","method":"roots/list"},
          {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info"}}]`,
      ),
    ).toEqual([
      { kind: 'error', id: null, code: -32600, message: 'no', data: undefined },
      { kind: 'request', id: 'q', method: 'roots/list', params: {} },
      { kind: 'notification', method: 'notifications/message', params: { level: 'info' } },
    ]));

  it.each([
    ['no JSON', 'hello'],
    ['no object', '3'],
    ['another version', '{"jsonrpc":"1.0","id":1,"result":{}}'],
    ['a bad id', '{"jsonrpc":"2.0","id":1.5,"method":"ping"}'],
    ['params that are a list', '{"jsonrpc":"2.0","method":"x","params":[]}'],
    ['a result that is text', '{"jsonrpc":"2.0","id":1,"result":"x"}'],
    ['a doubled key around __proto__', '{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":1,"__proto__":{}}}'],
    ['too many levels', `{"jsonrpc":"2.0","id":1,"result":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}`],
  ])('%s is malformed', (_what, text) => expect(read(text)).toMatchObject([{ kind: 'malformed' }]));

  it('more bytes than the limit are malformed', () =>
    expect(read('{"jsonrpc":"2.0","id":1,"result":{}}', 10)).toMatchObject([{ kind: 'malformed' }]));
});
