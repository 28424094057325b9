/**
 * The revisions with a handshake over HTTP: sessions, streams that can be read on, questions, cancellation, and their
 * thieves.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBench, pause, type Bench } from '../testing/bench.mts';
import { ask, eventIdsOf, greet, stream, type Ask, type Json } from '../testing/client.mts';
import { openTalking } from '../testing/talking.mts';

let bench: Bench;
beforeAll(async () => {
  bench = await openTalking();
});
afterAll(() => bench.close());

const post = (rest: Omit<Ask, 'url'>) => ask({ url: bench.url, token: 'alice', ...rest });
const inSession = (session: string, headers: Record<string, string> = {}) => ({
  headers: { 'mcp-session-id': session, ...headers },
});
const call = (name: string, args: Json, rest: Omit<Partial<Ask>, 'url'> = {}) =>
  post({ method: 'tools/call', params: { name, arguments: args }, ...rest });
const get = (rest: Partial<Ask> = {}) =>
  stream({
    url: bench.url,
    token: 'alice',
    http: 'GET',
    ...rest,
    headers: { accept: 'text/event-stream', 'content-type': undefined, ...rest.headers },
  });

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
      await greet({ url: bench.url, token: 'alice' }),
      await greet({ url: bench.url, token: 'alice' }),
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
    const session = await greet({ url: bench.url, token: 'alice' });
    expect((await post({ token: 'alice2', method: 'ping', ...inSession(session) })).status).toBe(200);
    const again = await openBench();
    try {
      expect(
        (
          await ask({
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
    const session = await greet({ url: bench.url, token: 'alice' });
    const foreign = await (async () => {
      const other = await openBench({ sealingSecret: new Uint8Array(32).fill(8) });
      const id = await greet({ url: other.url, token: 'alice' });
      await other.close();
      return id;
    })();
    const before = bench.sent.length;
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
    expect(bench.sent).toHaveLength(before);
    expect((await post({ method: 'ping', headers: { 'mcp-session-id': [session, session] } })).status).toBe(400);
  });

  it('remember what the client can do, its extensions too, and the rest when those are too large', async () => {
    const seen: unknown[] = [];
    const noting = await openBench({
      tools: {
        echo: (_permitted, relay) => {
          seen.push(relay.capabilities);
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
        const session = await greet({ url: noting.url, token: 'alice' }, capabilities);
        await ask({
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
    const session = await greet({ url: bench.url, token: 'alice' });
    const statuses = await Promise.all(
      [session, 'garbage'].map(async (id) => (await ask({ url: bench.url, method: 'ping', ...inSession(id) })).status),
    );
    expect(statuses).toEqual([401, 401]);
  });

  it('end when they are ended, when they are old, and only then', async () => {
    const session = await greet({ url: bench.url, token: 'alice' });
    const end = (token: string) =>
      ask({ url: bench.url, token, http: 'DELETE', headers: { 'mcp-session-id': session, 'content-type': undefined } });
    expect((await end('bob')).status).toBe(404);
    expect((await post({ method: 'ping', ...inSession(session) })).status).toBe(200);
    expect((await end('alice')).status).toBeLessThan(300);
    expect((await post({ method: 'ping', ...inSession(session) })).status).toBe(404);
    expect((await end('alice')).status).toBe(404);
    const short = await openBench({ settings: { sessionLifetimeMs: 30 } });
    try {
      const brief = await greet({ url: short.url, token: 'alice' });
      await pause(40);
      expect((await ask({ url: short.url, token: 'alice', method: 'ping', ...inSession(brief) })).status).toBe(404);
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
    const session = await greet({ url: bench.url, token: 'alice' });
    const say = (rest: Partial<Ask>) =>
      post({ method: 'notifications/x.example/any', id: null, ...inSession(session), ...rest });
    const before = bench.sent.length;
    for (const method of ['notifications/x.example/any', 'notifications/tasks/status', 'notifications/message'])
      expect([(await say({ method })).status, (await say({ method, era: 'modern' })).status]).toEqual([202, 202]);
    expect([
      (await say({ token: 'nobody' })).status,
      (await say({ token: 'bob' })).status,
      (await say({ token: 'bad' })).status,
    ]).toEqual([403, 404, 401]);
    expect(bench.sent).toHaveLength(before);
    expect(bench.reports.map(({ method }) => method)).not.toContain('notifications/x.example/any');
  });
});

describe('streams that break off', () => {
  const slow = (session: string, token: string, canary: string) =>
    stream({
      url: bench.url,
      token,
      method: 'tools/call',
      id: 1,
      params: { name: 'talk', arguments: { canary }, _meta: { progressToken: 1 } },
      ...inSession(session),
    });

  it('start with an id and a time to wait, and are read on from the last event, by that session alone', async () => {
    const session = await greet({ url: bench.url, token: 'alice' });
    const open = await slow(session, 'alice', 'canary-1');
    const primed = await open.until((text) => text.includes('"progress":1'));
    open.close();
    expect(primed).toMatch(/^id: \S+\nretry: \d+\ndata: \n\n/);
    const ids = eventIdsOf(primed);
    await pause(60);
    const last = ids.at(-1) ?? '';
    for (const thief of ['bob', 'carol'])
      expect((await get({ token: thief, headers: { 'mcp-session-id': session, 'last-event-id': last } })).status).toBe(
        404,
      );
    const other = await greet({ url: bench.url, token: 'bob' });
    const stolen = await get({ token: 'bob', headers: { 'mcp-session-id': other, 'last-event-id': last } });
    await pause(50);
    expect(stolen.text()).not.toContain('canary-1');
    stolen.close();
    const resumed = await get({ headers: { 'mcp-session-id': session, 'last-event-id': last } });
    await resumed.ended;
    expect(resumed.messages().map((message) => message['method'] ?? message['id'])).toEqual(
      ['notifications/progress', 'notifications/progress', 1].slice(ids.length - 2),
    );
    expect(resumed.text()).toContain('canary-1');
    const whole = await get({ headers: { 'mcp-session-id': session, 'last-event-id': ids[0] } });
    await whole.ended;
    expect(whole.messages()).toHaveLength(4);
  });

  it('a client that goes away does not cancel: the call goes on and its answer waits', async () => {
    const session = await greet({ url: bench.url, token: 'alice' });
    const open = await slow(session, 'alice', 'canary-2');
    const text = await open.until((said) => eventIdsOf(said).length > 0);
    const signal = bench.sent.at(-1)?.call.signal;
    open.close();
    await pause(80);
    expect(signal?.aborted).toBe(false);
    const resumed = await get({ headers: { 'mcp-session-id': session, 'last-event-id': eventIdsOf(text)[0] } });
    await resumed.until((said) => said.includes('canary-2'));
  });

  it('H9 an event id that is huge, negative, foreign or malformed reads nothing on', async () => {
    const session = await greet({ url: bench.url, token: 'alice' });
    const open = await slow(session, 'alice', 'canary-3');
    await open.ended;
    const [first = ''] = eventIdsOf(open.text());
    const [streamId = ''] = first.split('.');
    for (const bad of [
      `${streamId}.999999999`,
      `${streamId}.-1`,
      `${streamId}.1e3`,
      `${streamId}.`,
      streamId,
      `${streamId}.0.0`,
      '0',
      '',
      `${'A'.repeat(16)}.0`,
      `../${first}`,
    ]) {
      const resumed = await get({ headers: { 'mcp-session-id': session, 'last-event-id': bad } });
      await pause(20);
      expect([bad, resumed.text().includes('canary-3')]).toEqual([bad, false]);
      resumed.close();
      await pause(5);
    }
  });
});

describe('cancellation', () => {
  const start = async (token: string, session: string, id: unknown = 1) => {
    const before = bench.sent.length;
    const done = ask({
      url: bench.url,
      token,
      method: 'tools/call',
      id,
      params: { name: 'wait' },
      ...inSession(session),
    });
    while (bench.sent.length === before) await pause(2);
    return { done, signal: bench.sent.at(-1)?.call.signal };
  };
  const cancel = (token: string, session: string | undefined, requestId: unknown) =>
    ask({
      url: bench.url,
      token,
      method: 'notifications/cancelled',
      id: null,
      params: { requestId },
      headers: session === undefined ? {} : { 'mcp-session-id': session },
    });

  it('ends the call that has this id in this session', async () => {
    const session = await greet({ url: bench.url, token: 'alice' });
    const { done, signal } = await start('alice', session);
    expect((await cancel('alice', session, 1)).status).toBe(202);
    expect(signal?.aborted).toBe(true);
    await done;
  });

  it('A19 reaches no call of another user, session or agent, and none with another type of id', async () => {
    const session = await greet({ url: bench.url, token: 'alice' });
    const { done, signal } = await start('alice', session);
    await cancel('bob', session, 1);
    await cancel('bob', await greet({ url: bench.url, token: 'bob' }), 1);
    await cancel('alice', await greet({ url: bench.url, token: 'alice' }), 1);
    await cancel('alice-bot', session, 1);
    await cancel('alice', undefined, 1);
    await cancel('alice', session, '1');
    await cancel('alice', session, { id: 1 });
    expect(signal?.aborted).toBe(false);
    await cancel('alice', session, 1);
    expect(signal?.aborted).toBe(true);
    await done;
  });

  it('J5 an id that is used twice crashes nothing, and each gets its own answer', async () => {
    const session = await greet({ url: bench.url, token: 'alice' });
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((canary) => call('echo', { canary }, { id: 1, ...inSession(session) })),
    );
    expect(answers.map((answer) => /"canary\\":\\"(\w)/.exec(answer.text)?.[1])).toEqual(['a', 'b', 'c']);
  });
});

describe('A19 200 clients that all use id 1, with cancellations and reconnects', () => {
  it('get their own answers and nothing of anybody else', { timeout: 60_000 }, async () => {
    const before = bench.sent.length;
    const lives = Array.from({ length: 200 }, async (_, at) => {
      const token = `${['alice', 'bob', 'carol'][at % 3] ?? 'alice'}.${at % 10}`;
      const canary = `canary-${at}-`;
      const session = await greet({ url: bench.url, token });
      const params = { name: 'talk', arguments: { canary }, _meta: { progressToken: 1 } };
      if (at % 4 === 0) {
        const waiting = ask({
          url: bench.url,
          token,
          method: 'tools/call',
          id: 1,
          params: { name: 'wait' },
          ...inSession(session),
        });
        await pause(at % 20);
        await ask({
          url: bench.url,
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
          url: bench.url,
          token,
          method: 'tools/call',
          id: 1,
          params,
          ...inSession(session),
        });
        const text = await open.until((said) => eventIdsOf(said).length > 0, 20_000);
        open.close();
        const resumed = await stream({
          url: bench.url,
          token,
          http: 'GET',
          headers: {
            accept: 'text/event-stream',
            'content-type': undefined,
            'mcp-session-id': session,
            'last-event-id': eventIdsOf(text)[0],
          },
        });
        await resumed.until((said) => said.includes('"result"'), 20_000);
        resumed.close();
        return { canary, texts: [text, resumed.text()] };
      }
      const [one, two] = await Promise.all([
        ask({ url: bench.url, token, method: 'tools/call', id: 1, params, ...inSession(session) }),
        ask({ url: bench.url, token, era: 'modern', method: 'tools/call', id: 1, params }),
      ]);
      for (const answer of [one, two])
        expect(answer.result).toMatchObject({ content: [{ type: 'text', text: JSON.stringify(canary) }] });
      return { canary, texts: [one.text, two.text] };
    });
    for (const { canary, texts } of await Promise.all(lives)) {
      for (const text of texts) for (const found of text.match(/canary-\d+-/g) ?? []) expect(found).toBe(canary);
      expect(texts.join('')).toContain(canary);
    }
    expect(bench.sent.length - before).toBeGreaterThan(300);
  });
});

describe('H9 a client that does not read', () => {
  it('is cut off instead of being waited for, and what is kept for it is bounded', { timeout: 30_000 }, async () => {
    const { connect } = await import('node:net');
    const flood = await openBench({
      tools: {
        async talk(_permitted, relay) {
          for (let at = 0; at < 400; at++) {
            relay.notify('notifications/progress', { progressToken: 1, progress: at, message: 'x'.repeat(50_000) });
            if (at % 50 === 0) await pause(1);
          }
          return { value: { content: [] } };
        },
      },
    });
    try {
      const session = await greet({ url: flood.url, token: 'alice' });
      const body = JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'talk', _meta: { progressToken: 1 } },
      });
      const socket = connect(flood.port, '127.0.0.1');
      socket.pause();
      const closed = new Promise<void>((resolve) => {
        socket.once('close', () => resolve());
        socket.on('error', () => {});
      });
      socket.write(
        `POST /mcp/crm HTTP/1.1\r\nHost: 127.0.0.1:${flood.port}\r\nAuthorization: Bearer alice\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nMcp-Session-Id: ${session}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      for (let at = 0; at < 400 && flood.edge.activeConnections() === 0; at++) await pause(5);
      for (let at = 0; at < 1_000 && flood.edge.activeConnections() > 0; at++) await pause(5);
      expect(flood.edge.activeConnections()).toBe(0);
      socket.resume();
      socket.destroy();
      await closed;
    } finally {
      await flood.close();
    }
  });
});
