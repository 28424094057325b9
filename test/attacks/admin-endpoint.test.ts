/** H1–H16 at the admin listener of a real gateway: which hosts, origins, bytes and methods it answers. */
import { connect as connectSocket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { sendHttp, exchangeBytes } from './http-client.ts';

let gateway: TestGateway;
let port: string;
beforeAll(async () => {
  gateway = await openGateway({ servers: {} });
  port = new URL(gateway.adminUrl).port;
});
afterAll(() => gateway.close());

const PATHS = ['/health', '/ready', '/metrics', '/audit/_/checkpoint', '/audit/_/tile/0/000.p/1'];
const CLOSE = 'Connection: close\r\n\r\n';
const at = (text: string): string => text.replaceAll('PORT', port);

describe('H1 every admin route', () => {
  it.each([
    'evil.test',
    'evil.test:PORT',
    'localhost.evil:PORT',
    '127.0.0.1.evil:PORT',
    '127.0.0.1:1',
    '127.0.0.1',
    'localhost',
    '10.0.0.1:PORT',
    '0.0.0.0:PORT',
    '[::]:PORT',
    '127.0.0.1:PORT:PORT',
    'user@127.0.0.1:PORT',
    '127.0.0.1:PORT/x',
    '127.0.0.1 :PORT',
    '2130706433:PORT',
    '0x7f.1:PORT',
    '127.1:PORT',
    'metadata.google.internal',
  ])('refuses the host %s', async (host) => {
    for (const path of PATHS)
      expect((await sendHttp(gateway.adminUrl, { path, headers: { host: at(host) } })).status, path).toBe(403);
  });

  it.each([
    'null',
    'http://evil.test',
    'https://127.0.0.1:PORT',
    'http://127.0.0.1:PORT.evil',
    'http://localhost.evil:PORT',
    'http://127.0.0.1',
    'file://',
    'HTTP://127.0.0.1:PORT',
    'http://127.0.0.1:PORT/',
    'http://[::1]:PORT',
    '',
  ])('refuses the origin %s, without CORS headers', async (origin) => {
    for (const path of PATHS) {
      const { status, headers } = await sendHttp(gateway.adminUrl, {
        path,
        headers: { host: at('127.0.0.1:PORT'), origin: at(origin) },
      });
      expect([path, status]).toEqual([path, 403]);
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
    }
  });

  it.each([
    ['no host', 'GET /metrics HTTP/1.1\r\n\r\n', 400],
    ['an empty host', `GET /metrics HTTP/1.1\r\nHost: \r\n${CLOSE}`, 403],
    ['two hosts', `GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nHost: evil.test\r\n${CLOSE}`, 403],
    [
      'a host that another header names',
      'GET /metrics HTTP/1.1\r\nHost: evil.test\r\nX-Forwarded-Host: 127.0.0.1\r\n' +
        `Forwarded: host=127.0.0.1\r\n${CLOSE}`,
      403,
    ],
    ['HTTP/1.0 without a host', 'GET /metrics HTTP/1.0\r\n\r\n', 403],
  ])('%s', async (_name, bytes, status) => {
    expect((await exchangeBytes(gateway.adminUrl, bytes.replaceAll('PORT', port))).text).toMatch(
      new RegExp(`^HTTP/1\\.1 ${status} `),
    );
  });

  it.each([
    'GET http://evil.test/metrics',
    'GET http://127.0.0.1:PORT/metrics',
    'CONNECT evil.test:443',
    'GET *',
    'OPTIONS *',
  ])('does not serve metrics for the request target %s', async (line) => {
    const { text } = await exchangeBytes(
      gateway.adminUrl,
      `${at(line)} HTTP/1.1\r\nHost: ${at('127.0.0.1:PORT')}\r\nConnection: close\r\n\r\n`,
    );
    expect(text).not.toMatch(/^HTTP\/1\.1 2/);
    expect(text).not.toContain('mcp_');
  });
});

describe('H2 CORS', () => {
  it('no origin passes a preflight request', async () => {
    for (const path of PATHS)
      for (const origin of ['http://evil.test', at('http://127.0.0.1:PORT'), 'null']) {
        const { status, headers } = await sendHttp(gateway.adminUrl, {
          path,
          method: 'OPTIONS',
          headers: {
            host: at('127.0.0.1:PORT'),
            origin,
            'access-control-request-method': 'GET',
            'access-control-request-headers': 'authorization, mcp-method',
          },
        });
        expect([403, 405]).toContain(status);
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
      }
  });
});

describe('H3 H13 methods and paths', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'SEARCH', 'PURGE', 'LINK'])(
    '%s with a body is refused with 405, and the connection closes',
    async (method) => {
      for (const path of PATHS) {
        const { status, headers, text } = await sendHttp(gateway.adminUrl, {
          path,
          method,
          body: 'a=CANARY',
          headers: { 'content-type': 'text/plain', 'x-http-method-override': 'GET', 'x-method-override': 'GET' },
        });
        expect([status, headers['allow'], headers['connection']]).toEqual([405, 'GET, HEAD', 'close']);
        expect(text).not.toContain('CANARY');
      }
    },
  );

  it('HEAD answers with status 200 and no body', async () => {
    for (const path of PATHS.slice(0, 3))
      expect(await sendHttp(gateway.adminUrl, { path, method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  });

  it.each([
    '//metrics',
    '/metrics/',
    '/METRICS',
    '/./metrics',
    '/%6detrics',
    '/x/../metrics',
    '/metrics;x',
    '/metrics%00',
    '/metrics%2f',
    '/audit/_/../_/checkpoint',
    '/audit/%5f/checkpoint',
    '/audit/_/checkpoint/',
    '/mcp',
    '/mcp/..;/metrics',
    '/.well-known/oauth-protected-resource',
    '/\\metrics',
    '/metrics#x',
    '/metrics\\',
  ])('the path %s is not another spelling of a route', async (path) => {
    const { text } = await exchangeBytes(
      gateway.adminUrl,
      `GET ${path} HTTP/1.1\r\nHost: ${at('127.0.0.1:PORT')}\r\nConnection: close\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 40[04] /);
  });
});

const HEAD = (): string => `GET /health HTTP/1.1\r\nHost: ${at('127.0.0.1:PORT')}\r\n`;

describe('H4 a request that could be read in two ways is refused once, and the connection closes', () => {
  it.each([
    [
      'CL and TE',
      'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n',
    ],
    ['two CL', 'Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde'],
    ['CL with +', 'Content-Length: +5\r\n\r\nabcde'],
    ['CL list', 'Content-Length: 5, 5\r\n\r\nabcde'],
    ['TE obfuscated', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['a space before the colon', 'X-A : 1\r\n\r\n'],
    ['obs-fold', 'X-A: 1\r\n folded\r\n\r\n'],
    ['NUL', 'X-A: a\0b\r\n\r\n'],
    ['a bare LF', 'X-A: 1\nX-B: 2\r\n\r\n'],
    ['a bare CR', 'X-A: 1\rX-B: 2\r\n\r\n'],
  ])('%s', async (_name, rest) => {
    const { text, closed } = await exchangeBytes(gateway.adminUrl, HEAD() + rest);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(closed).toBe(true);
  });

  it.each([
    'Content-Length: 60\r\n\r\n',
    'Transfer-Encoding: chunked\r\n\r\n3c\r\n',
    'Transfer-Encoding:\tchunkedx\r\n\r\n',
  ])('a GET with a body (%j) hides no second request', async (how) => {
    const smuggled = `GET /metrics HTTP/1.1\r\nHost: ${at('127.0.0.1:PORT')}\r\n\r\n`.padEnd(60, ' ');
    const { text, closed } = await exchangeBytes(gateway.adminUrl, HEAD() + how + smuggled);
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(text).not.toContain('mcp_');
    expect(closed).toBe(true);
  });
});

describe('H5–H16 headers, bodies and limits', () => {
  it('H5 a malformed correlation id is replaced', async () => {
    for (const id of ['a b', 'x', 'a'.repeat(500), '<script>', '"quoted-id"', 'caf\u00e9-caf\u00e9']) {
      const { headers } = await sendHttp(gateway.adminUrl, { path: '/health', headers: { 'x-correlation-id': id } });
      expect(headers['x-correlation-id']).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('H7 H14 proxy headers, hop-by-hop headers and cookies have no effect', async () => {
    const plain = await sendHttp(gateway.adminUrl, { path: '/health' });
    const withHeaders = await sendHttp(gateway.adminUrl, {
      path: '/health',
      headers: {
        'x-forwarded-for': '10.0.0.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-user': 'admin',
        'x-tenant': 'acme',
        cookie: `a=1; a=2; __Host-s=${'x'.repeat(4_000)}`,
        connection: 'close, host',
        authorization: 'Bearer x',
      },
    });
    expect([withHeaders.status, withHeaders.text]).toEqual([plain.status, plain.text]);
    expect(withHeaders.headers['strict-transport-security']).toBeUndefined();
    expect(withHeaders.headers['set-cookie']).toBeUndefined();
  });

  it('H8 requests whose headers never end do not keep others from being answered', async () => {
    const slow = Array.from({ length: 50 }, () =>
      connectSocket(Number(port), '127.0.0.1').on('error', () => undefined),
    );
    const trickle = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write('X');
    }, 20);
    try {
      for (const socket of slow) socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\nX-A: ');
      for (let n = 0; n < 20; n++) expect((await sendHttp(gateway.adminUrl, { path: '/health' })).status).toBe(200);
    } finally {
      clearInterval(trickle);
      for (const socket of slow) socket.destroy();
    }
  });

  it('H10 H11 the listener never reads a body, whatever its headers say', async () => {
    for (const headers of [
      { 'content-length': '1000000000000' },
      { 'content-type': 'application/json; charset=utf-16' },
      { 'content-encoding': 'gzip' },
      { 'content-type': 'multipart/form-data; boundary=x' },
      { expect: '100-continue', 'content-length': '5' },
    ]) {
      const lines = Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('');
      const { text, closed } = await exchangeBytes(
        gateway.adminUrl,
        `POST /health HTTP/1.1\r\nHost: ${at('127.0.0.1:PORT')}\r\n${lines}` +
          `${'content-length' in headers ? '' : 'Content-Length: 5\r\n'}\r\nabcde`,
      );
      expect(text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')).toMatch(/^HTTP\/1\.1 (405|400|417) /);
      expect(closed).toBe(true);
    }
  });

  it('H10 headers and request targets are bounded', async () => {
    expect((await exchangeBytes(gateway.adminUrl, `${HEAD()}X-A: ${'a'.repeat(100_000)}\r\n\r\n`)).text).toMatch(
      /^HTTP\/1\.1 431 /,
    );
    expect(
      (await exchangeBytes(gateway.adminUrl, `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)).text,
    ).toMatch(/^HTTP\/1\.1 (414|431) /);
    expect((await exchangeBytes(gateway.adminUrl, `${HEAD()}${'X-A: 1\r\n'.repeat(5_000)}\r\n`)).text).toMatch(
      /^HTTP\/1\.1 (431|400) /,
    );
  });

  it.each(['websocket', 'h2c', 'TLS/1.0'])('H13 an upgrade to %s is ignored', async (upgrade) => {
    const { status } = await sendHttp(gateway.adminUrl, {
      path: '/health',
      headers: {
        connection: 'Upgrade, HTTP2-Settings',
        upgrade,
        'http2-settings': 'AAMAAABkAAQAAP__',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-version': '13',
      },
    });
    expect(status).not.toBe(101);
  });

  it('H16 answers may not be cached, framed or sniffed', async () => {
    for (const path of [...PATHS, '/nothing']) {
      expect((await sendHttp(gateway.adminUrl, { path })).headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      });
    }
  });
});
