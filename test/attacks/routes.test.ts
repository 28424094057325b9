/**
 * A14, A15: every route and method, without a credential and with the credential of another tenant. Few routes answer
 * with data, and nothing of the rest reaches a server.
 */
import { isMcpMethod, MCP_METHODS, methodRow, METHODS } from '@sallyport/guard';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAdmin } from '../../packages/gateway/src/control/admin.ts';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, headersFor, post } from './mcp-client.ts';
import { sendHttp, mcpHeaders } from './http-client.ts';
import { openUpstream, type Upstream } from './upstream.ts';
import { bodyOf, ERAS, OFFER, paramsOf, POLICIES } from './route-messages.ts';

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

const ALL_METHODS = [...Object.keys(METHODS), 'no/such/method', 'rpc.discover', 'admin/test'];

describe.each(ERAS)('A14 %s: a request without a credential', (era) => {
  it.each(ALL_METHODS)('with the method %s is refused at every endpoint', async (method) => {
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
        // Of the older revisions a method that nobody has is answered in the body, before anybody is asked who they
        // are.
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

/**
 * Everything that the gateway's listener answers to who has no credential: addresses of authorization servers, and that
 * it lives.
 */
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
  it.each(OPEN)('%s shows nothing of servers or tenants, and refuses other methods than GET', async (path) => {
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

  it.each(CLOSED)('%s answers nothing without a credential', async (path) => {
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

/**
 * Route outside the control API → a path of it, and what `GET` answers. A route without a row here fails the first
 * test; those of the control API are in `api-roles.test.ts`.
 */
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
  authenticate: () => undefined,
  checkOrigin: () => undefined,
  clock: { now: () => 0 },
  version: '0',
  api: {} as never,
  signIn: {} as never,
}).routes;

describe('A14 every route of the admin listener', () => {
  it('has a row in this table', () => expect([...ADMIN_ROUTES].sort()).toEqual(Object.keys(ADMIN).sort()));

  it.each(ADMIN_ROUTES)(
    '%s answers without definitions or arguments, and refuses the methods that it does not have',
    async (route) => {
      const [path, answer] = ADMIN[route] ?? ['/', /never/];
      const { text } = await sendHttp(gateway.adminUrl, { path });
      expect(text).toMatch(answer);
      expect(text).not.toContain('CANARY');
      const token = await gateway.token('alice');
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']) {
        const { status } = await sendHttp(gateway.adminUrl, { path, method, headers: mcpHeaders(token), body: '{}' });
        expect(status, method).toBe(405);
      }
      expect(arrived()).toBe(before);
    },
  );

  it.each([
    '/mcp',
    '/mcp/one',
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

describe.each(ERAS)('A14 A15 %s: a request with the credential of another tenant', (era) => {
  it.each(TARGETED)('with the method %s shows nothing of the server, and does not reach it', async (method) => {
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

describe.each(ERAS)('A15 %s: the instructions of a server', (era) => {
  it('are not shown to users who may see nothing of it', async () => {
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
