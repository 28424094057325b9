/**
 * Which responses to a POST are streams from their beginning, and what becomes of them when a server ends its own in
 * the middle of a call (SEP-1699).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventIdsOf, initialize, send, stream } from '../testing/client.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';

const STREAM_FIRST = 'text/event-stream, application/json';
const DOCUMENT_FIRST = 'application/json, text/event-stream';

let edge: TestEdge;
/** Lets the tool `wait` answer. */
let answerWaiting: (() => void) | undefined;
beforeAll(async () => {
  edge = await openTestEdge({
    tools: {
      wait: async (_permitted, channel) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        answerWaiting = resolve;
        channel.streamEnded?.();
        await promise;
        return { value: { content: [{ type: 'text', text: 'the rest' }] } };
      },
    },
  });
});
afterAll(() => edge.close());

const call = (accept: string, rest: object = {}) =>
  send({ url: edge.url, token: 'alice', method: 'tools/call', params: { name: 'echo' }, ...rest, headers: { accept } });

describe('a client that accepts both', () => {
  it.each([
    [STREAM_FIRST, 'text/event-stream'],
    [DOCUMENT_FIRST, 'application/json'],
    ['application/json;q=0.5, text/event-stream', 'text/event-stream'],
    ['text/event-stream;q=0.5, application/json', 'application/json'],
    ['text/event-stream', 'text/event-stream'],
    ['text/event-stream;q=0, application/json', 'application/json'],
    ['*/*', 'application/json'],
  ])('with Accept: %s gets %s', async (accept, type) => {
    for (const era of ['legacy', 'modern'] as const) {
      const answer = await call(accept, { era });
      expect([answer.status, answer.headers['content-type']]).toEqual([200, type]);
      expect(answer.messages.at(-1)).toMatchObject({ id: 1, result: {} });
    }
  });

  it('gets the status of a refusal, and no stream, whatever it prefers', async () => {
    const refused = await call(STREAM_FIRST, { token: undefined });
    expect([refused.status, refused.headers['content-type']]).toEqual([401, 'application/json']);
    const unknown = await call(STREAM_FIRST, { era: 'modern', path: '/mcp/nothing' });
    expect(unknown.headers['content-type']).toBe('application/json');
  });
});

describe('a server that ends its stream before the response', () => {
  const begin = async (accept: string) => {
    answerWaiting = undefined;
    const session = await initialize({ url: edge.url, token: 'alice' });
    const headers = { accept, 'mcp-session-id': session };
    const request = { url: edge.url, token: 'alice', method: 'tools/call', params: { name: 'wait' }, headers };
    return { session, request };
  };

  it('ends the stream of its client, which reads on from a new one', async () => {
    const { session, request } = await begin(STREAM_FIRST);
    const first = await stream(request);
    await first.ended;
    expect(first.text()).toMatch(/^id: \S+\nretry: \d+\ndata: \n\n$/);
    const [eventId] = eventIdsOf(first.text());
    const again = await stream({
      url: edge.url,
      token: 'alice',
      http: 'GET',
      headers: {
        accept: 'text/event-stream',
        'content-type': undefined,
        'mcp-session-id': session,
        'last-event-id': eventId,
      },
    });
    answerWaiting?.();
    await again.ended;
    expect(again.messages()).toMatchObject([{ id: 1, result: { content: [{ text: 'the rest' }] } }]);
  });

  it('changes nothing for a client that waits for one document', async () => {
    const { request } = await begin(DOCUMENT_FIRST);
    const answer = send(request);
    await expect.poll(() => answerWaiting).toBeDefined();
    answerWaiting?.();
    const { headers, result } = await answer;
    expect([headers['content-type'], result]).toMatchObject(['application/json', { content: [{ text: 'the rest' }] }]);
  });
});
