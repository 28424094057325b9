/** Legacy sessions over HTTP: how `initialize` opens them, who may use them, and when they end. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initialize, send, type Json, type TestRequest } from '../testing/client.mts';
import { openNotifyingEdge } from '../testing/notifying-edge.mts';
import { pause } from '../testing/pause.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';

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

describe('initialize', () => {
  const versionFor = async (asked: unknown): Promise<unknown> =>
    (
      await post({
        method: 'initialize',
        params: { protocolVersion: asked, capabilities: {}, clientInfo: { name: 't', version: '1' } },
        headers: { 'mcp-protocol-version': undefined },
      })
    ).result?.['protocolVersion'];
  it.each([
    ['2025-11-25', '2025-11-25'],
    ['2025-06-18', '2025-06-18'],
    ['2025-03-26', '2025-03-26'],
    ['2024-11-05', '2024-11-05'],
    ['2026-07-28', '2025-11-25'],
    ['1999-01-01', '2025-11-25'],
  ])('%s is answered %s', async (asked, got) => {
    expect(await versionFor(asked)).toBe(got);
  });

  it('shows the server on its own path and all of them together', async () => {
    expect(
      (
        await post({
          method: 'initialize',
          params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} },
        })
      ).result,
    ).toMatchObject({ serverInfo: { name: 'the crm' }, capabilities: { tools: { listChanged: true } } });
    expect(
      (
        await post({
          path: '/mcp',
          method: 'initialize',
          params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} },
        })
      ).result,
    ).toMatchObject({ serverInfo: { name: 'sallyport' } });
  });

  it('A15 a server that is not there is not all of them', async () => {
    for (const path of ['/mcp/nothing', '/mcp/0', '/mcp/null', '/mcp/undefined', '/mcp/constructor']) {
      for (const method of ['initialize', 'tools/list', 'logging/setLevel']) {
        const answer = await post({
          path,
          method,
          params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {}, level: 'info' },
        });
        expect(answer.result).toBeUndefined();
        expect(answer.error?.data).toMatchObject({ error_code: 'NOT_FOUND' });
        expect(answer.headers['mcp-session-id']).toBeUndefined();
      }
      expect((await call('echo', {}, { path })).error?.data).toMatchObject({ error_code: 'NOT_FOUND' });
    }
  });

  it('opens a session that is visible ASCII, new each time, and says nothing of what is in it', async () => {
    const [one, two] = [
      await initialize({ url: edge.url, token: 'alice' }),
      await initialize({ url: edge.url, token: 'alice' }),
    ];
    expect(one).not.toBe(two);
    for (const id of [one, two]) {
      expect(id).toMatch(/^[\x21-\x7e]+$/);
      expect(Buffer.from(id, 'base64url').toString('latin1')).not.toMatch(/alice|acme|issuer/);
    }
  });
});

describe('sessions', () => {
  it('survive a refreshed token and a restart', async () => {
    const session = await initialize({ url: edge.url, token: 'alice' });
    expect((await post({ token: 'alice2', method: 'ping', ...inSession(session) })).status).toBe(200);
    const again = await openTestEdge();
    try {
      expect(
        (
          await send({
            url: again.url,
            token: 'alice2',
            method: 'tools/call',
            params: { name: 'echo' },
            ...inSession(session),
          })
        ).status,
      ).toBe(200);
      expect(again.sent.at(-1)?.call.session?.id).toBe(session);
    } finally {
      await again.close();
    }
  });

  it('A18 are 404 for every other user and tenant, and for whatever is no session', async () => {
    const session = await initialize({ url: edge.url, token: 'alice' });
    const foreign = await (async () => {
      const other = await openTestEdge({ sealingSecret: new Uint8Array(32).fill(8) });
      const id = await initialize({ url: other.url, token: 'alice' });
      await other.close();
      return id;
    })();
    const before = edge.sent.length;
    for (const token of ['bob', 'carol'])
      for (const method of ['tools/list', 'ping', 'tools/call'])
        expect((await post({ token, method, params: { name: 'echo' }, ...inSession(session) })).status).toBe(404);
    for (const id of [
      'garbage',
      'x'.repeat(2_000),
      foreign,
      `${session}A`,
      session.slice(1),
      '../session',
      'null',
      ' ',
    ])
      expect([id.slice(0, 8), (await post({ method: 'tools/list', ...inSession(id) })).status]).toEqual([
        id.slice(0, 8),
        404,
      ]);
    const bytes = Buffer.from(session, 'base64url');
    for (let at = 0; at < bytes.length; at += 7) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      expect((await post({ method: 'tools/list', ...inSession(flipped.toString('base64url')) })).status).toBe(404);
    }
    expect(edge.sent).toHaveLength(before);
    expect((await post({ method: 'ping', headers: { 'mcp-session-id': [session, session] } })).status).toBe(400);
  });

  it('remember what the client can do, its extensions too, and the rest when those are too large', async () => {
    const seen: unknown[] = [];
    const noting = await openTestEdge({
      tools: {
        echo: (_permitted, channel) => {
          seen.push(channel.capabilities);
          return { value: { content: [] } };
        },
      },
    });
    const apps = {
      elicitation: { form: {} },
      extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } },
    };
    try {
      for (const capabilities of [
        { ...apps, experimental: { x: {} } },
        { ...apps, extensions: { 'a.b/c': { long: 'x'.repeat(2_000) } } },
      ]) {
        const session = await initialize({ url: noting.url, token: 'alice' }, capabilities);
        await send({
          url: noting.url,
          token: 'alice',
          method: 'tools/call',
          params: { name: 'echo' },
          ...inSession(session),
        });
      }
      expect(seen).toEqual([apps, { elicitation: { form: {} } }]);
    } finally {
      await noting.close();
    }
  });

  it('A18 a session is no credential, and what it is worth is not told to those without one', async () => {
    const session = await initialize({ url: edge.url, token: 'alice' });
    const statuses = await Promise.all(
      [session, 'garbage'].map(async (id) => (await send({ url: edge.url, method: 'ping', ...inSession(id) })).status),
    );
    expect(statuses).toEqual([401, 401]);
  });

  it('end when they are ended, when they are old, and only then', async () => {
    const session = await initialize({ url: edge.url, token: 'alice' });
    const end = (token: string) =>
      send({
        url: edge.url,
        token,
        http: 'DELETE',
        headers: { 'mcp-session-id': session, 'content-type': undefined },
      });
    expect((await end('bob')).status).toBe(404);
    expect((await post({ method: 'ping', ...inSession(session) })).status).toBe(200);
    expect((await end('alice')).status).toBeLessThan(300);
    expect((await post({ method: 'ping', ...inSession(session) })).status).toBe(404);
    expect((await end('alice')).status).toBe(404);
    const short = await openTestEdge({ settings: { sessionLifetimeMs: 30 } });
    try {
      const brief = await initialize({ url: short.url, token: 'alice' });
      await pause(40);
      expect((await send({ url: short.url, token: 'alice', method: 'ping', ...inSession(brief) })).status).toBe(404);
    } finally {
      await short.close();
    }
  });

  it('a new one can be opened with a dead one in hand, and a client that drops its id keeps working', async () => {
    const answer = await post({
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} },
      ...inSession('garbage'),
    });
    expect([answer.status, typeof answer.headers['mcp-session-id']]).toEqual([200, 'string']);
    expect((await call('echo', { a: 1 })).status).toBe(200);
    expect((await call('ask', {})).text).toContain('cannot ask');
    expect((await post({ method: 'ping', headers: { 'mcp-protocol-version': undefined } })).status).toBe(200);
  });

  it('an unknown method does not look like an ended session', async () => {
    const answer = await post({ method: 'no/such' });
    expect([answer.status, answer.error?.code]).toEqual([200, -32601]);
  });

  it('a notification that nobody knows is left, whoever may send any', async () => {
    const session = await initialize({ url: edge.url, token: 'alice' });
    const say = (rest: Partial<TestRequest>) =>
      post({ method: 'notifications/x.example/any', id: null, ...inSession(session), ...rest });
    const before = edge.sent.length;
    for (const method of ['notifications/x.example/any', 'notifications/tasks/status', 'notifications/message'])
      expect([(await say({ method })).status, (await say({ method, era: 'modern' })).status]).toEqual([202, 202]);
    expect([
      (await say({ token: 'nobody' })).status,
      (await say({ token: 'bob' })).status,
      (await say({ token: 'bad' })).status,
    ]).toEqual([403, 404, 401]);
    expect(edge.sent).toHaveLength(before);
    expect(edge.reports.map(({ method }) => method)).not.toContain('notifications/x.example/any');
  });
});
