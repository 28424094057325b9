import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { openListener, type Listener } from '@sallyport/server/listen/listener';
import { createAdmin, type AdminDeps } from './admin.ts';
import { createPublicHealth } from './public-health.ts';
import { readiness, type Check } from './ready.ts';

let listener: Listener | undefined;
afterEach(() => listener?.close());

async function open(over: Partial<AdminDeps> = {}): Promise<string> {
  const admin = createAdmin({
    listenHost: '127.0.0.1',
    checks: [],
    metrics: async () => ({ type: 'text/plain; version=0.0.4', text: 'mcp_up 1\n' }),
    checkpoint: async () => undefined,
    tile: async () => undefined,
    authenticate: () => undefined,
    checkOrigin: () => undefined,
    clock: { now: () => 0 },
    version: '0',
    api: {} as never,
    signIn: {} as never,
    ...over,
  });
  listener = await openListener({
    settings: { host: '127.0.0.1', port: 0, tls: undefined, behindTlsProxy: false },
    handler: admin.handle,
    name: 'admin',
    limits: { drainMs: 100 },
  });
  return listener.url;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Record<string, unknown>;
}
function ask(
  url: string,
  path: string,
  options: { method?: string; headers?: Record<string, string | string[]>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const request = httpRequest(
      { host: hostname, port, path, method: options.method ?? 'GET', headers: options.headers, agent: false },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
      },
    );
    request.on('error', reject);
    request.end(options.body);
  });
}

describe('the admin listener', () => {
  it('/health checks no dependency', async () => {
    const url = await open({
      checks: [
        {
          name: 'store',
          run: () => {
            throw new Error('down');
          },
        },
      ],
      metrics: () => Promise.reject(new Error('down')),
    });
    expect(await ask(url, '/health')).toMatchObject({ status: 200, text: '{"status":"ok"}\n' });
  });

  it('/ready names what fails, and why', async () => {
    const url = await open({
      checks: [
        { name: 'audit', run: () => undefined },
        { name: 'store', run: async () => 'the disk is full' },
        { name: 'servers', run: () => ({ crm: undefined, search: 'no answer' }) },
        {
          name: 'broken',
          run: () => {
            throw new Error('postgres://user:CANARY@db');
          },
        },
      ],
    });
    const { status, text } = await ask(url, '/ready');
    expect(status).toBe(503);
    expect(JSON.parse(text)).toEqual({
      status: 'not ready',
      checks: {
        audit: 'ok',
        store: 'the disk is full',
        'servers.crm': 'ok',
        'servers.search': 'no answer',
        broken: 'failed',
      },
    });
  });

  it('/ready is 200 when everything is', async () => {
    const url = await open({ checks: [{ name: 'audit', run: () => undefined }] });
    expect(await ask(url, '/ready')).toMatchObject({
      status: 200,
      text: '{"status":"ready","checks":{"audit":"ok"}}\n',
    });
  });

  it('A29 a check that hangs fails after its timeout', async () => {
    const hangs: Check = { name: 'store', run: () => new Promise<undefined>(() => undefined) };
    expect(await readiness({ checks: [hangs], details: true, timeoutMs: 50 })).toEqual({
      ready: false,
      checks: { store: 'no answer within 50 ms' },
    });
  });

  it('checks the dependencies once for many requests at the same time', async () => {
    let runs = 0;
    const url = await open({
      checks: [
        {
          name: 'store',
          run: () => {
            runs += 1;
            return undefined;
          },
        },
      ],
    });
    await Promise.all(Array.from({ length: 20 }, () => ask(url, '/ready')));
    expect(runs).toBe(1);
  });

  it('/metrics and checkpoints are passed on as they are', async () => {
    const note = 'sallyport.local\n1\nAAAA\n\n— sallyport.local BBBB\n';
    const url = await open({ checkpoint: async (tenant) => (tenant === 'acme' ? note : undefined) });
    expect(await ask(url, '/metrics')).toMatchObject({ status: 200, text: 'mcp_up 1\n' });
    expect(await ask(url, '/audit/acme/checkpoint')).toMatchObject({ status: 200, text: note });
    expect((await ask(url, '/audit/globex/checkpoint')).status).toBe(404);
  });

  it('tiles are passed on as they are, under one spelling of their path', async () => {
    const asked: unknown[] = [];
    const url = await open({
      tile: async (tenant, tile) => {
        asked.push([tenant, tile]);
        return tile.width === 2 ? Buffer.alloc(64, 'h') : undefined;
      },
    });
    expect(await ask(url, '/audit/acme/tile/1/x001/234.p/2')).toMatchObject({
      status: 200,
      text: 'h'.repeat(64),
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect((await ask(url, '/audit/acme/tile/0/000')).status).toBe(404);
    expect(asked).toEqual([
      ['acme', { level: 1, index: 1_234, width: 2 }],
      ['acme', { level: 0, index: 0, width: 256 }],
    ]);
    for (const path of ['0/0', '0/x000/000.p/2', '0/000.p/02', 'entries/000', '0/../1/000.p/2'])
      expect([path, (await ask(url, `/audit/acme/tile/${path}`)).status]).toEqual([path, 404]);
    expect(asked).toHaveLength(2);
  });

  it('every answer carries the security headers and a correlation id', async () => {
    const url = await open();
    for (const path of ['/health', '/nothing', '/metrics']) {
      const { headers } = await ask(url, path, { headers: { 'X-Correlation-ID': 'abcdefgh-1' } });
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-correlation-id': 'abcdefgh-1',
      });
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(
      (await ask(url, '/health', { headers: { 'X-Correlation-ID': 'no good' } })).headers['x-correlation-id'],
    ).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    '//health',
    '/health/',
    '/HEALTH',
    '/./health',
    '/%68ealth',
    '/audit/../health',
    '/audit//checkpoint',
    '/audit/a%2fb/checkpoint',
    '/audit/../../etc/passwd/checkpoint',
    '/',
    '/mcp',
    '*',
    'http://127.0.0.1/health',
    '/audit/.hidden/checkpoint',
  ])('H13 A14 %s does not exist, and asks nothing', async (path) => {
    let asked = false;
    const url = await open({
      checkpoint: async () => {
        asked = true;
        return 'x';
      },
    });
    expect((await ask(url, path)).status).toBe(404);
    expect(asked).toBe(false);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('H13 %s is not a method of anything', async (method) => {
    const url = await open();
    const { status, headers } = await ask(url, '/health', { method, body: 'x' });
    expect([status, headers['allow'], headers['connection']]).toEqual([405, 'GET, HEAD', 'close']);
  });

  it('H1 A20 only the names of the listener are accepted', async () => {
    const url = await open({ allowedHosts: ['metrics.internal'] });
    const { port } = new URL(url);
    const status = async (headers: Record<string, string | string[]>): Promise<number> =>
      (await ask(url, '/health', { headers })).status;
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, 'metrics.internal'])
      expect(await status({ Host: host }), host).toBe(200);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      `localhost.evil:${port}`,
      `127.0.0.1.evil:${port}`,
      '127.0.0.1:1',
      '127.0.0.1',
      `10.0.0.1:${port}`,
      `localhost:${port}@evil`,
    ]) {
      expect(await status({ Host: host }), host).toBe(403);
    }
    for (const origin of ['http://evil.example', 'null', `http://localhost:${port}.evil`, `https://127.0.0.1:${port}`])
      expect(await status({ Host: `127.0.0.1:${port}`, Origin: origin }), origin).toBe(403);
    expect(await status({ Host: `127.0.0.1:${port}`, Origin: `http://127.0.0.1:${port}` })).toBe(200);
  });

  it('A29 an endpoint that fails is answered with 500 without a reason', async () => {
    const url = await open({ metrics: () => Promise.reject(new Error('CANARY')) });
    expect(await ask(url, '/metrics')).toMatchObject({ status: 500, text: '{"error":"internal"}\n' });
  });
});

describe('health on the gateway listener', () => {
  it('names the failing kind of dependency only, and leaves all other paths to the edge', async () => {
    const mount = createPublicHealth([
      { name: 'servers', run: () => ({ 'secret-project': 'refused by 10.1.2.3' }) },
      { name: 'audit', run: () => undefined },
    ]);
    listener = await openListener({
      settings: { host: '127.0.0.1', port: 0, tls: undefined, behindTlsProxy: false },
      name: 'gateway',
      limits: { drainMs: 100 },
      handler: (request, response) => {
        if (!mount(request, response)) response.writeHead(418).end();
      },
    });
    expect(await ask(listener.url, '/ready')).toMatchObject({
      status: 503,
      text: '{"status":"not ready","checks":{"servers":"failing","audit":"ok"}}\n',
    });
    expect((await ask(listener.url, '/health')).status).toBe(200);
    expect((await ask(listener.url, '/health', { method: 'POST' })).status).toBe(405);
    for (const path of ['/health/', '/health?x', '//health', '/mcp'])
      expect((await ask(listener.url, path)).status, path).toBe(418);
  });
});
