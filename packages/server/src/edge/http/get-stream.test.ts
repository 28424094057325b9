/** The GET stream of the legacy revisions, for messages that belong to no call. */
import type { ClientChannel } from '@sallyport/guard';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pause } from '../testing/pause.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';
import { initialize, send, stream, type TestRequest } from '../testing/client.mts';
import { openNotifyingEdge } from '../testing/notifying-edge.mts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openNotifyingEdge();
});
afterAll(() => edge.close());

const get = (rest: Partial<TestRequest> = {}) =>
  stream({
    url: edge.url,
    token: 'alice',
    http: 'GET',
    ...rest,
    headers: { accept: 'text/event-stream', 'content-type': undefined, ...rest.headers },
  });

describe('the GET stream', () => {
  it('carries notifications of servers, with names as on this path', async () => {
    const session = await initialize({ url: edge.url, token: 'alice' });
    const own = await get({ headers: { 'mcp-session-id': session } });
    await own.until((text) => text.includes('"data":"crm"'));
    own.close();
    expect(own.text()).toContain('"uri":"file:///a"');
    const all = await get({ path: '/mcp', headers: { 'mcp-session-id': session } });
    await all.until((text) => text.includes('"data":"crm"') && text.includes('"data":"docs"'));
    all.close();
    expect(all.text()).toContain('"uri":"crm+file:///a"');
    expect(all.text()).toContain('"uri":"docs+file:///a"');
    expect(all.text()).not.toContain('"uri":"file:///a"');
  });

  it('carries a message on the newest open stream of a session, endpoint and agent only', async () => {
    const relays = new Set<ClientChannel>();
    const loud = await openTestEdge({
      other: ({ call: { signal } }, channel) =>
        new Promise((resolve) => {
          relays.add(channel);
          signal.addEventListener(
            'abort',
            () => {
              relays.delete(channel);
              resolve({ value: {} });
            },
            { once: true },
          );
        }),
    });
    try {
      const session = await initialize({ url: loud.url, token: 'alice' });
      const openStream = (token: string, id: string, path = '/mcp/crm') =>
        stream({
          url: loud.url,
          path,
          token,
          http: 'GET',
          headers: { accept: 'text/event-stream', 'content-type': undefined, 'mcp-session-id': id },
        });
      const [first, second, foreign, other] = [
        await openStream('alice', session),
        await openStream('alice', session),
        await openStream('alice-bot', session),
        await openStream('alice', session, '/mcp/docs'),
      ] as const;
      const received = async (data: string): Promise<boolean[]> => {
        for (const channel of relays) channel.notify('notifications/message', { level: 'info', data });
        const have = (): boolean[] => [first, second, foreign, other].map((open) => open.text().includes(data));
        while (have().filter(Boolean).length < 3) await pause(5);
        return have();
      };
      while (relays.size < 4) await pause(5);
      expect(await received('to-the-youngest')).toEqual([false, true, true, true]);
      second.close();
      while (relays.size > 3) await pause(5);
      expect(await received('to-the-other')).toEqual([true, false, true, true]);
    } finally {
      await loud.close();
    }
  });

  it('H9 the streams of one caller are bounded', async () => {
    const many = await openTestEdge({
      settings: { streamsPerPrincipalMax: 2 },
      other: ({ call: { signal } }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ value: {} }), { once: true });
        }),
    });
    try {
      const session = await initialize({ url: many.url, token: 'alice' });
      const openStream = (headers: Record<string, string>) =>
        stream({
          url: many.url,
          token: 'alice',
          http: 'GET',
          headers: { accept: 'text/event-stream', 'content-type': undefined, ...headers },
        });
      const open = [await openStream({ 'mcp-session-id': session }), await openStream({})];
      expect(open.map((each) => each.status)).toEqual([200, 200]);
      const refused = await openStream({ 'mcp-session-id': session });
      expect(refused.status).toBe(429);
      open[1]?.close();
      await pause(50);
      expect((await openStream({})).status).toBe(200);
    } finally {
      await many.close();
    }
  });

  it('is refused with 405 for a client that does not accept a stream', async () => {
    expect(
      (
        await send({
          url: edge.url,
          token: 'alice',
          http: 'GET',
          headers: { accept: 'text/html', 'content-type': undefined },
        })
      ).status,
    ).toBe(405);
  });
});
