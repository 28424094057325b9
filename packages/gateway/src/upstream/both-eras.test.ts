/**
 * Servers that speak both eras, on the official SDK: a legacy client that can be asked is asked in a legacy session, as
 * it is without a gateway; all others share the modern era. And servers that answer one era with the words of another.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Era, JsonObject } from '@sallyport/guard';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ServerSettings } from '../snapshot.ts';
import { dualHttp, type DualHttp } from './testing/dual-server.mts';
import {
  createHarness,
  httpTransport,
  serverSettings,
  stdioTransport,
  waitUntil,
  type CallOptions,
  type RecordedNotification,
  type UpstreamHarness,
} from './testing/harness.mts';
import { callAsModernClient, CAPABILITIES, jsonOf, textOf } from './testing/sdk-servers.mts';

const DUAL = `${import.meta.dirname}/testing/dual-server.mts`;
const MODERN = `${import.meta.dirname}/testing/modern-server.mts`;
const LEGACY = `${import.meta.dirname}/testing/legacy-server.mts`;

const ANSWERS: Readonly<Record<string, JsonObject>> = {
  'elicitation/create': { action: 'accept', content: { name: 'Ann' } },
  'sampling/createMessage': { role: 'assistant', model: 'm', content: { type: 'text', text: 'Paris' } },
  'roots/list': { roots: [{ uri: 'file:///work' }] },
};
const asked: string[] = [];
const legacyClient: CallOptions = {
  session: 'one',
  capabilities: CAPABILITIES,
  onClientRequest: async (method) => {
    asked.push(method);
    return ANSWERS[method] ?? {};
  },
};

let http: DualHttp;
let stateless: DualHttp;
let harness: UpstreamHarness;
beforeAll(async () => {
  [http, stateless] = await Promise.all([dualHttp('sessions'), dualHttp('stateless')]);
  harness = createHarness([
    serverSettings('http', httpTransport(http.url)),
    serverSettings('stateless', httpTransport(stateless.url)),
    serverSettings('stdio', stdioTransport([DUAL])),
    serverSettings('modern-stdio', stdioTransport([MODERN])),
    serverSettings('as-legacy', httpTransport(http.url), { era: 'legacy' }),
    serverSettings('as-modern', httpTransport(http.url), { era: 'modern' }),
    serverSettings('stdio-as-legacy', stdioTransport([DUAL]), { era: 'legacy' }),
    serverSettings('stdio-as-modern', stdioTransport([DUAL]), { era: 'modern' }),
  ]);
  await harness.discover();
});
afterEach(() => void asked.splice(0));
afterAll(async () => {
  await harness.close();
  await Promise.all([http.close(), stateless.close()]);
});

const eraOf = async (server: string, options?: CallOptions): Promise<Era> =>
  jsonOf(await harness.callTool(server, 'era', {}, options)) as unknown as Era;

describe.each(['http', 'stdio'])('a server of both eras over %s', (server) => {
  it.each([
    ['push_elicit', 'elicitation/create', 'Ann'],
    ['push_sample', 'sampling/createMessage', 'Paris'],
    ['push_roots', 'roots/list', 'file:///work'],
    ['ask', 'elicitation/create', 'Ann'],
  ])('%s asks a legacy client while the call runs', async (tool, method, answer) => {
    expect(textOf(await harness.callTool(server, tool, {}, legacyClient))).toContain(answer);
    expect(asked).toEqual([method]);
  });

  it('a client that cannot be asked, and a modern one, are served in the modern era', async () => {
    expect(await eraOf(server, { session: 'two' })).toBe('modern');
    expect(await eraOf(server, { era: 'modern', capabilities: CAPABILITIES })).toBe('modern');
    expect((await callAsModernClient(harness, server, 'ask')).requested).toEqual(['elicitation/create']);
  });

  it('no definition drifts because it was read in both eras', async () => {
    await harness.callTool(server, 'ask', {}, legacyClient);
    expect(harness.events.filter(({ kind }) => kind === 'drift')).toEqual([]);
  });
});

it('a legacy client gets the updates of a resource once, over its own session', async () => {
  const notifications: RecordedNotification[] = [];
  const abort = new AbortController();
  const client = { ...legacyClient, session: 'watcher', notifications, signal: abort.signal };
  const stream = harness.run('stream/listen', { kind: 'servers', servers: ['http'] }, {}, client);
  const target = { kind: 'resource', server: 'http', name: 'test://watched' } as const;
  await harness.resultOf('resources/subscribe', target, { uri: target.name }, client);
  await waitUntil(() => http.seen.includes('POST resources/subscribe'));
  await harness.callTool('http', 'watch', {}, client);
  await waitUntil(() => notifications.length > 0);
  await harness.callTool('http', 'era', {}, client);
  expect(notifications).toEqual([{ method: 'notifications/resources/updated', params: { uri: target.name } }]);
  abort.abort();
  await stream;
});

it('a server without legacy sessions is spoken to in the modern era, and asked for a session once', async () => {
  for (const session of ['a', 'b', 'c'])
    expect(textOf(await harness.callTool('stateless', 'ask', {}, { ...legacyClient, session }))).toContain('Ann');
  expect(stateless.seen.filter((line) => line === 'POST initialize')).toHaveLength(1);
  expect(await eraOf('stateless', legacyClient)).toBe('modern');
});

it('a server that answers `initialize` with -32022 is modern', async () => {
  expect(textOf(await harness.callTool('modern-stdio', 'ask', {}, legacyClient))).toContain('Ann');
});

describe('servers.<name>.era decides', () => {
  it.each(['as-legacy', 'stdio-as-legacy'])(
    '%s: a modern client is bridged to requests of the server',
    async (server) => {
      expect(await eraOf(server, { era: 'modern', capabilities: CAPABILITIES })).toBe('legacy');
      const { result, requested } = await callAsModernClient(harness, server, 'push_elicit');
      expect([requested, textOf(result)]).toEqual([['elicitation/create'], expect.stringContaining('Ann')]);
    },
  );

  it.each(['as-modern', 'stdio-as-modern'])('%s: a legacy client is served in the modern era', async (server) => {
    expect(await eraOf(server, legacyClient)).toBe('modern');
    expect(textOf(await harness.callTool(server, 'ask', {}, legacyClient))).toContain('Ann');
  });

  it('a server that does not speak the era cannot be reached, and the reason says so', async () => {
    const wrong = createHarness([
      serverSettings('modern', stdioTransport([MODERN]), { era: 'legacy' }),
      serverSettings('legacy', stdioTransport([LEGACY]), { era: 'modern' }),
    ]);
    await wrong.discover();
    expect(wrong.upstreams.ready()).toEqual({
      modern: 'the server answered with error -32022: it speaks another era than its setting `era` demands',
      legacy: 'the server does not speak 2026-07-28, which its setting `era` demands',
    });
    await wrong.close();
  });
});

describe('a server that is slow to say what it speaks', () => {
  let server: Server;
  let settings: ServerSettings;
  let methods: string[];
  beforeAll(async () => {
    methods = [];
    server = createServer(async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const { id, method } = JSON.parse(Buffer.concat(chunks).toString()) as { id: number; method: string };
      methods.push(method);
      // The first question stays without an answer.
      if (methods.length === 1) return;
      const complete = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' };
      const discovered = { ...complete, supportedVersions: ['2026-07-28'], capabilities: { tools: {} } };
      const tools = { ...complete, tools: [{ name: 'echo', inputSchema: { type: 'object' } }] };
      const answer =
        method === 'initialize'
          ? { error: { code: -32022, message: 'Unsupported', data: { supported: ['2026-07-28'] } } }
          : { result: method === 'server/discover' ? discovered : tools };
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    settings = serverSettings('slow', httpTransport(`http://127.0.0.1:${port}/mcp`), { timeoutMs: 2_000 });
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('and then answers `initialize` with -32022 is asked again', async () => {
    const slow = createHarness([settings]);
    expect(await slow.listNames('tools/list', ['slow'], { era: 'modern' })).toEqual(['echo']);
    expect(methods.slice(0, 3)).toEqual(['server/discover', 'initialize', 'server/discover']);
    await slow.close();
  });
});
