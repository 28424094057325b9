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
  const versionFor = async (requested: unknown): Promise<unknown> =>
    (
      await post({
        method: 'initialize',
        params: { protocolVersion: requested, capabilities: {}, clientInfo: { name: 't', version: '1' } },
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
  ])('version %s is answered with %s', async (requested, negotiated) => {
    expect(await versionFor(requested)).toBe(negotiated);
  });

  it('describes one server on its own path, and the gateway on /mcp', async () => {
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

  it('A15 an unknown server is not found', async () => {
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

  it('returns a new session id each time, in visible ASCII, that reveals nothing', async () => {
    const [first, second] = [
      await initialize({ url: edge.url, token: 'alice' }),
      await initialize({ url: edge.url, token: 'alice' }),
    ];
    expect(first).not.toBe(second);
    for (const id of [first, second]) {
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

  it('A18 are 404 for every other user and tenant; so are invalid ids', async () => {
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

  it('keep the capabilities of the client, without its extensions when they are too large', async () => {
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

  it('A18 are not credentials: 401 without one, for valid and invalid ids alike', async () => {
    const session = await initialize({ url: edge.url, token: 'alice' });
    const statuses = await Promise.all(
      [session, 'garbage'].map(async (id) => (await send({ url: edge.url, method: 'ping', ...inSession(id) })).status),
    );
    expect(statuses).toEqual([401, 401]);
  });

  it('end when the client ends them, and when they expire', async () => {
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

  it('can be replaced after they ended; a client without a session id keeps working', async () => {
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

  it('are still open after a request with an unknown method', async () => {
    const answer = await post({ method: 'no/such' });
    expect([answer.status, answer.error?.code]).toEqual([200, -32601]);
  });

  it('unknown notifications are ignored when their sender is accepted', async () => {
    const session = await initialize({ url: edge.url, token: 'alice' });
    const notify = (rest: Partial<TestRequest>) =>
      post({ method: 'notifications/x.example/any', id: null, ...inSession(session), ...rest });
    const before = edge.sent.length;
    for (const method of ['notifications/x.example/any', 'notifications/tasks/status', 'notifications/message'])
      expect([(await notify({ method })).status, (await notify({ method, era: 'modern' })).status]).toEqual([202, 202]);
    expect([
      (await notify({ token: 'nobody' })).status,
      (await notify({ token: 'bob' })).status,
      (await notify({ token: 'bad' })).status,
    ]).toEqual([403, 404, 401]);
    expect(edge.sent).toHaveLength(before);
    expect(edge.reports.map(({ method }) => method)).not.toContain('notifications/x.example/any');
  });
});
