/** `subscriptions/listen` of 2026-07-28. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send, stream, type Json, type TestRequest } from '../testing/client.mts';
import { openModernEdge } from '../testing/modern-edge.mts';
import { pause } from '../testing/pause.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openModernEdge();
});
afterAll(() => edge.close());

const post = (rest: Omit<TestRequest, 'url'>) => send({ url: edge.url, token: 'alice', era: 'modern', ...rest });

describe('subscriptions/listen', () => {
  const listen = (notifications: Json, rest: Partial<TestRequest> = {}) =>
    stream({
      url: edge.url,
      token: 'alice',
      era: 'modern',
      method: 'subscriptions/listen',
      id: 7,
      params: { notifications },
      ...rest,
    });
  const SUB = 'io.modelcontextprotocol/subscriptionId';

  it('acknowledges first, then sends what was requested, tagged with the id in its own type', async () => {
    for (const id of [7, '7']) {
      const open = await listen({ toolsListChanged: true, resourceSubscriptions: ['file:///a'] }, { id });
      await open.until((text) => text.includes('file:///a/inner'));
      await pause(20);
      open.close();
      const messages = open.messages();
      expect(messages.map((message) => message['method'])).toEqual([
        'notifications/subscriptions/acknowledged',
        'notifications/tools/list_changed',
        'notifications/resources/updated',
        'notifications/resources/updated',
      ]);
      expect(messages[0]?.['params']).toMatchObject({
        notifications: { toolsListChanged: true, resourceSubscriptions: ['file:///a'] },
      });
      for (const message of messages) expect((message['params'] as { _meta: Json })._meta[SUB]).toBe(id);
    }
  });

  it('A13 sends no updates of a resource that the caller may not read', async () => {
    const open = await listen({ resourceSubscriptions: ['file:///a', 'file:///nothing', 'ui://app/main'] });
    await open.until((text) => text.includes('/inner'));
    open.close();
    expect(open.messages()[0]?.['params']).toMatchObject({ notifications: { resourceSubscriptions: ['file:///a'] } });
  });

  it('on /mcp names each resource as it is listed there', async () => {
    // One server has resources and sends no updates of them, so they are not acknowledged.
    const open = await listen(
      { promptsListChanged: true, resourceSubscriptions: ['crm+file:///a', 'docs+file:///a'] },
      { path: '/mcp' },
    );
    await open.until((text) => text.includes('crm+file:///a/inner') && text.split('prompts/list_changed').length === 3);
    await pause(20);
    open.close();
    expect(open.messages()[0]?.['params']).toMatchObject({
      notifications: { promptsListChanged: true, resourceSubscriptions: ['crm+file:///a'] },
    });
    expect(open.text()).not.toMatch(/docs\+|tools\/list_changed|"file:/);
  });

  it('L9 ends in order, with a reason and a complete result, when the gateway stops', async () => {
    const other = await openTestEdge({
      other: ({ call: { signal } }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ value: {} }), { once: true });
        }),
    });
    const open = await stream({
      url: other.url,
      token: 'alice',
      era: 'modern',
      method: 'subscriptions/listen',
      id: 'l',
      params: { notifications: { toolsListChanged: true } },
    });
    await open.until((text) => text.includes('acknowledged'));
    const closed = other.close();
    await open.ended;
    await closed;
    expect(open.messages().at(-2)).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: 'l', reason: 'The gateway stops.' },
    });
    expect(open.messages().at(-1)).toMatchObject({
      id: 'l',
      result: { resultType: 'complete', _meta: { [SUB]: 'l' } },
    });
  });

  it('S13 ends upstream when the client disconnects', async () => {
    const before = edge.sent.length;
    const open = await listen({ toolsListChanged: true });
    await open.until((text) => text.includes('list_changed'));
    const signal = edge.sent[before]?.call.signal;
    open.close();
    for (let at = 0; at < 100 && signal?.aborted !== true; at++) await pause(5);
    expect(signal?.aborted).toBe(true);
  });

  it('H9 is bounded for each principal', async () => {
    const many = await openTestEdge({
      settings: { streamsPerPrincipalMax: 2 },
      other: ({ call: { signal } }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ value: {} }), { once: true });
        }),
    });
    try {
      const subscribe = (token: string) =>
        stream({
          url: many.url,
          token,
          era: 'modern',
          method: 'subscriptions/listen',
          params: { notifications: { toolsListChanged: true } },
        });
      const open = [await subscribe('alice'), await subscribe('alice'), await subscribe('bob')];
      expect(open.map((each) => each.status)).toEqual([200, 200, 200]);
      expect((await subscribe('alice')).status).toBe(429);
      open[0]?.close();
      await pause(50);
      expect((await subscribe('alice')).status).toBe(200);
    } finally {
      await many.close();
    }
  });

  it.each([
    [[]],
    ['x'],
    [{ resourceSubscriptions: 'file:///a' }],
    [{ resourceSubscriptions: [1] }],
    [{ resourceSubscriptions: Array.from({ length: 201 }, () => 'file:///a') }],
  ])('refuses a malformed filter: %j', async (notifications) => {
    expect((await post({ method: 'subscriptions/listen', params: { notifications } })).error?.code).toBe(-32602);
  });
});
