/** Streamable HTTP in both eras: threats from a server, and what the gateway sends. */
import { gzipSync } from 'node:zlib';
import type { JsonObject } from '@sallyport/guard';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeHttp, type FakeHttp } from '../../testing/fake-http.mts';
import { legacyFake, type FakeLegacy } from '../../testing/fake-legacy.mts';
import {
  httpTransport,
  createHarness,
  serverSettings,
  waitUntil,
  type RecordedNotification,
  type UpstreamHarness,
  type CallOptions,
} from '../../testing/harness.mts';

let modern: FakeHttp;
let legacy: FakeLegacy;
let harness: UpstreamHarness;

beforeEach(async () => {
  [modern, legacy] = await Promise.all([fakeHttp(), legacyFake()]);
  harness = createHarness([
    serverSettings(
      'new',
      { kind: 'http', url: modern.url, headers: { Authorization: 'Bearer operator' } },
      { resultBytesMax: 100_000, timeoutMs: 15_000 },
    ),
    serverSettings('old', httpTransport(legacy.url), { resultBytesMax: 100_000, timeoutMs: 15_000 }),
  ]);
  await harness.discover();
});

afterEach(async () => {
  await harness.close();
  await Promise.all([modern.close(), legacy.close()]);
});

const call = (server: string, more: CallOptions = {}) =>
  harness.run('tools/call', { kind: 'tool', server, name: 'echo' }, { name: 'echo', arguments: {} }, more);
const textOf = (value: JsonObject): string => ((value['content'] as { text: string }[])[0] as { text: string }).text;
const event = (message: unknown, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(message)}\n\n`;
const result = (id: unknown, text: string): JsonObject => ({
  jsonrpc: '2.0',
  id: id as number,
  result: { content: [{ type: 'text', text }] },
});

describe.each(['new', 'old'] as const)('%s', (server) => {
  const onCall = (answer: (id: number, res: import('node:http').ServerResponse) => void): void => {
    const hook = (
      { method, id }: { method: string; id: number },
      res: import('node:http').ServerResponse,
    ): undefined => {
      if (method === 'tools/call') answer(id, res);
    };
    modern.answer = hook;
    legacy.answer = hook;
  };

  it('H11 a response with a content encoding is refused before it is read', async () => {
    onCall((id, res) =>
      res
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'br' })
        .end(JSON.stringify(result(id, 'plain after all'))),
    );
    expect(await call(server)).toMatchObject({ error: { code: 'upstream_failed' } });
  });

  it('H11 a compressed response is refused and not unpacked', async () => {
    onCall((id, res) =>
      res
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(gzipSync(JSON.stringify(result(id, 'x'.repeat(50_000_000))), { level: 1 })),
    );
    expect(await call(server)).toMatchObject({ error: { code: 'upstream_failed' } });
  });

  it('the gateway stops reading a body above the limit', async () => {
    let written = 0;
    onCall((_id, res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      const more = (): void => {
        if (res.destroyed || written > 1 << 28) return;
        written += 1 << 16;
        res.write('x'.repeat(1 << 16), () => setImmediate(more));
      };
      more();
    });
    expect(await call(server)).toMatchObject({ error: { code: 'output_blocked' } });
    expect(written).toBeLessThan(1 << 25);
  });

  it('the gateway stops reading an event above the limit', async () => {
    onCall((_id, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      const more = (): void => {
        if (!res.destroyed) res.write(`data: ${'x'.repeat(1 << 14)}\n`, () => setImmediate(more));
      };
      more();
    });
    expect(await call(server)).toMatchObject({ error: { code: 'output_blocked' } });
  });

  it('S4 a redirect is not followed', async () => {
    onCall((_id, res) => res.writeHead(307, { location: modern.url }).end());
    modern.received.length = 0;
    expect(await call(server)).toMatchObject({ error: { code: 'upstream_failed' } });
    expect(modern.received.filter(({ method }) => method === 'tools/call').length).toBe(server === 'new' ? 1 : 0);
  });

  it.each([
    [500, 'boom'],
    [401, ''],
    [200, 'not json'],
    [200, '[]'],
    [200, '{"jsonrpc":"2.0","id":999,"result":{}}'],
    [202, ''],
  ])('a response of %i %s fails the call, with a message of the gateway', async (status, body) => {
    onCall((_id, res) => res.writeHead(status, { 'content-type': 'application/json' }).end(body));
    const outcome = await call(server);
    expect(outcome).toMatchObject({ error: { code: 'upstream_failed' } });
    expect(outcome.status !== 'success' && outcome.error.message).toBe('The server behind the gateway failed.');
  });

  it('a deeply nested response is refused', async () => {
    onCall((id, res) =>
      res
        .writeHead(200, { 'content-type': 'application/json' })
        .end(`{"jsonrpc":"2.0","id":${id},"result":{"content":[],"deep":${'['.repeat(5000)}${']'.repeat(5000)}}}`),
    );
    expect(await call(server)).toMatchObject({ error: { code: 'upstream_failed' } });
  });

  it('a stream may come in pieces, with comments, CRs and unknown fields', async () => {
    onCall((id, res) => {
      const withCrs = event(result(id, 'Zürich')).replace(/\n/g, '\r\n');
      const bytes = Buffer.from(`\uFEFF: hello\r\nevent: message\r\nfoo: bar\r\n${withCrs}`);
      res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      void (async () => {
        for (let at = 0; at < bytes.length; at += 7) {
          res.write(bytes.subarray(at, at + 7));
          await new Promise((resolve) => setImmediate(resolve));
        }
        res.end();
      })();
    });
    const outcome = await call(server);
    expect(outcome.status === 'success' && textOf(outcome.result.value)).toBe('Zürich');
  });

  it('S13 responses to other requests are dropped, and a stream that does not end is closed', async () => {
    onCall((id, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(
        event(result(id + 1, 'STOLEN')) +
          event(result('x', 'STOLEN')) +
          event(result(id, 'own')) +
          event(result(id, 'second')),
      );
    });
    const outcome = await call(server);
    expect(outcome.status === 'success' && textOf(outcome.result.value)).toBe('own');
  });

  it('a silent server times out, and its request is closed', async () => {
    // A session is open, so that the deadline leaves the time for the call itself.
    expect(await call(server)).toMatchObject({ status: 'success' });
    modern.answer = ({ method }) => (method === 'tools/call' ? new Promise(() => undefined) : undefined);
    legacy.answer = ({ method }) => (method === 'tools/call' ? new Promise(() => undefined) : undefined);
    expect(await call(server, { deadlineMs: 1_000 })).toMatchObject({ error: { code: 'upstream_timeout' } });
    if (server === 'new') await waitUntil(() => modern.closed.includes('tools/call'));
    else await waitUntil(() => legacy.received.some(({ method }) => method === 'notifications/cancelled'));
  });
});

describe('2026-07-28', () => {
  it("the request has the operator's headers and the gateway's own, and nothing of the caller", async () => {
    await call('new', { user: 'SECRET-TOKEN' });
    const { headers, params } = modern.received.findLast(
      ({ method }) => method === 'tools/call',
    ) as (typeof modern.received)[0];
    expect(headers['authorization']).toBe('Bearer operator');
    expect(Object.keys(headers).sort()).toEqual([
      'accept',
      'accept-encoding',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
      'mcp-method',
      'mcp-name',
      'mcp-protocol-version',
    ]);
    expect(params['_meta']).toMatchObject({
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'sallyport' },
      'io.modelcontextprotocol/clientCapabilities': {},
    });
    expect(JSON.stringify([headers, params])).not.toContain('SECRET');
  });

  it('the arguments are sent byte for byte as they were judged', async () => {
    const raw = Buffer.from('{"b" : 1.0, "a":"\\u00e9"}');
    await harness.resultOf(
      'tools/call',
      { kind: 'tool', server: 'new', name: 'echo' },
      { name: 'echo', arguments: JSON.parse(raw.toString()) as JsonObject },
      { rawArguments: raw },
    );
    expect(modern.received.at(-1)?.raw).toContain('"arguments":{"b" : 1.0, "a":"\\u00e9"}}}');
  });

  it('an error between gateway and server is not relayed; a missing capability is translated', async () => {
    for (const [code, expected] of [
      [-32020, 'upstream_failed'],
      [-32022, 'upstream_failed'],
      [-32021, 'missing_client_capability'],
    ] as const) {
      modern.answer = ({ method, id }, res) => {
        if (method === 'tools/call')
          res.writeHead(400, { 'content-type': 'application/json' }).end(
            JSON.stringify({
              jsonrpc: '2.0',
              id,
              error: { code, message: 'x', data: { requiredCapabilities: { sampling: {} } } },
            }),
          );
        return undefined;
      };
      const outcome = await call('new', { era: 'modern' });
      expect(outcome).toMatchObject({ error: { code: expected } });
      expect(outcome.status !== 'success' && outcome.error.detail.rpc).toBeUndefined();
    }
  });
});

describe('up to 2025-11-25', () => {
  it('the gateway opens a session, names it and the revision in headers, and deletes it', async () => {
    await call('old', { session: 's' });
    const request = legacy.received.findLast(({ method }) => method === 'tools/call');
    expect(request?.req.headers).toMatchObject({ 'mcp-protocol-version': '2025-11-25' });
    expect(legacy.sessions.has(request?.session ?? '')).toBe(true);
    await harness.close();
    expect(legacy.sessions.size).toBe(0);
  });

  it.each(['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'])('the gateway speaks %s', async (version) => {
    legacy.version = version;
    const outcome = await call('old', { session: version });
    expect(outcome.status).toBe('success');
    const request = legacy.received.findLast(({ method }) => method === 'tools/call');
    expect(request?.req.headers['mcp-protocol-version']).toBe(version < '2025-06-18' ? undefined : version);
  });

  it('a server of an unknown revision is refused', async () => {
    legacy.version = '2031-01-01';
    expect(await call('old', { session: 'new one' })).toMatchObject({ error: { code: 'upstream_failed' } });
  });

  it('L10 a call whose session the server forgot is not repeated, and the next call gets a new session', async () => {
    await call('old', { session: 's' });
    legacy.sessions.clear();
    expect(await call('old', { session: 's' })).toMatchObject({ error: { code: 'upstream_failed' } });
    expect(legacy.received.filter(({ method }) => method === 'tools/call')).toHaveLength(2);
    expect(await call('old', { session: 's' })).toMatchObject({ status: 'success' });
    expect(legacy.received.filter(({ method }) => method === 'tools/call')).toHaveLength(3);
    legacy.answer = ({ method, session }) => {
      if (method === 'tools/call') legacy.sessions.delete(session ?? '');
      return undefined;
    };
    expect(await call('old', { session: 's' })).toMatchObject({ error: { code: 'upstream_failed' } });
  });

  it('a stream that broke after an event id is resumed, and the call is not repeated', async () => {
    const progress: RecordedNotification[] = [];
    let callId = 0;
    legacy.answer = ({ method, id, req }, res) => {
      if (method === 'tools/call') {
        callId = id;
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        res.write('retry: 60\nid: e1\ndata:\n\n');
        res.write(
          event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: id, progress: 1 } }, 'e2'),
          () => res.destroy(),
        );
      }
      if (method === 'GET' && req.headers['last-event-id'] !== undefined) {
        const from = req.headers['last-event-id'];
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        // The first resumption ends again without the answer: the server polls.
        const progress = { progressToken: callId, progress: 2 };
        if (from === 'e2')
          res.end(`retry: 60\n${event({ jsonrpc: '2.0', method: 'notifications/progress', params: progress }, 'e3')}`);
        else res.end(event(result(callId, 'resumed'), 'e4'));
      }
      return undefined;
    };
    const outcome = await call('old', { session: 's', progressToken: 7, notifications: progress });
    expect(outcome.status === 'success' && textOf(outcome.result.value)).toBe('resumed');
    expect(progress.map(({ params }) => params['progress'])).toEqual([1, 2]);
    expect(legacy.received.filter(({ method }) => method === 'tools/call')).toHaveLength(1);
  });

  it.each([400, 404, 405, 'nobody'] as const)(
    'a call whose stream broke and cannot be resumed is not repeated: %s',
    async (refusal) => {
      legacy.answer = ({ method, req }, res) => {
        if (method === 'tools/call') {
          res.writeHead(200, { 'content-type': 'text/event-stream' });
          res.write('retry: 50\nid: e1\ndata:\n\n', () => {
            res.destroy();
            if (refusal === 'nobody') void legacy.close();
          });
        }
        if (method === 'GET' && req.headers['last-event-id'] !== undefined) res.writeHead(refusal as number).end();
        return undefined;
      };
      expect(await call('old', { session: 's' })).toMatchObject({ error: { code: 'upstream_failed' } });
      expect(legacy.received.filter(({ method }) => method === 'tools/call')).toHaveLength(1);
      legacy.answer = () => undefined;
      if (refusal !== 'nobody') expect(await call('old', { session: 's' })).toMatchObject({ status: 'success' });
    },
  );

  it('400 with -32000, as the examples of the SDK v1 answer, ends a session too', async () => {
    await call('old', { session: 's' });
    legacy.sessions.clear();
    legacy.answer = ({ id, session }, res) => {
      if (session !== undefined && !legacy.sessions.has(session))
        res.writeHead(400, { 'content-type': 'application/json' }).end(
          JSON.stringify({
            jsonrpc: '2.0',
            id,
            error: { code: -32000, message: 'Bad Request: No valid session ID provided' },
          }),
        );
      return undefined;
    };
    expect(await call('old', { session: 's' })).toMatchObject({ error: { code: 'upstream_failed' } });
    expect(await call('old', { session: 's' })).toMatchObject({ status: 'success' });
  });

  it('the GET stream is opened again after an overload, and may carry progress', async () => {
    const notifications: RecordedNotification[] = [];
    let opened = 0;
    let own: import('node:http').ServerResponse | undefined;
    legacy.answer = ({ method, params }, res) => {
      if (method === 'GET') {
        if (++opened === 1) res.writeHead(503, { 'retry-after': '1' }).end();
        else (own = res).writeHead(200, { 'content-type': 'text/event-stream' }).write(': here\n\n');
      }
      const token = (params['_meta'] as JsonObject | undefined)?.['progressToken'];
      if (method !== 'tools/call' || token === undefined) return undefined;
      for (const progressToken of ['another', 999, token])
        own?.write(event({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1 } }));
      return waitUntil(() => notifications.length > 0).then(() => ({ content: [] }));
    };
    await call('old', { session: 's' });
    await waitUntil(() => own !== undefined);
    await call('old', { session: 's', progressToken: 'mine', notifications });
    expect(notifications.map(({ params }) => params['progressToken'])).toEqual(['mine']);
  });

  it('a stream without an event id is not resumed', async () => {
    legacy.answer = ({ method }, res) => {
      if (method === 'tools/call') {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        res.write(': hi\n\n', () => res.destroy());
      }
      return undefined;
    };
    expect(await call('old', { session: 's' })).toMatchObject({ error: { code: 'upstream_failed' } });
  });
});
