/** 2026-07-28 over HTTP: responses as streams, and what a server may send during a call. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GuardError, type ClientChannel, type McpResult } from '@sallyport/guard';
import { send, type Json, type TestRequest } from '../testing/client.mts';
import { openModernEdge } from '../testing/modern-edge.mts';
import { pause } from '../testing/pause.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openModernEdge();
});
afterAll(() => edge.close());

const post = (rest: Omit<TestRequest, 'url'>) => send({ url: edge.url, token: 'alice', era: 'modern', ...rest });
const call = (name: string, args: Json = {}, rest: Partial<TestRequest> = {}) =>
  post({ method: 'tools/call', params: { name, arguments: args }, ...rest });

describe('streams', () => {
  it('start with the first message before the response, and carry only messages of this call', async () => {
    const answer = await call(
      'talk',
      { canary: 'c' },
      { params: { name: 'talk', arguments: { canary: 'c' }, _meta: { progressToken: 'p' } } },
    );
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
      'cache-control': 'no-store',
    });
    expect(answer.messages.map((message) => message['method'] ?? message['id'])).toEqual([
      'notifications/progress',
      'notifications/progress',
      'notifications/progress',
      1,
    ]);
    expect(answer.text).not.toMatch(/^id:/m);
    expect(answer.result).toMatchObject({ resultType: 'complete' });
  });

  it('H9 a result over several lines is one event', async () => {
    for (const era of ['modern', 'legacy'] as const) {
      const answer = await call('pretty', {}, { era, params: { name: 'pretty', _meta: { progressToken: 1 } } });
      expect(answer.headers['content-type']).toBe('text/event-stream');
      expect(answer.messages).toHaveLength(2);
      expect(answer.result).toMatchObject({ content: [{ type: 'text', text: 'a\n\ndata: b' }] });
    }
  });

  it('are not started for a client that does not accept them', async () => {
    const answer = await call('talk', { canary: 'c' }, { headers: { accept: 'application/json' } });
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.messages).toHaveLength(1);
  });

  it('carry no requests: a modern client gets them in results', async () => {
    expect((await call('ask')).text).toContain('cannot ask');
  });

  it('S13 a client that disconnects cancels its call', async () => {
    const abort = new AbortController();
    const before = edge.sent.length;
    const gone = call('wait', {}, { signal: abort.signal }).catch((thrown: unknown) => thrown);
    while (edge.sent.length === before) await pause(5);
    const signal = edge.sent.at(-1)?.call.signal;
    expect(signal?.aborted).toBe(false);
    abort.abort();
    await gone;
    for (let at = 0; at < 100 && signal?.aborted === false; at++) await pause(5);
    expect(signal?.aborted).toBe(true);
  });
});

describe('notifications of a server during a call', () => {
  const noisy = (_permitted: unknown, channel: ClientChannel): McpResult => {
    for (const progress of [1, 1, 0, 2, 'x', 3])
      channel.notify('notifications/progress', { progressToken: 'of somebody else', progress });
    for (const method of [
      'notifications/message',
      'notifications/tools/list_changed',
      'notifications/cancelled',
      'notifications/elicitation/complete',
    ])
      channel.notify(method, { level: 'info', data: 'x', requestId: 1 });
    return { value: { content: [] } };
  };
  const notificationsOf = async (era: 'modern' | 'legacy', meta: Json): Promise<unknown[]> => {
    const loud = await openTestEdge({ tools: { echo: noisy } });
    const { messages } = await send({
      url: loud.url,
      token: 'alice',
      era,
      method: 'tools/call',
      params: { name: 'echo', _meta: meta },
    });
    await loud.close();
    return messages
      .slice(0, -1)
      .map((message) =>
        message['method'] === 'notifications/progress' ? (message['params'] as Json)['progress'] : message['method'],
      );
  };

  it("are progress that increases, with the client's token, and log messages if it requested them", async () => {
    expect(await notificationsOf('modern', {})).toEqual([]);
    expect(await notificationsOf('modern', { progressToken: 7 })).toEqual([1, 2, 3]);
    expect(await notificationsOf('modern', { 'io.modelcontextprotocol/logLevel': 'debug' })).toEqual([
      'notifications/message',
    ]);
    expect((await notificationsOf('legacy', { progressToken: 7 })).slice(0, 3)).toEqual([1, 2, 3]);
  });

  it('an error code that 2026-07-28 replaced is translated', async () => {
    const old = await openTestEdge({
      tools: {
        echo: () => {
          throw new GuardError('upstream_failed', { rpc: { code: -32002 }, message: 'Resource not found' });
        },
      },
    });
    for (const [era, code] of [
      ['modern', -32602],
      ['legacy', -32002],
    ] as const) {
      expect(
        (await send({ url: old.url, token: 'alice', era, method: 'tools/call', params: { name: 'echo' } })).error?.code,
      ).toBe(code);
    }
    await old.close();
  });
});
