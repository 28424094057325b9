/**
 * A14, A15: every way in, without a credential, with another tenant's, and with ids that are nobody's. What is answered
 * with data is a short published list; nothing of the rest reaches a server.
 */
import { isMcpMethod, MCP_METHODS, methodRow, METHODS } from '@sallyport/guard';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAdmin } from '../../packages/gateway/src/control/admin.ts';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { openStdioClient } from './stdio-client.ts';
import { openInstallation } from './installation.ts';
import { connect, headersFor, MODERN_META, post, type Era, type RawClient } from './mcp-client.ts';
import { sendHttp, mcpHeaders } from './http-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

const OFFER = {
  tools: [tool('alpha', { a: {} }, { description: 'CANARY of a definition' })],
  prompts: [{ name: 'greet', description: 'CANARY' }],
  resources: [{ uri: 'mem://x', name: 'CANARY' }],
  templates: [{ uriTemplate: 'mem://doc/{id}', name: 'CANARY' }],
};
const POLICIES =
  'permit (principal in Tenant::"acme", action, resource in Server::"one"); permit (principal in Tenant::"globex", action, resource in Server::"two");';
const ERAS = ['modern', 'legacy'] as const;

let one: Upstream;
let two: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  [one, two] = [await openUpstream(OFFER), await openUpstream(OFFER)];
  gateway = await openGateway({ servers: { one: { url: one.url }, two: { url: two.url } }, policies: POLICIES });
});
afterAll(async () => {
  await gateway?.close();
  await one.close();
  await two.close();
});

let before: number;
const arrived = (): number => one.received.length + two.received.length;
beforeEach(() => {
  before = arrived();
});

/** Params that name something of a server, for every method of the table. */
function paramsOf(method: string, server: string): Record<string, unknown> {
  const own = (name: string): string => (server === '' ? name : `${server}__${name}`);
  const uri = server === '' ? 'mem://x' : `${server}+mem://x`;
  if (method === 'tools/call') return { name: own('alpha'), arguments: {} };
  if (method === 'prompts/get') return { name: own('greet') };
  if (method.startsWith('resources/') && !method.endsWith('list')) return { uri };
  if (method === 'completion/complete')
    return { ref: { type: 'ref/prompt', name: own('greet') }, argument: { name: 'a', value: '' } };
  if (method.startsWith('tasks/')) return { taskId: `${server || 'one'}.abcdef` };
  if (method === 'initialize')
    return { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
  return {
    notifications: { toolsListChanged: true, resourceSubscriptions: [uri] },
    level: 'debug',
    requestId: 7,
    progressToken: 7,
    progress: 1,
  };
}

const bodyOf = (era: Era, method: string, params: Record<string, unknown>): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    ...(!method.startsWith('notifications/') && { id: 1 }),
    method,
    params: era === 'modern' ? { ...params, _meta: MODERN_META } : params,
  });

const ALL_METHODS = [...Object.keys(METHODS), 'no/such/method', 'rpc.discover', 'admin/test'];

describe.each(ERAS)('A14 %s: without a credential', (era) => {
  it.each(ALL_METHODS)('%s is refused at every endpoint', async (method) => {
    for (const [path, server] of [
      ['/mcp', 'one'],
      ['/mcp/one', ''],
      ['/mcp/two', ''],
      ['/mcp/nothing', ''],
    ] as const) {
      const params = paramsOf(method, server);
      for (const token of ['', 'sp_0123456789abcdef_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'a.b.c']) {
        const { status, headers, messages, error } = await post(
          `${gateway.url}${path}`,
          headersFor(era, token, { method, params }),
          bodyOf(era, method, params),
        );
        // Of the older revisions a method that nobody has is answered in the body, before anybody is asked who they are.
        if (status === 200) expect([era, error?.code]).toEqual(['legacy', -32601]);
        else expect([400, 401, 404], path).toContain(status);
        if (isMcpMethod(method) && METHODS[method].eras.includes(era) && METHODS[method].direction !== 'to_client')
          expect(status).toBe(401);
        if (status === 401) expect(headers['www-authenticate']).toMatch(/^Bearer resource_metadata="/);
        expect(JSON.stringify(messages)).not.toContain('CANARY');
      }
    }
    expect(arrived()).toBe(before);
  });
});

/** Everything that the gateway's listener answers to who has no credential: addresses of authorization servers, and that it lives. */
const OPEN = [
  '/health',
  '/ready',
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-protected-resource/mcp',
  '/.well-known/oauth-protected-resource/mcp/one',
];
const CLOSED = [
  '/',
  '/mcp',
  '/mcp/one',
  '/mcp/two',
  '/sse',
  '/messages',
  '/message',
  '/api/v1',
  '/api/v1/servers',
  '/v0.1/servers',
  '/metrics',
  '/admin',
  '/audit/acme/checkpoint',
  '/oauth',
  '/oauth/token',
  '/connect/one',
  '/mcp-connect/one',
  '/test',
  '/debug',
  '/.env',
  '/.well-known/oauth-authorization-server',
  '/openapi.json',
];

describe('A14 every route of the gateway listener', () => {
  it.each(OPEN)('%s says nothing of servers or tenants, to reading methods only', async (path) => {
    const { status, text } = await sendHttp(gateway.url, { path });
    expect(status).toBe(200);
    expect(text).not.toMatch(/CANARY|globex|acme|alpha/);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      expect(
        (await sendHttp(gateway.url, { path, method, headers: mcpHeaders(undefined), body: '{}' })).status,
        method,
      ).toBeGreaterThanOrEqual(400);
    expect(arrived()).toBe(before);
  });

  it.each(CLOSED)('%s gives nobody anything without a credential', async (path) => {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      const { status, text } = await sendHttp(gateway.url, {
        path,
        method,
        headers: mcpHeaders(undefined, { 'mcp-session-id': 'x', upgrade: 'websocket' }),
        ...(method === 'POST' && { body: bodyOf('legacy', 'tools/list', {}) }),
      });
      expect(status === 204 ? text : status, method).toSatisfy(
        (value: unknown) => value === '' || Number(value) >= 400,
      );
      expect(text).not.toContain('CANARY');
    }
    expect(arrived()).toBe(before);
  });
});

/** Route → a path of it, and what is in its answer. A route without a row here fails the first test. */
const ADMIN: Readonly<Record<string, readonly [path: string, answer: RegExp]>> = {
  '^\\/health$': ['/health', /^\{"status":"ok"\}\n$/],
  '^\\/ready$': ['/ready', /^\{"status":"ready","checks":\{[a-z0-9.:/", ]*\}\}\n$/],
  '^\\/metrics$': ['/metrics', /^# HELP /],
  '^\\/audit\\/(_|[A-Za-z0-9][A-Za-z0-9._-]{0,63})\\/checkpoint$': [
    '/audit/acme/checkpoint',
    /^(sallyport\.local\/acme\n|\{"error":"not found"\})/,
  ],
  '^\\/audit\\/(_|[A-Za-z0-9][A-Za-z0-9._-]{0,63})\\/tile\\/([0-9][0-9x/.p]{0,40})$': [
    '/audit/acme/tile/0/000.p/1',
    /^([^]{1,32}|\{"error":"not found"\}\n)$/,
  ],
};
const ADMIN_ROUTES = createAdmin({
  listenHost: '127.0.0.1',
  checks: [],
  metrics: async () => ({ type: '', text: '' }),
  checkpoint: async () => undefined,
  tile: async () => undefined,
}).routes;

describe('A14 every route of the admin listener', () => {
  it('has a row here', () => expect([...ADMIN_ROUTES].sort()).toEqual(Object.keys(ADMIN).sort()));

  it.each(ADMIN_ROUTES)(
    '%s answers what it is for, with no definition and no argument, and changes nothing',
    async (route) => {
      const [path, answer] = ADMIN[route] ?? ['/', /never/];
      const { text } = await sendHttp(gateway.adminUrl, { path });
      expect(text).toMatch(answer);
      expect(text).not.toContain('CANARY');
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])
        expect(
          (
            await sendHttp(gateway.adminUrl, {
              path,
              method,
              headers: mcpHeaders(await gateway.token('alice')),
              body: '{}',
            })
          ).status,
          method,
        ).toBe(405);
      expect(arrived()).toBe(before);
    },
  );

  it.each([
    '/mcp',
    '/mcp/one',
    '/api/v1/keys',
    '/api/v1/servers/test',
    '/v0.1/servers',
    '/audit/globex/../acme/checkpoint',
    '/audit/master.key',
    '/audit/acme',
    '/audit/acme/leaves',
    '/audit/lock/checkpoint',
    '/audit/master.key/checkpoint',
    '/audit/ACME/checkpoint',
    '/audit/acme%00/checkpoint',
    '/audit/nobody/checkpoint',
    '/audit/__proto__/checkpoint',
    '/tile/0/000',
  ])('%s does not exist there', async (path) => {
    const { status, text } = await sendHttp(gateway.adminUrl, {
      path,
      headers: mcpHeaders(await gateway.token('alice')),
    });
    expect([status, text]).toEqual([404, '{"error":"not found"}\n']);
    expect(arrived()).toBe(before);
  });
});

const TARGETED = Object.entries(MCP_METHODS)
  .filter(([, row]) => row.kind === 'request' && row.direction !== 'to_client')
  .map(([method]) => method);

describe.each(ERAS)('A14 A15 %s: with the credential of another tenant', (era) => {
  it.each(TARGETED)('%s shows and reaches nothing of their server', async (method) => {
    if (methodRow(method)?.eras.includes(era) !== true || method === 'subscriptions/listen') return;
    const acts = one.operations().length;
    for (const [path, server] of [
      ['/mcp/one', ''],
      ['/mcp', 'one'],
    ] as const) {
      const client = await connect(`${gateway.url}${path}`, await gateway.token('carol'), era);
      const { messages } = await client.send(method, paramsOf(method, server));
      // An error names the address that the caller asked for; a result names what there is.
      if (path === '/mcp/one') expect(JSON.stringify(messages)).not.toContain('CANARY');
      expect(JSON.stringify(messages.map(({ result }) => result ?? null))).not.toMatch(/one__|one\+/);
    }
    expect(one.operations().length).toBe(acts);
  });
});

describe.each(ERAS)('A15 %s: what a server says of itself', (era) => {
  it('is not for who may see nothing of it', async () => {
    const talkative = await openUpstream({ ...OFFER, instructions: 'CANARY of instructions' });
    const own = await openGateway({
      servers: { one: { url: talkative.url }, two: { url: two.url } },
      policies: POLICIES,
    });
    try {
      const method = era === 'modern' ? 'server/discover' : 'initialize';
      for (const path of ['/mcp/one', '/mcp']) {
        const { messages } = await post(
          `${own.url}${path}`,
          headersFor(era, await own.token('carol'), { method, params: {} }),
          bodyOf(era, method, paramsOf(method, '')),
        );
        expect(JSON.stringify(messages)).not.toContain('CANARY');
      }
    } finally {
      await own.close();
      await talkative.close();
    }
  });
});

const ODD_PATHS = [
  '/mcp/',
  '/mcp/..',
  '/mcp/.',
  '/mcp/%2e%2e',
  '/mcp/%2e%2e/one',
  '/mcp/one/',
  '/mcp/one/..',
  '/mcp/one/../two',
  '/mcp//one',
  '//mcp/one',
  '/mcp/ONE',
  '/MCP/one',
  '/mcp/one%20',
  '/mcp/o%6ee',
  '/mcp/one%00',
  '/mcp/one;',
  '/mcp/one;x=1',
  '/mcp/one,two',
  '/mcp/*',
  '/mcp/all',
  '/mcp/null',
  '/mcp/undefined',
  '/mcp/__proto__',
  '/mcp/constructor',
  '/mcp/toString',
  '/mcp/[one]',
  '/mcp/["one"]',
  '/mcp/one?server=two',
  '/mcp?server=one',
  '/mcp/0',
  `/mcp/${'a'.repeat(33)}`,
  '/mcp/one-',
  '/mcp/\u00f6ne'.replace('\u00f6', '%C3%B6'),
];

describe.each(ERAS)("A15 %s: an id that is nobody's is not all of them", (era) => {
  it.each(ODD_PATHS)('%s', async (path) => {
    const token = await gateway.token('alice');
    const good: RawClient = await connect(`${gateway.url}/mcp/one`, token, era);
    before = arrived();
    for (const method of ['tools/list', 'tools/call', 'resources/list']) {
      const params = paramsOf(method, '');
      const { status, text } = await sendHttp(gateway.url, {
        method: 'POST',
        path,
        headers: {
          ...headersFor(era, token, { method, params }, good.session),
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: bodyOf(era, method, params),
      });
      // A name that could be one and is not answers as a server that is hidden would: with an empty list, or with not found.
      if (status === 200) expect(text).toMatch(/NOT_FOUND|"(tools|resources)":\[\]/);
      else expect([400, 403, 404]).toContain(status);
      expect(text).not.toContain('CANARY');
    }
    expect(arrived()).toBe(before);
  });
});

const ODD_IDS: readonly unknown[] = [
  '',
  '..',
  '%2e%2e',
  'ONE',
  'One',
  'one ',
  ' one',
  'one\0',
  'o\u0131e',
  '__proto__',
  'constructor',
  'toString',
  '*',
  'null',
  'one,two',
  '../one',
  'one/../one',
  'three',
  'two',
  '\u043ene',
  'one\u200b',
];
const NOT_TEXT: readonly unknown[] = [null, 7, true, ['one__alpha'], { toString: 'one__alpha' }, [['one__alpha']]];

type Ask = (
  method: string,
  params: Record<string, unknown>,
) => Promise<{
  readonly error?: { readonly code: number } | undefined;
  readonly result?: Record<string, unknown> | undefined;
}>;

async function tryIds(send: Ask): Promise<void> {
  const forms = (id: unknown): [string, Record<string, unknown>][] => {
    const named = typeof id === 'string' ? `${id}__alpha` : id;
    const uri = typeof id === 'string' ? `${id}+mem://x` : id;
    return [
      ['tools/call', { name: named, arguments: {} }],
      ['prompts/get', { name: typeof id === 'string' ? `${id}__greet` : id }],
      ['resources/read', { uri }],
      [
        'completion/complete',
        {
          ref: { type: 'ref/prompt', name: typeof id === 'string' ? `${id}__greet` : id },
          argument: { name: 'a', value: '' },
        },
      ],
      ['completion/complete', { ref: id, argument: { name: 'a', value: '' } }],
      ['tasks/get', { taskId: typeof id === 'string' ? `${id}.x` : id }],
    ];
  };
  for (const id of [...ODD_IDS, ...NOT_TEXT])
    for (const [method, params] of forms(id)) {
      const { error, result } = await send(method, params);
      expect(result, `${method} ${JSON.stringify(params)}`).toBeUndefined();
      expect([-32602, -32601, -32600, -32002, -32700, -32020], `${method} ${JSON.stringify(params)}`).toContain(
        error?.code,
      );
    }
}

describe.each(ERAS)('A15 %s: ids inside a message', (era) => {
  it('of nobody, of another tenant, and of another type reach nobody', async () => {
    const client = await connect(`${gateway.url}/mcp`, await gateway.token('alice'), era);
    const acts = one.operations().length + two.operations().length;
    await tryIds((method, params) => client.send(method, params));
    expect(one.operations().length + two.operations().length).toBe(acts);
  });

  it('over stdio too', { timeout: 60_000 }, async () => {
    const installation = await openInstallation({
      servers: { one: { url: one.url }, two: { url: two.url } },
      policies: POLICIES,
    });
    const stdioClient = await openStdioClient(installation, await installation.token('alice'), { era });
    try {
      const acts = one.operations().length + two.operations().length;
      await tryIds((method, params) => stdioClient.send(method, params));
      expect(one.operations().length + two.operations().length).toBe(acts);
      expect((await stdioClient.send('tools/call', { name: 'one__alpha', arguments: {} })).error).toBeUndefined();
      expect((await installation.run(['stdio', '--server', '..'], { env: { SALLYPORT_TOKEN: 'x' } })).code).toBe(1);
      expect((await installation.run(['stdio', '--server', ''], { env: { SALLYPORT_TOKEN: 'x' } })).code).toBe(1);
    } finally {
      await stdioClient.close();
      await installation.close();
    }
  });
});
