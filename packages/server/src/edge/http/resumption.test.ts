/** Legacy streams that broke off are resumed, by their owner only; a client that does not read is cut off. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventIdsOf, initialize, stream, type TestRequest } from '../testing/client.mts';
import { openNotifyingEdge } from '../testing/notifying-edge.mts';
import { pause } from '../testing/pause.mts';
import { rawRequest } from '../testing/raw-socket.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';
import type { Definition } from '@sallyport/guard';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openNotifyingEdge();
});
afterAll(() => edge.close());

const inSession = (session: string, headers: Record<string, string> = {}) => ({
  headers: { 'mcp-session-id': session, ...headers },
});
const get = (rest: Partial<TestRequest> = {}) =>
  stream({
    url: edge.url,
    token: 'alice',
    http: 'GET',
    ...rest,
    headers: { accept: 'text/event-stream', 'content-type': undefined, ...rest.headers },
  });

describe('interrupted streams', () => {
  const slow = (session: string, token: string, canary: string) =>
    stream({
      url: edge.url,
      token,
      method: 'tools/call',
      id: 1,
      params: { name: 'talk', arguments: { canary }, _meta: { progressToken: 1 } },
      ...inSession(session),
    });

  it('start with an event id and a retry time, and are resumed by their own session only', async () => {
    const session = await initialize({ url: edge.url, token: 'alice' });
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
    const other = await initialize({ url: edge.url, token: 'bob' });
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

  it('a legacy client that disconnects does not cancel its call, and can resume the stream', async () => {
    const session = await initialize({ url: edge.url, token: 'alice' });
    const open = await slow(session, 'alice', 'canary-2');
    const text = await open.until((received) => eventIdsOf(received).length > 0);
    const signal = edge.sent.at(-1)?.call.signal;
    open.close();
    await pause(80);
    expect(signal?.aborted).toBe(false);
    const resumed = await get({ headers: { 'mcp-session-id': session, 'last-event-id': eventIdsOf(text)[0] } });
    await resumed.until((received) => received.includes('canary-2'));
  });

  it('H9 an event id that is huge, negative, foreign or malformed resumes no stream', async () => {
    const session = await initialize({ url: edge.url, token: 'alice' });
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

describe('B10 what was missed is judged by the rights of now', () => {
  const inAll = (session: string, lastId?: string) =>
    stream({
      url: judged.url,
      path: '/mcp',
      token: 'alice',
      http: 'GET',
      headers: {
        accept: 'text/event-stream',
        'content-type': undefined,
        'mcp-session-id': session,
        ...(lastId !== undefined && { 'last-event-id': lastId }),
      },
    });
  let judged: TestEdge;
  let isDenied: (definition: Definition) => boolean;
  beforeAll(async () => {
    judged = await openNotifyingEdge({ deny: (definition) => isDenied(definition) });
  });
  afterAll(() => judged.close());

  it.each<[what: string, deny: (definition: Definition) => boolean, gone: readonly string[]]>([
    ['nothing', () => false, []],
    ['a resource', ({ server, kind }) => server === 'crm' && kind === 'resource', ['"crm+file:///a"']],
    ['a whole server', ({ server }) => server === 'crm', ['"crm+file:///a"', '"data":"crm"']],
  ])('when %s is denied by then', async (_what, deny, gone) => {
    isDenied = () => false;
    const ALL = ['"crm+file:///a"', '"docs+file:///a"', '"data":"crm"', '"data":"docs"'];
    const hasAll = (expected: readonly string[]) => (text: string) => expected.every((each) => text.includes(each));
    const session = await initialize({ url: judged.url, token: 'alice' });
    const first = await inAll(session);
    await first.until(hasAll(ALL));
    first.close();
    const [priming] = eventIdsOf(first.text());
    isDenied = deny;
    const rest = await inAll(session, priming);
    await rest.until(hasAll(ALL.filter((each) => !gone.includes(each))));
    rest.close();
    for (const each of gone) expect(rest.text()).not.toContain(each);
  });
});

describe('H9 a client that does not read', () => {
  it('is disconnected, and its buffered messages are bounded', { timeout: 30_000 }, async () => {
    const { connect } = await import('node:net');
    const flood = await openTestEdge({
      tools: {
        async talk(_permitted, channel) {
          for (let at = 0; at < 400; at++) {
            channel.notify('notifications/progress', { progressToken: 1, progress: at, message: 'x'.repeat(50_000) });
            if (at % 50 === 0) await pause(1);
          }
          return { value: { content: [] } };
        },
      },
    });
    try {
      const session = await initialize({ url: flood.url, token: 'alice' });
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
        rawRequest(
          'POST /mcp/crm',
          [
            `Host: 127.0.0.1:${flood.port}`,
            'Authorization: Bearer alice',
            'Accept: text/event-stream',
            'Content-Type: application/json',
            `Mcp-Session-Id: ${session}`,
            `Content-Length: ${body.length}`,
          ],
          body,
        ),
      );
      for (let at = 0; at < 400 && flood.httpEdge.activeConnections() === 0; at++) await pause(5);
      for (let at = 0; at < 1_000 && flood.httpEdge.activeConnections() > 0; at++) await pause(5);
      expect(flood.httpEdge.activeConnections()).toBe(0);
      socket.resume();
      socket.destroy();
      await closed;
    } finally {
      await flood.close();
    }
  });
});
