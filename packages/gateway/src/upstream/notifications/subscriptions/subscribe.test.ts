/** What servers say on their own, and to whom. */
import type { ServerResponse } from 'node:http';
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
    serverSettings('old-http', httpTransport(legacy.url)),
    serverSettings('old-pipe', stdioTransport([`${import.meta.dirname}/../../testing/legacy-server.mts`])),
    serverSettings('new-http', httpTransport(modern.url)),
  ]);
  await harness.discover();
});

afterAll(async () => {
  await harness.close();
  await Promise.all([legacy.close(), modern.close()]);
});

interface Listening {
  notices: RecordedNotification[];
  stop(): Promise<void>;
}

function listen(who: string, session: string | undefined, servers: string[], filter?: JsonObject): Listening {
  const notices: RecordedNotification[] = [];
  const abort = new AbortController();
  const done = harness.run(
    filter === undefined ? 'stream/listen' : 'subscriptions/listen',
    { kind: 'servers', servers },
    filter === undefined ? {} : { notifications: filter },
    {
      user: who,
      session,
      era: filter === undefined ? 'legacy' : 'modern',
      notifications: notices,
      signal: abort.signal,
    },
  );
  return {
    notices,
    stop: async () => {
      abort.abort();
      expect((await done).status).toBe('success');
    },
  };
}

const methods = ({ notices }: Listening): string[] => notices.map(({ method }) => method);

describe.each(['old-http', 'old-pipe'])('%s', (server) => {
  it('list changes and subscribed resources reach the stream of their own session, and no other', async () => {
    const [mine, others] = [listen('ann', `m ${server}`, [server]), listen('bob', `m ${server}`, [server])];
    const ask = { user: 'ann', session: `m ${server}` };
    await harness.callTool(server, 'echo', {}, ask);
    await harness.callTool(server, 'echo', {}, { ...ask, user: 'bob' });
    await new Promise((resolve) => setTimeout(resolve, 150));
    await harness.resultOf(
      'resources/subscribe',
      { kind: 'resource', server, name: 'test://a' },
      { uri: 'test://a' },
      ask,
    );
    await harness.callTool(server, 'touch', {}, ask);
    await waitUntil(() => methods(mine).includes('notifications/resources/updated'));
    // What a server adds for one session is pinned when it is first seen; until then there is only its word for it.
    await harness.callTool(server, 'add_tool', { text: `added_${server}` }, ask);
    await waitUntil(() => methods(mine).includes('notifications/tools/list_changed'));
    expect(methods(others)).toEqual([]);
    expect(await harness.listNames('tools/list', [server], ask)).toContain(`added_${server}`);
    expect(await harness.listNames('tools/list', [server], { ...ask, user: 'bob' })).not.toContain(`added_${server}`);
    expect(
      await harness.run(
        'tools/call',
        { kind: 'tool', server, name: `added_${server}` },
        { name: `added_${server}` },
        { ...ask, user: 'bob' },
      ),
    ).toMatchObject({ error: { code: 'not_found' } });
    await harness.resultOf(
      'resources/unsubscribe',
      { kind: 'resource', server, name: 'test://a' },
      { uri: 'test://a' },
      ask,
    );
    const before = mine.notices.length;
    await harness.callTool(server, 'touch', {}, ask);
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(mine.notices.slice(before).map(({ method }) => method)).not.toContain('notifications/resources/updated');
    await Promise.all([mine.stop(), others.stop()]);
  });

  it('a modern listener gets what it asked for, and nothing else', async () => {
    const who = `cid ${server}`;
    const [lists, watch] = [
      listen(who, undefined, [server], { toolsListChanged: true }),
      listen(who, undefined, [server], {
        resourceSubscriptions: ['test://b', 'file:///etc/passwd', 'test://item/../x'],
      }),
    ];
    await waitUntil(
      async () => textOf(await harness.callTool(server, 'touch', {}, { user: who, era: 'modern' })) === '["test://b"]',
    );
    await harness.callTool(server, 'add_tool', { text: 'modern_added' }, { user: who, era: 'modern' });
    await waitUntil(() => methods(lists).length > 0);
    expect(new Set(methods(lists))).toEqual(new Set(['notifications/tools/list_changed']));
    await waitUntil(() => methods(watch).length > 0);
    expect(new Set(watch.notices.map(({ params }) => params['uri']))).toEqual(new Set(['test://b']));
    await watch.stop();
    await waitUntil(
      async () => textOf(await harness.callTool(server, 'touch', {}, { user: who, era: 'modern' })) === '[]',
    );
    await lists.stop();
  });
});

const textOf = (value: JsonObject): string => ((value['content'] as { text: string }[])[0] as { text: string }).text;

describe('a link that ends while somebody listens', () => {
  it('is opened again without a call, and what was subscribed is subscribed again', async () => {
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
    const notices: RecordedNotification[] = [];
    const done = alone.run(
      'stream/listen',
      { kind: 'servers', servers: ['f'] },
      {},
      { session: 's', notifications: notices, signal: abort.signal },
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
    (own as ServerResponse | undefined)?.write(
      `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: 'test://a' } })}\n\n`,
    );
    await waitUntil(() => notices.length > 0);
    expect(notices.map(({ params }) => params)).toEqual([{ uri: 'test://a' }]);
    abort.abort();
    await done;
    await alone.close();
    await fake.close();
  });
});

describe('a modern server', () => {
  it('is listened to for legacy and modern clients alike', async () => {
    const [old, fresh, deaf] = [
      listen('ann', 'new', ['new-http']),
      listen('bob', undefined, ['new-http'], { toolsListChanged: true }),
      listen('cid', undefined, ['new-http'], { promptsListChanged: true }),
    ];
    await harness.callTool('new-http', 'echo', {}, { user: 'ann', session: 'new' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    modern.handler.notify.toolsChanged();
    await waitUntil(() => methods(old).includes('notifications/tools/list_changed') && methods(fresh).length > 0);
    expect(fresh.notices).toEqual([{ method: 'notifications/tools/list_changed', params: {} }]);
    expect(methods(deaf)).toEqual([]);
    await Promise.all([old.stop(), fresh.stop(), deaf.stop()]);
    expect(harness.upstreams.stats().subscribers).toBe(0);
  });

  it('takes the subscriptions of a legacy client', async () => {
    const mine = listen('ann', 'sub', ['new-http']);
    await harness.resultOf(
      'resources/subscribe',
      { kind: 'resource', server: 'new-http', name: 'test://a' },
      { uri: 'test://a' },
      { session: 'sub' },
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    modern.handler.notify.resourceUpdated('test://a');
    modern.handler.notify.resourceUpdated('test://other');
    await waitUntil(() => mine.notices.length > 0);
    expect(mine.notices.map(({ params }) => params['uri'])).toEqual(['test://a']);
    await mine.stop();
  });
});

it('several servers are listened to at once, and the log level of a session follows its links', async () => {
  const all = listen('ann', 'all', ['old-http', 'old-pipe', 'new-http']);
  await harness.resultOf(
    'logging/setLevel',
    { kind: 'servers', servers: ['old-http', 'old-pipe', 'new-http'] },
    { level: 'error' },
    { session: 'all' },
  );
  for (const server of ['old-http', 'old-pipe'])
    await harness.callTool(server, 'add_tool', { text: 'x' }, { session: 'all' });
  await waitUntil(() => methods(all).filter((method) => method === 'notifications/tools/list_changed').length >= 2);
  const notices: RecordedNotification[] = [];
  await harness.callTool('new-http', 'log', {}, { session: 'all', notifications: notices });
  expect(notices.map(({ params }) => params['level'])).toEqual(['error']);
  await all.stop();
});
