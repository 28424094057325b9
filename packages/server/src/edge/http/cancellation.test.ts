/** A19, J5: a cancellation reaches the call of its own client, and ids may be used twice. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventIdsOf, initialize, send, stream, type Json, type TestRequest } from '../testing/client.mts';
import { openNotifyingEdge } from '../testing/notifying-edge.mts';
import { pause } from '../testing/pause.mts';
import { type TestEdge } from '../testing/test-edge.mts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openNotifyingEdge();
});
afterAll(() => edge.close());

const post = (rest: Omit<TestRequest, 'url'>) => send({ url: edge.url, token: 'alice', ...rest });
const inSession = (session: string, headers: Record<string, string> = {}) => ({
  headers: { 'mcp-session-id': session, ...headers },
});
const call = (name: string, args: Json, rest: Omit<Partial<TestRequest>, 'url'> = {}) =>
  post({ method: 'tools/call', params: { name, arguments: args }, ...rest });

describe('cancellation', () => {
  const start = async (token: string, session: string, id: unknown = 1) => {
    const before = edge.sent.length;
    const done = send({
      url: edge.url,
      token,
      method: 'tools/call',
      id,
      params: { name: 'wait' },
      ...inSession(session),
    });
    while (edge.sent.length === before) await pause(2);
    return { done, signal: edge.sent.at(-1)?.call.signal };
  };
  const cancel = (token: string, session: string | undefined, requestId: unknown) =>
    send({
      url: edge.url,
      token,
      method: 'notifications/cancelled',
      id: null,
      params: { requestId },
      headers: session === undefined ? {} : { 'mcp-session-id': session },
    });

  it('ends the call with this id in this session', async () => {
    const session = await initialize({ url: edge.url, token: 'alice' });
    const { done, signal } = await start('alice', session);
    expect((await cancel('alice', session, 1)).status).toBe(202);
    expect(signal?.aborted).toBe(true);
    await done;
  });

  it('A19 reaches no call of another user, session or agent, and none with another type of id', async () => {
    const session = await initialize({ url: edge.url, token: 'alice' });
    const { done, signal } = await start('alice', session);
    await cancel('bob', session, 1);
    await cancel('bob', await initialize({ url: edge.url, token: 'bob' }), 1);
    await cancel('alice', await initialize({ url: edge.url, token: 'alice' }), 1);
    await cancel('alice-bot', session, 1);
    await cancel('alice', undefined, 1);
    await cancel('alice', session, '1');
    await cancel('alice', session, { id: 1 });
    expect(signal?.aborted).toBe(false);
    await cancel('alice', session, 1);
    expect(signal?.aborted).toBe(true);
    await done;
  });

  it('J5 calls with the same id each get their own response', async () => {
    const session = await initialize({ url: edge.url, token: 'alice' });
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((canary) => call('echo', { canary }, { id: 1, ...inSession(session) })),
    );
    expect(answers.map((answer) => /"canary\\":\\"(\w)/.exec(answer.text)?.[1])).toEqual(['a', 'b', 'c']);
  });
});

describe('A19 200 clients that all use id 1, with cancellations and reconnects', () => {
  it('get their own responses and nothing of any other client', { timeout: 60_000 }, async () => {
    const before = edge.sent.length;
    const lives = Array.from({ length: 200 }, async (_, at) => {
      const token = `${['alice', 'bob', 'carol'][at % 3] ?? 'alice'}.${at % 10}`;
      const canary = `canary-${at}-`;
      const session = await initialize({ url: edge.url, token });
      const params = { name: 'talk', arguments: { canary }, _meta: { progressToken: 1 } };
      if (at % 4 === 0) {
        const waiting = send({
          url: edge.url,
          token,
          method: 'tools/call',
          id: 1,
          params: { name: 'wait' },
          ...inSession(session),
        });
        await pause(at % 20);
        await send({
          url: edge.url,
          token,
          method: 'notifications/cancelled',
          id: null,
          params: { requestId: 1 },
          ...inSession(session),
        });
        void waiting.catch(() => {});
      }
      if (at % 4 === 1) {
        const open = await stream({
          url: edge.url,
          token,
          method: 'tools/call',
          id: 1,
          params,
          ...inSession(session),
        });
        const text = await open.until((received) => eventIdsOf(received).length > 0, 20_000);
        open.close();
        const resumed = await stream({
          url: edge.url,
          token,
          http: 'GET',
          headers: {
            accept: 'text/event-stream',
            'content-type': undefined,
            'mcp-session-id': session,
            'last-event-id': eventIdsOf(text)[0],
          },
        });
        await resumed.until((received) => received.includes('"result"'), 20_000);
        resumed.close();
        return { canary, texts: [text, resumed.text()] };
      }
      const responses = await Promise.all([
        send({ url: edge.url, token, method: 'tools/call', id: 1, params, ...inSession(session) }),
        send({ url: edge.url, token, era: 'modern', method: 'tools/call', id: 1, params }),
      ]);
      for (const response of responses)
        expect(response.result).toMatchObject({ content: [{ type: 'text', text: JSON.stringify(canary) }] });
      return { canary, texts: responses.map(({ text }) => text) };
    });
    for (const { canary, texts } of await Promise.all(lives)) {
      for (const text of texts) for (const found of text.match(/canary-\d+-/g) ?? []) expect(found).toBe(canary);
      expect(texts.join('')).toContain(canary);
    }
    expect(edge.sent.length - before).toBeGreaterThan(300);
  });
});
