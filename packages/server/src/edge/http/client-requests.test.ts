/** Requests of a server to a legacy client: sent on the stream of the call, answered by a POST of the same session. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pause } from '../testing/pause.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';
import { initialize, type Json, send, stream } from '../testing/client.mts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openTestEdge();
});
afterAll(() => edge.close());

const inSession = (session: string) => ({ headers: { 'mcp-session-id': session } });

describe('requests of a server to the client', () => {
  const asking = async (token: string, capabilities: Json) => {
    const session = await initialize({ url: edge.url, token }, capabilities);
    const open = await stream({
      url: edge.url,
      token,
      method: 'tools/call',
      id: 1,
      params: { name: 'ask' },
      ...inSession(session),
    });
    return { session, open };
  };
  const answer = (token: string, session: string, id: unknown, body: Json) =>
    send({ url: edge.url, token, ...inSession(session), body: JSON.stringify({ jsonrpc: '2.0', id, ...body }) });

  it('are sent on the stream of the call, and answered by a POST of the same session', async () => {
    const { session, open } = await asking('alice', { elicitation: {} });
    await open.until((text) => text.includes('elicitation/create'));
    const id = open.messages()[0]?.['id'];
    expect(id).toMatch(/^sp-[\w-]{16}$/);
    expect((await answer('alice', session, id, { result: { action: 'accept', content: {} } })).status).toBe(202);
    await open.ended;
    expect(open.text()).toContain('accept');
  });

  it('a request without a response is cancelled before the call is answered', async () => {
    const hasty = await openTestEdge({
      tools: {
        ask: (_permitted, channel) => {
          void channel.request?.('elicitation/create', { message: 'Sure?' }).catch(() => {});
          return { value: { content: [] } };
        },
      },
    });
    try {
      const session = await initialize({ url: hasty.url, token: 'alice' }, { elicitation: {} });
      const { messages } = await send({
        url: hasty.url,
        token: 'alice',
        method: 'tools/call',
        params: { name: 'ask' },
        ...inSession(session),
      });
      expect(messages.map((message) => message['method'] ?? 'answer')).toEqual([
        'elicitation/create',
        'notifications/cancelled',
        'answer',
      ]);
      expect(messages[1]?.['params']).toMatchObject({ requestId: messages[0]?.['id'] });
    } finally {
      await hasty.close();
    }
  });

  it('a request that the server withdraws, or that is not answered in time, is cancelled', async () => {
    const brief = await openTestEdge({
      settings: { requestTimeoutMs: 60 },
      tools: {
        ask: async (_permitted, channel) => {
          const withdrawn = new AbortController();
          const answered = channel
            .request?.('elicitation/create', { message: 'Sure?' }, withdrawn.signal)
            .catch(({ code }: { code: string }) => code);
          withdrawn.abort();
          return {
            value: {
              content: [],
              withdrawn: (await answered) as string,
              late: (await channel
                .request?.('elicitation/create', { message: 'Sure?' })
                .catch(({ code }: { code: string }) => code)) as string,
            },
          };
        },
      },
    });
    try {
      const session = await initialize({ url: brief.url, token: 'alice' }, { elicitation: {} });
      const { messages, result } = await send({
        url: brief.url,
        token: 'alice',
        method: 'tools/call',
        params: { name: 'ask' },
        ...inSession(session),
      });
      expect(messages.map((message) => message['method'] ?? 'answer')).toEqual([
        'elicitation/create',
        'notifications/cancelled',
        'elicitation/create',
        'notifications/cancelled',
        'answer',
      ]);
      expect(result).toMatchObject({ withdrawn: 'cancelled', late: 'upstream_timeout' });
    } finally {
      await brief.close();
    }
  });

  it('A18 only the client that received a request can answer it: not another user, session or agent', async () => {
    const { session, open } = await asking('alice', { elicitation: {} });
    await open.until((text) => text.includes('elicitation/create'));
    const id = open.messages()[0]?.['id'];
    const others = [
      ['bob', session],
      ['bob', await initialize({ url: edge.url, token: 'bob' })],
      ['alice', await initialize({ url: edge.url, token: 'alice' })],
      ['alice-bot', session],
    ] as const;
    for (const [token, using] of others) await answer(token, using, id, { result: { action: 'stolen' } });
    await answer('alice', session, 'sp-AAAAAAAAAAAAAAAA', { result: { action: 'stolen' } });
    await answer('alice', session, 1, { result: { action: 'stolen' } });
    await pause(20);
    expect(open.text()).not.toContain('stolen');
    await answer('alice', session, id, { result: { action: 'decline' } });
    await open.ended;
    expect(open.text()).toMatch(/decline/);
    expect(open.text()).not.toContain('stolen');
  });

  it('are not sent to a client that did not declare the capability', async () => {
    for (const capabilities of [{}, { sampling: {} }, { roots: {} }]) {
      const { open } = await asking('alice', capabilities);
      await open.ended;
      expect(open.text()).not.toContain('elicitation/create');
    }
  });

  it('an error of the client reaches the server that sent the request', async () => {
    const { session, open } = await asking('alice', { elicitation: {} });
    await open.until((text) => text.includes('elicitation/create'));
    await answer('alice', session, open.messages()[0]?.['id'], { error: { code: -1, message: 'no\u001b[31m' } });
    await open.ended;
    expect(open.messages().at(-1)?.['error']).toMatchObject({ code: -1 });
    expect(open.text()).not.toContain('\\u001b');
  });
});
