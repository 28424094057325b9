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

  it('B6 a batch of thousands is one malformed message', () => {
    const batch = (length: number): string => `[${Array.from({ length }, () => '1').join(',')}]`;
    expect(read(batch(100))).toHaveLength(100);
    expect(read(batch(101))).toMatchObject([{ kind: 'malformed', why: expect.stringContaining('batch') }]);
  });

  it.each([
    ['in one reading', ''],
    ['behind a number that no double holds', '1e400,'],
    ['behind a number of thousands of digits', `${'9'.repeat(2_000)},`],
    ['behind bytes that are no UTF-8', '"\xff",'],
    ['behind a doubled key', '{"a":1,"a":1},'],
  ])('B6 more lists than can be read in a moment are malformed, %s', (_how, before) => {
    const text = (lists: number): string =>
      `{"jsonrpc":"2.0","id":1,"result":{"a":[${before}${'[],'.repeat(lists)}1]}}`;
    const readLatin1 = (lists: number) => readServerMessages(Buffer.from(text(lists), 'latin1'), 10_000_000);
    expect(readLatin1(200_000)).toMatchObject([{ kind: 'result' }]);
    expect(readLatin1(260_000)).toMatchObject([{ kind: 'malformed', why: 'it costs too much to read' }]);
  });

  it('more bytes than the limit are malformed', () =>
    expect(read('{"jsonrpc":"2.0","id":1,"result":{}}', 10)).toMatchObject([{ kind: 'malformed' }]));
});
