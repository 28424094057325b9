/** Which subscribers get which notifications of servers. */
import type { ServerResponse } from 'node:http';
import type { InMemoryServerEventBus } from '@modelcontextprotocol/server';
import type { JsonObject } from '@sallyport/guard';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { legacyFake } from '../../testing/fake-legacy.mts';
import {
  httpTransport,
  createHarness,
  serverSettings,
  stdioTransport,
  waitUntil,
  type RecordedNotification,
  type UpstreamHarness,
} from '../../testing/harness.mts';
import { legacyHttp, type LegacyHttp } from '../../testing/legacy-server.mts';
import { modernHttp, type ModernHttp } from '../../testing/modern-server.mts';

let legacy: LegacyHttp;
let modern: ModernHttp;
let harness: UpstreamHarness;

beforeAll(async () => {
  [legacy, modern] = await Promise.all([legacyHttp(), modernHttp()]);
  harness = createHarness([
    serverSettings('legacy-http', httpTransport(legacy.url)),
    serverSettings('legacy-stdio', stdioTransport([`${import.meta.dirname}/../../testing/legacy-server.mts`])),
    serverSettings('modern-http', httpTransport(modern.url)),
  ]);
  await harness.discover();
});

afterAll(async () => {
  await harness.close();
  await Promise.all([legacy.close(), modern.close()]);
});

interface Subscription {
  notifications: RecordedNotification[];
  stop(): Promise<void>;
}

function subscribe(user: string, session: string | undefined, servers: string[], filter?: JsonObject): Subscription {
  const notifications: RecordedNotification[] = [];
  const abort = new AbortController();
  const done = harness.run(
    filter === undefined ? 'stream/listen' : 'subscriptions/listen',
    { kind: 'servers', servers },
    filter === undefined ? {} : { notifications: filter },
    {
      user,
      session,
      era: filter === undefined ? 'legacy' : 'modern',
      notifications,
      signal: abort.signal,
    },
  );
  return {
    notifications,
    stop: async () => {
      abort.abort();
      expect((await done).status).toBe('success');
    },
  };
}

const methods = ({ notifications }: Subscription): string[] => notifications.map(({ method }) => method);

describe.each(['legacy-http', 'legacy-stdio'])('%s', (server) => {
  it('list changes and resource updates reach the stream of their own session, and no other', async () => {
    const [mine, others] = [subscribe('ann', `m ${server}`, [server]), subscribe('bob', `m ${server}`, [server])];
    const ann = { user: 'ann', session: `m ${server}` };
    await harness.callTool(server, 'echo', {}, ann);
    await harness.callTool(server, 'echo', {}, { ...ann, user: 'bob' });
    await harness.resultOf(
      'resources/subscribe',
      { kind: 'resource', server, name: 'test://a' },
      { uri: 'test://a' },
      ann,
    );
    // The server drops what it sends before its stream to the gateway is open.
    await waitUntil(async () => {
      await harness.callTool(server, 'touch', {}, ann);
      return methods(mine).includes('notifications/resources/updated');
    });
    // A tool that a server adds for one session is pinned when it is first listed.
    await harness.callTool(server, 'add_tool', { text: `added_${server}` }, ann);
    await waitUntil(() => methods(mine).includes('notifications/tools/list_changed'));
    expect(methods(others)).toEqual([]);
    expect(await harness.listNames('tools/list', [server], ann)).toContain(`added_${server}`);
    expect(await harness.listNames('tools/list', [server], { ...ann, user: 'bob' })).not.toContain(`added_${server}`);
    expect(
      await harness.run(
        'tools/call',
        { kind: 'tool', server, name: `added_${server}` },
        { name: `added_${server}` },
        { ...ann, user: 'bob' },
      ),
    ).toMatchObject({ error: { code: 'not_found' } });
    await harness.resultOf(
      'resources/unsubscribe',
      { kind: 'resource', server, name: 'test://a' },
      { uri: 'test://a' },
      ann,
    );
    const listChanges = (): number =>
      methods(mine).filter((method) => method === 'notifications/tools/list_changed').length;
    // Of the changes before, the last list change is the last that arrives.
    const [before, changesBefore] = [mine.notifications.length, listChanges()];
    expect(textOf(await harness.callTool(server, 'touch', {}, ann))).toBe('[]');
    await harness.callTool(server, 'add_tool', { text: `last_${server}` }, ann);
    await waitUntil(() => listChanges() > changesBefore);
    expect(mine.notifications.slice(before).map(({ method }) => method)).not.toContain(
      'notifications/resources/updated',
    );
    // The other stream was open, too: it gets the changes of its own session.
    const othersBefore = others.notifications.length;
    await waitUntil(async () => {
      await harness.callTool(server, 'add_tool', { text: `bobs_${server}` }, { ...ann, user: 'bob' });
      return others.notifications.length > othersBefore;
    });
    expect(methods(others)).not.toContain('notifications/resources/updated');
    await Promise.all([mine.stop(), others.stop()]);
  });

  it('a modern subscriber gets what its filter names, and nothing else', async () => {
    const user = `cid ${server}`;
    const [lists, watch] = [
      subscribe(user, undefined, [server], { toolsListChanged: true }),
      subscribe(user, undefined, [server], {
        resourceSubscriptions: ['test://b', 'file:///etc/passwd', 'test://item/../x'],
      }),
    ];
    await waitUntil(
      async () => textOf(await harness.callTool(server, 'touch', {}, { user, era: 'modern' })) === '["test://b"]',
    );
    await harness.callTool(server, 'add_tool', { text: 'modern_added' }, { user, era: 'modern' });
    await waitUntil(() => methods(lists).length > 0);
    expect(new Set(methods(lists))).toEqual(new Set(['notifications/tools/list_changed']));
    await waitUntil(() => methods(watch).length > 0);
    expect(new Set(watch.notifications.map(({ params }) => params['uri']))).toEqual(new Set(['test://b']));
    await watch.stop();
    await waitUntil(async () => textOf(await harness.callTool(server, 'touch', {}, { user, era: 'modern' })) === '[]');
    await lists.stop();
  });
});

const textOf = (value: JsonObject): string => ((value['content'] as { text: string }[])[0] as { text: string }).text;

describe('a session that ends while it has a subscriber', () => {
  it('is opened again without a call, and the resources are subscribed to again', async () => {
    const fake = await legacyFake();
    let own: ServerResponse | undefined;
    fake.answer = ({ method, session }, res) => {
      if (method !== 'GET') return undefined;
      if (!fake.sessions.has(session ?? '')) res.writeHead(404).end();
      else (own = res).writeHead(200, { 'content-type': 'text/event-stream' }).write('retry: 50\n\n');
      return undefined;
    };
    const alone = createHarness([serverSettings('f', httpTransport(fake.url))]);
    await alone.discover();
    const abort = new AbortController();
    const notifications: RecordedNotification[] = [];
    const done = alone.run(
      'stream/listen',
      { kind: 'servers', servers: ['f'] },
      {},
      { session: 's', notifications, signal: abort.signal },
    );
    await alone.resultOf(
      'resources/subscribe',
      { kind: 'resource', server: 'f', name: 'test://a' },
      { uri: 'test://a' },
      { session: 's' },
    );
    const subscribed = () =>
      fake.received.filter(
        ({ method, session }) => method === 'resources/subscribe' && fake.sessions.has(session ?? ''),
      );
    await waitUntil(() => own !== undefined && subscribed().length === 1);
    fake.sessions.clear();
    own?.end();
    own = undefined;
    await waitUntil(() => own !== undefined && subscribed().length === 1);
    const updated = { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'test://a' } };
    (own as ServerResponse | undefined)?.write(`data: ${JSON.stringify(updated)}\n\n`);
    await waitUntil(() => notifications.length > 0);
    expect(notifications.map(({ params }) => params)).toEqual([{ uri: 'test://a' }]);
    abort.abort();
    await done;
    await alone.close();
    await fake.close();
  });
});

describe('a modern server', () => {
  it('sends notifications to legacy and modern clients alike', async () => {
    const [old, fresh, other] = [
      subscribe('ann', 'new', ['modern-http']),
      subscribe('bob', undefined, ['modern-http'], { toolsListChanged: true }),
      subscribe('cid', undefined, ['modern-http'], { promptsListChanged: true }),
    ];
    await harness.callTool('modern-http', 'echo', {}, { user: 'ann', session: 'new' });
    await waitUntil(() => (modern.handler.bus as InMemoryServerEventBus).listenerCount === 3);
    modern.handler.notify.toolsChanged();
    modern.handler.notify.promptsChanged();
    await waitUntil(() => methods(old).length > 1 && methods(fresh).length > 0 && methods(other).length > 0);
    expect(new Set(methods(old))).toEqual(
      new Set(['notifications/tools/list_changed', 'notifications/prompts/list_changed']),
    );
    expect(fresh.notifications).toEqual([{ method: 'notifications/tools/list_changed', params: {} }]);
    expect(other.notifications).toEqual([{ method: 'notifications/prompts/list_changed', params: {} }]);
    await Promise.all([old.stop(), fresh.stop(), other.stop()]);
    expect(harness.upstreams.stats().subscribers).toBe(0);
  });

  it('gets the subscriptions of a legacy client', async () => {
    const mine = subscribe('ann', 'sub', ['modern-http']);
    await harness.resultOf(
      'resources/subscribe',
      { kind: 'resource', server: 'modern-http', name: 'test://a' },
      { uri: 'test://a' },
      { session: 'sub' },
    );
    // The server drops what it sends before the subscription is open.
    await waitUntil(() => {
      modern.handler.notify.resourceUpdated('test://other');
      modern.handler.notify.resourceUpdated('test://a');
      return mine.notifications.length > 1;
    });
    expect(new Set(mine.notifications.map(({ params }) => params['uri']))).toEqual(new Set(['test://a']));
    await mine.stop();
  });
});

it('one subscription covers several servers, and a log level reaches all of them', async () => {
  const all = subscribe('ann', 'all', ['legacy-http', 'legacy-stdio', 'modern-http']);
  await harness.resultOf(
    'logging/setLevel',
    { kind: 'servers', servers: ['legacy-http', 'legacy-stdio', 'modern-http'] },
    { level: 'error' },
    { session: 'all' },
  );
  for (const server of ['legacy-http', 'legacy-stdio'])
    await harness.callTool(server, 'add_tool', { text: 'x' }, { session: 'all' });
  await waitUntil(() => methods(all).filter((method) => method === 'notifications/tools/list_changed').length >= 2);
  const notifications: RecordedNotification[] = [];
  await harness.callTool('modern-http', 'log', {}, { session: 'all', notifications });
  expect(notifications.map(({ params }) => params['level'])).toEqual(['error']);
  await all.stop();
});

it('D2 a session with 1,000 subscriptions gets no further ones, and loses none', async () => {
  const client = { user: 'many', session: 'many' };
  const subscribeTo = (uri: string) => {
    const target = { kind: 'resource', server: 'legacy-http', name: uri } as const;
    return harness.run('resources/subscribe', target, { uri }, client);
  };
  const uris = Array.from({ length: 1_000 }, (_, at) => `test://item/${at}`);
  for (const uri of uris) await subscribeTo(uri);
  expect(await subscribeTo('test://item/one-more')).toMatchObject({ error: { code: 'rate_limited' } });
  expect((await subscribeTo('test://item/7')).status).toBe('success');
  const watched = (await harness.callTool('legacy-http', 'touch', {}, client))['content'];
  expect(JSON.parse((watched as { text: string }[])[0]?.text ?? '[]')).toEqual(uris);
});
