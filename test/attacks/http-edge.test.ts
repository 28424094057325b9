/**
 * A20, H1, H2, H4, H10, H11, H13, H14 at the gateway listener: which hosts, origins, bytes and methods it answers. Each
 * request would be good but for the row, and nothing of it reaches a server.
 *
 * Which paths a row takes: the edge checks host, origin, framing, size, type and method before it reads the message, so
 * before it knows the era or the tool; one path of each era and of each kind of endpoint runs every row.
 */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { headersFor, MODERN_META, type Era } from './mcp-client.ts';
import { sendHttp, exchangeBytes } from './http-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

let upstream: Upstream;
let gateway: TestGateway;
let port: string;
let token: string;
beforeAll(async () => {
  upstream = await openUpstream({ tools: [tool('alpha')] });
  gateway = await openGateway({ servers: { one: { url: upstream.url } }, gateway: { maxBody: 100_000 } });
  port = new URL(gateway.url).port;
  token = await gateway.token('alice');
});
afterAll(async () => {
  await gateway?.close();
  await upstream.close();
});

let before: number;
beforeEach(() => {
  before = upstream.operations().length;
});

const at = (text: string): string => text.replaceAll('PORT', port);
const PATHS = [
  ['modern', '/mcp/one', 'alpha'],
  ['legacy', '/mcp', 'one__alpha'],
] as const;

const bodyOf = (era: Era, name: string): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name, arguments: {}, ...(era === 'modern' && { _meta: MODERN_META }) },
  });
const goodHeaders = (era: Era, name: string): Record<string, string> => ({
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  ...headersFor(era, token, { method: 'tools/call', params: { name } }),
});

describe.each(PATHS)('%s %s %s', (era, path, name) => {
  const send = (headers: Record<string, string | string[]>, body: string | Buffer = bodyOf(era, name), at = path) =>
    sendHttp(gateway.url, { method: 'POST', path: at, headers: { ...goodHeaders(era, name), ...headers }, body });
  const raw = (lines: readonly string[], body: string): Promise<{ text: string; closed: boolean }> => {
    const usual = Object.entries(goodHeaders(era, name)).map(([key, value]) => `${key}: ${value}`);
    return exchangeBytes(
      gateway.url,
      `POST ${path} HTTP/1.1\r\n${[`Host: 127.0.0.1:${port}`, ...usual, ...lines].join('\r\n')}\r\n\r\n${body}`,
    );
  };
  const expectNothingArrived = (): void => expect(upstream.operations().length).toBe(before);

  it('the gateway answers a request that changes none of this', async () =>
    expect((await send({})).text).toContain('done {}'));

  it.each([
    'evil.test',
    'evil.test:PORT',
    'localhost.evil:PORT',
    '127.0.0.1.evil:PORT',
    '127.0.0.1:1',
    '127.0.0.1',
    '10.0.0.1:PORT',
    '0.0.0.0:PORT',
    '[::]:PORT',
    '127.0.0.1:PORT:PORT',
    'user@127.0.0.1:PORT',
    '127.1:PORT',
    '2130706433:PORT',
    '0x7f.1:PORT',
    '127.0.0.1.:PORT',
    'localhost.:PORT',
    '127.0.0.1:PORT/',
    '127.0.0.1:PORT#',
    '127.0.0.1:PORT,evil.test',
  ])('A20 H1 the gateway refuses the host %s', async (host) => {
    expect((await send({ host: at(host) })).status).toBe(403);
    expectNothingArrived();
  });

  it.each([
    'null',
    'http://evil.test',
    'https://127.0.0.1:1',
    'http://127.0.0.1:PORT.evil',
    'http://localhost.evil:PORT',
    'http://127.0.0.1',
    'http://127.0.0.1:1',
    'file://',
    'HTTP://127.0.0.1:PORT',
    'http://127.0.0.1:PORT/',
    'http://sub.localhost:PORT',
    'http://evil.test,http://127.0.0.1:PORT',
    'http://127.0.0.1:PORT http://evil.test',
    '',
  ])('A20 H1 H2 the gateway refuses the origin %s, without CORS headers', async (origin) => {
    const { status, headers } = await send({ origin: at(origin) });
    expect([status, Object.keys(headers).filter((name) => name.startsWith('access-control-'))]).toEqual([403, []]);
    const preflight = await sendHttp(gateway.url, {
      method: 'OPTIONS',
      path,
      headers: {
        origin: at(origin),
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, mcp-method',
      },
    });
    expect([
      preflight.status >= 400,
      Object.keys(preflight.headers).filter((name) => name.startsWith('access-control-')),
    ]).toEqual([true, []]);
    expectNothingArrived();
  });

  it.each([
    ['no host', 'POST PATH HTTP/1.1\r\n', 400],
    ['two hosts', 'POST PATH HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\nHost: evil.test\r\n', 403],
    [
      'a host that another header names',
      'POST PATH HTTP/1.1\r\nHost: evil.test\r\nX-Forwarded-Host: 127.0.0.1:PORT\r\nForwarded: host=127.0.0.1\r\n',
      403,
    ],
    ['a target with another host', 'POST http://evil.testPATH HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n', 404],
    ['a target with our host', 'POST http://127.0.0.1:PORTPATH HTTP/1.1\r\nHost: evil.test\r\n', 403],
  ])('A20 H1 %s', async (_name, head, status) => {
    const body = bodyOf(era, name);
    const usual = Object.entries(goodHeaders(era, name))
      .map(([key, value]) => `${key}: ${value}\r\n`)
      .join('');
    const { text } = await exchangeBytes(
      gateway.url,
      `${at(head).replace('PATH', path)}${usual}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    // Some parsers refuse two hosts as no request at all, others as a wrong one.
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 (${status}|400) `));
    expectNothingArrived();
  });

  const chunked = (): string => {
    const body = bodyOf(era, name);
    return `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  };
  it.each<readonly [name: string, lines: () => readonly string[], body: () => string]>([
    ['CL and TE', () => [`Content-Length: ${bodyOf(era, name).length}`, 'Transfer-Encoding: chunked'], chunked],
    ['TE twice', () => ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], chunked],
    ['TE chunked, identity', () => ['Transfer-Encoding: chunked, identity'], chunked],
    ['TE with a tab', () => ['Transfer-Encoding:\tchunkedx'], chunked],
    ['TE xchunked', () => ['Transfer-Encoding: xchunked'], chunked],
    ['two CL', () => [`Content-Length: ${bodyOf(era, name).length}`, 'Content-Length: 5'], () => bodyOf(era, name)],
    ['CL with +', () => [`Content-Length: +${bodyOf(era, name).length}`], () => bodyOf(era, name)],
    [
      'CL in a list',
      () => [`Content-Length: ${bodyOf(era, name).length}, ${bodyOf(era, name).length}`],
      () => bodyOf(era, name),
    ],
    ['a negative CL', () => ['Content-Length: -1'], () => bodyOf(era, name)],
    ['a space before the colon', () => [`Content-Length : ${bodyOf(era, name).length}`], () => bodyOf(era, name)],
    [
      'a folded header',
      () => ['X-A: 1\r\n folded', `Content-Length: ${bodyOf(era, name).length}`],
      () => bodyOf(era, name),
    ],
    ['NUL', () => ['X-A: a\0b', `Content-Length: ${bodyOf(era, name).length}`], () => bodyOf(era, name)],
    ['a bare LF', () => [`X-A: 1\nContent-Length: ${bodyOf(era, name).length}`], () => bodyOf(era, name)],
    ['a bare CR', () => [`X-A: 1\rX-B: 2`, `Content-Length: ${bodyOf(era, name).length}`], () => bodyOf(era, name)],
    [
      'a malformed chunk size',
      () => ['Transfer-Encoding: chunked'],
      () => `0x${bodyOf(era, name).length.toString(16)}\r\n${bodyOf(era, name)}\r\n0\r\n\r\n`,
    ],
    [
      'a chunk longer than its size',
      () => ['Transfer-Encoding: chunked'],
      () => `5\r\n${bodyOf(era, name)}\r\n0\r\n\r\n`,
    ],
  ])('H4 a request with %s is refused once, and the connection closes', async (_name, lines, body) => {
    const { text, closed } = await raw(lines(), `${body()}POST ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect([text.slice(0, 12), text.match(/HTTP\/1\.1 /g)?.length, closed]).toEqual(['HTTP/1.1 400', 1, true]);
    expectNothingArrived();
  });

  it.each<
    readonly [name: string, headers: Record<string, string>, body: (good: string) => string | Buffer, status: number]
  >([
    ['H10 text', { 'content-type': 'text/plain' }, (good) => good, 415],
    ['H10 a form', { 'content-type': 'application/x-www-form-urlencoded' }, (good) => good, 415],
    ['H10 several parts', { 'content-type': 'multipart/form-data; boundary=x' }, (good) => good, 415],
    ['H10 UTF-16 by name', { 'content-type': 'application/json; charset=utf-16' }, (good) => good, 415],
    ['H10 UTF-16 by bytes', {}, (good) => Buffer.from(good, 'utf16le'), 400],
    ['H10 two types', { 'content-type': 'application/json, text/plain' }, (good) => good, 415],
    ['H10 a byte order mark', {}, (good) => `\ufeff${good}`, 400],
    ['H10 a byte more than the limit', {}, (good) => good.padEnd(100_001, ' '), 413],
    [
      'H10 bytes that are not UTF-8',
      {},
      (good) => Buffer.from(good.replace('"arguments":{}', '"arguments":{"a":"\u00c3("}'), 'latin1'),
      400,
    ],
    ['H11 gzip', { 'content-encoding': 'gzip' }, (good) => gzipSync(good), 415],
    ['H11 gzip twice', { 'content-encoding': 'gzip, gzip' }, (good) => gzipSync(gzipSync(good)), 415],
    ['H11 a bomb', { 'content-encoding': 'gzip' }, () => gzipSync(Buffer.alloc(50_000_000)), 415],
    ['H11 br', { 'content-encoding': 'br' }, (good) => good, 415],
  ])('a body as %s is refused', async (_name, headers, body, status) => {
    expect((await send(headers, body(bodyOf(era, name)))).status).toBe(status);
    expectNothingArrived();
  });

  it('H10 a body at the limit is read, and a longer one is refused before it arrives', async () => {
    expect((await send({}, bodyOf(era, name).padEnd(100_000, ' '))).status).toBe(200);
    expect((await raw(['Content-Length: 1000000000000'], '{')).text).toMatch(/^HTTP\/1\.1 (400|413) /);
  });

  it.each(['PUT', 'PATCH', 'TRACE', 'HEAD', 'PROPFIND', 'SEARCH'])('H13 the method %s cannot call', async (method) => {
    expect(
      (
        await sendHttp(gateway.url, {
          method,
          path,
          headers: { ...goodHeaders(era, name), 'x-http-method-override': 'POST' },
          body: method === 'HEAD' || method === 'TRACE' ? '' : bodyOf(era, name),
        })
      ).status,
    ).toBe(405);
    expectNothingArrived();
  });

  it('H14 cookies are no credential and have no effect', async () => {
    for (const cookie of [
      'a=1; a=2',
      `__Host-session=${token}; session=${token}`,
      `a=${'x'.repeat(6_000)}`,
      'a="; b=',
      '$Version=1',
    ]) {
      expect((await send({ cookie, authorization: '' })).status).toBe(401);
      const { status, headers } = await send({ cookie });
      expect([status, headers['set-cookie']]).toEqual([200, undefined]);
    }
    expect((await send({ cookie: 'x'.repeat(100_000) })).status).toBe(431);
  });
});
