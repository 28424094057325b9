/** A18, H9: a session id and the event ids of a stream are of use to the user who got them, and to nobody else. */
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { sendHttp } from './http-client.ts';
import { connect, headersFor, post } from './mcp-client.ts';
import { changed, OTHER_CALLERS } from './stolen-handles.ts';
import { openUpstream, SILENT, tool, type Upstream } from './upstream.ts';

/** Reports progress, and answers when the test says so. */
let slow: Upstream;
let finish: (() => void) | undefined;
let gateway: TestGateway;
beforeAll(async () => {
  slow = await openUpstream({
    tools: [tool('talk')],
    respond: ({ method, body }, response) => {
      if (method !== 'tools/call') return undefined;
      const { id, params } = JSON.parse(body) as {
        id: number;
        params: { arguments: { a: string }; _meta: { progressToken: unknown } };
      };
      const sendEvent = (message: object): void =>
        void response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const { progressToken } = params._meta;
      for (const progress of [1, 2])
        sendEvent({
          method: 'notifications/progress',
          params: { progressToken, progress, message: params.arguments.a },
        });
      finish = () => {
        sendEvent({ id, result: { content: [{ type: 'text', text: params.arguments.a }] } });
        response.end();
      };
      return SILENT;
    },
  });
  gateway = await openGateway({ servers: { slow: { url: slow.url } } });
});
afterAll(async () => {
  await gateway?.close();
  await slow?.close();
});

describe('A18 a session id', () => {
  const attempts = (session: string, token: string) =>
    [
      [
        'POST',
        post(
          `${gateway.url}/mcp/slow`,
          headersFor('legacy', token, { method: 'tools/list', params: {} }, session),
          JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
        ).then(({ status }) => status),
      ],
      [
        'GET',
        sendHttp(gateway.url, {
          path: '/mcp/slow',
          headers: { ...headersFor('legacy', token, { method: '', params: {} }, session), accept: 'text/event-stream' },
        }).then(({ status }) => status),
      ],
      [
        'DELETE',
        sendHttp(gateway.url, {
          method: 'DELETE',
          path: '/mcp/slow',
          headers: headersFor('legacy', token, { method: '', params: {} }, session),
        }).then(({ status }) => status),
      ],
    ] as const;

  it.each(OTHER_CALLERS.slice(0, 3))(
    'is refused from %s with every method, and stays open',
    async (_name, user, claims) => {
      const client = await connect(`${gateway.url}/mcp/slow`, await gateway.token('alice'), 'legacy');
      for (const [method, status] of attempts(client.session ?? '', await gateway.token(user, claims)))
        expect([method, await status]).toEqual([method, 404]);
      expect((await client.send('tools/list', {})).status).toBe(200);
    },
  );

  it('with a bit changed is refused', async () => {
    const client = await connect(`${gateway.url}/mcp/slow`, await gateway.token('alice'), 'legacy');
    const token = await gateway.token('alice');
    for (const bad of changed(client.session ?? ''))
      for (const [method, status] of attempts(bad, token)) expect([method, await status]).toEqual([method, 404]);
  });
});

interface OpenStream {
  text(): string;
  until(pattern: RegExp): Promise<string>;
  close(): void;
  readonly status: number;
}

async function openStream(method: 'GET' | 'POST', headers: Record<string, string>, body?: string): Promise<OpenStream> {
  const abort = new AbortController();
  const response = await request(`${gateway.url}/mcp/slow`, {
    method,
    headers: { accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream', ...headers },
    signal: abort.signal,
    ...(body !== undefined && { body }),
  });
  let text = '';
  response.body.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', () => undefined);
  return {
    status: response.statusCode,
    text: () => text,
    close: () => abort.abort(),
    until: async (pattern) => {
      await expect.poll(() => text, { timeout: 30_000, interval: 10 }).toMatch(pattern);
      return text;
    },
  };
}

describe('A18 H9 the broken-off stream of a call', () => {
  const begin = async () => {
    const token = await gateway.token('alice');
    const client = await connect(`${gateway.url}/mcp/slow`, token, 'legacy');
    const params = { name: 'talk', arguments: { a: 'CANARY' }, _meta: { progressToken: 1 } };
    const call = await openStream(
      'POST',
      {
        ...headersFor('legacy', token, { method: 'tools/call', params }, client.session),
        'content-type': 'application/json',
      },
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    );
    const text = await call.until(/"progress":1/);
    call.close();
    return { token, session: client.session ?? '', event: /^id: (\S+)$/m.exec(text)?.[1] ?? '' };
  };
  const resume = (token: string, session: string, event: string): Promise<OpenStream> =>
    openStream('GET', { ...headersFor('legacy', token, { method: '', params: {} }, session), 'last-event-id': event });

  it.each(OTHER_CALLERS)('is not resumed by %s, with that session or one of their own', async (_name, user, claims) => {
    const { token, session, event } = await begin();
    const stolenBy = await gateway.token(user, claims);
    const own = await connect(`${gateway.url}/mcp/slow`, stolenBy, 'legacy');
    const streams = [await resume(stolenBy, session, event), await resume(stolenBy, own.session ?? '', event)];
    expect(streams[0]?.status).toBe(404);
    // The call ends while the others listen; its owner can read its result then.
    finish?.();
    const again = await resume(token, session, event);
    expect(await again.until(/"result"/)).toContain('CANARY');
    again.close();
    for (const stream of streams) {
      expect(stream.text()).not.toContain('CANARY');
      stream.close();
    }
  });
});
