/**
 * What is refused before there is a call: paths, hosts, origins, bodies, bytes that are not HTTP. Tables of attacks.md.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpEdge } from './edge.ts';
import { openBench, raw, type Bench } from '../testing/bench.mts';
import { ask, greet, META } from '../testing/client.mts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
const head = (line: string, headers: readonly string[], body = ''): string =>
  `${line} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`;
const usual = (port: number): string[] => [
  `Host: 127.0.0.1:${port}`,
  'Authorization: Bearer alice',
  'Content-Type: application/json',
  `Content-Length: ${ping.length}`,
  'Connection: close',
];

describe('paths', () => {
  it.each([
    '//mcp',
    '/mcp/',
    '/mcp//crm',
    '/%6dcp',
    '/mcp%2fcrm',
    '/mcp/%63rm',
    '/mcp/..;/admin',
    '/mcp;x=1',
    '/mcp?x=1',
    '/mcp?access_token=alice',
    '/MCP',
    '/mcp/CRM',
    '/mcp/crm/',
    '/mcp/crm/tools',
    '/mcp/../mcp',
    '/mcp/.',
    '/',
    '/admin',
    '/sse',
    '/connect/1',
    '/test',
    '/mcp#x',
    '/mcp\\crm',
    '/mcp/_',
    '/mcp/a__b',
    `/mcp/${'a'.repeat(33)}`,
    '/.well-known/oauth-protected-resource/',
    '/.well-known/oauth-protected-resource/mcp/',
    '/.well-known/oauth-protected-resource/mcp/%63rm',
    '/.well-known/oauth-protected-resourcex',
    '/.well-known/oauth-protected-resource/admin',
  ])('H13 %s does not exist, and asking for it does nothing', async (path) => {
    const before = bench.sent.length;
    for (const method of ['POST', 'GET', 'DELETE']) {
      const answer = await raw(
        bench.port,
        head(
          `${method} ${path}`,
          method === 'POST' ? usual(bench.port) : usual(bench.port).filter((line) => !/^Content/.test(line)),
          method === 'POST' ? ping : '',
        ),
      );
      expect([404, 400]).toContain(statusOf(answer));
    }
    expect(bench.sent).toHaveLength(before);
  });

  it.each(['http://evil.test/mcp', 'http://127.0.0.1/mcp/crm', 'mcp', '*'])(
    'H1 H13 the target %s in another form is refused',
    async (target) => {
      expect([400, 403, 404]).toContain(
        statusOf(await raw(bench.port, head(`POST ${target}`, usual(bench.port), ping))),
      );
    },
  );

  it.each(['PUT', 'PATCH', 'TRACE', 'HEAD', 'PROPFIND'])(
    'H13 the method %s is answered 405 with what is allowed',
    async (method) => {
      const answer = await raw(
        bench.port,
        head(`${method} /mcp`, [
          `Host: 127.0.0.1:${bench.port}`,
          'Authorization: Bearer alice',
          'X-HTTP-Method-Override: POST',
          'Connection: close',
        ]),
      );
      expect(statusOf(answer)).toBe(405);
      expect(answer).toMatch(/^Allow: POST, GET, DELETE, OPTIONS\r$/m);
    },
  );

  it('A14 every path that exists refuses a caller without a credential, whatever the method', async () => {
    for (const path of ['/mcp', '/mcp/crm', '/mcp/docs', '/mcp/no-such']) {
      for (const era of ['legacy', 'modern'] as const)
        for (const method of [
          'tools/list',
          'tools/call',
          'resources/read',
          era === 'legacy' ? 'initialize' : 'server/discover',
        ]) {
          const answer = await ask({
            url: bench.url,
            path,
            era,
            method,
            params: { name: 'echo', uri: 'file:///a' },
            headers: { 'mcp-name': method === 'tools/call' ? 'echo' : 'file:///a' },
          });
          expect([path, method, answer.status]).toEqual([path, method, 401]);
        }
      expect((await ask({ url: bench.url, path, http: 'GET' })).status).toBe(401);
      expect(
        (
          await ask({
            url: bench.url,
            path,
            http: 'DELETE',
            headers: { 'mcp-session-id': await greet({ url: bench.url, token: 'alice' }) },
          })
        ).status,
      ).toBe(401);
    }
    expect(bench.sent).toHaveLength(0);
  });

  it('O24 a tenant that does not exist here is refused, and no header or path chooses another one', async () => {
    expect((await ask({ url: bench.url, token: 'nobody', method: 'tools/list' })).status).toBe(403);
    const answer = await ask({
      url: bench.url,
      token: 'alice',
      method: 'tools/call',
      params: { name: 'echo' },
      headers: { 'x-tenant': 'globex', 'x-forwarded-user': 'carol', 'x-sallyport-tenant': 'globex' },
    });
    expect(answer.status).toBe(200);
    expect(bench.sent.at(-1)?.principal.tenantClaim).toBe('acme');
  });
});

describe('hosts and origins', () => {
  const withHosts = async (hosts: readonly string[], extra: readonly string[] = []): Promise<number> =>
    statusOf(
      await raw(
        bench.port,
        head('POST /mcp/crm', [...hosts.map((host) => `Host: ${host}`), ...usual(bench.port).slice(1), ...extra], ping),
      ),
    );

  it.each([
    'evil.test',
    'localhost.evil.test',
    'localhost.',
    '127.0.0.1:1',
    '127.0.0.1',
    '[::2]:PORT',
    '::1:PORT',
    'localhost:PORT.evil.test',
    'evil.test:PORT',
    '',
    '127.0.0.1:PORT:1',
    'x@127.0.0.1:PORT',
    'mcp.example.test.evil.test',
    'mcp.example.test:8080',
    '0.0.0.0:PORT',
    '2130706433:PORT',
    '127.1:PORT',
  ])('A20 H1 the host %s is not ours', async (host) => {
    expect([400, 403]).toContain(await withHosts([host.replace('PORT', String(bench.port))]));
  });

  it('H1 no host or two hosts are refused', async () => {
    expect([400, 403]).toContain(await withHosts([]));
    expect([400, 403]).toContain(await withHosts([`127.0.0.1:${bench.port}`, 'evil.test']));
    expect([400, 403]).toContain(await withHosts([`127.0.0.1:${bench.port}`, `127.0.0.1:${bench.port}`]));
  });

  it.each(['127.0.0.1:PORT', '127.0.0.2:PORT', 'localhost:PORT', '[::1]:PORT', 'LocalHost:PORT', 'mcp.example.test'])(
    'the host %s is ours',
    async (host) => {
      expect(await withHosts([host.replace('PORT', String(bench.port))])).toBe(200);
    },
  );

  it.each([
    'null',
    'http://evil.test',
    'http://localhost.evil.test',
    'http://localhost',
    'http://localhost:1',
    'http://sub.app.example.test',
    'https://app.example.test:8443',
    'http://app.example.test',
    'https://APP.example.test',
    'https://app.example.test/',
    'https://app.example.test.evil.test',
    'file://',
    'http://127.0.0.1:PORT.evil.test',
    'http://evil.test#127.0.0.1:PORT',
    'https://mcp.example.test.',
  ])('A20 H1 the origin %s is refused before the body is read', async (origin) => {
    const said = origin.replace('PORT', String(bench.port));
    // The body never comes: the answer does not wait for it.
    const answer = await raw(
      bench.port,
      head('POST /mcp/crm', [...usual(bench.port).slice(0, 3), 'Content-Length: 100000', `Origin: ${said}`]),
    );
    expect(statusOf(answer)).toBe(403);
    expect(answer.toLowerCase()).not.toContain('access-control-allow-origin');
  });

  it('H1 two origins are refused; the listed one, the own one and none are accepted', async () => {
    const mine = [`127.0.0.1:${bench.port}`];
    expect(await withHosts(mine, ['Origin: https://app.example.test', 'Origin: https://app.example.test'])).toBe(403);
    for (const origin of [
      'https://app.example.test',
      'https://mcp.example.test',
      `http://127.0.0.1:${bench.port}`,
      `http://localhost:${bench.port}`,
    ])
      expect(await withHosts(mine, [`Origin: ${origin}`])).toBe(200);
    expect(await withHosts(mine)).toBe(200);
  });

  it('H2 a preflight is answered for listed origins only, with the headers that MCP uses, never for all and never with credentials', async () => {
    const preflight = (origin: string) =>
      ask({
        url: bench.url,
        http: 'OPTIONS',
        headers: {
          origin,
          'content-type': undefined,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization, mcp-session-id, mcp-param-region, cookie, x-evil',
        },
      });
    const allowed = await preflight('https://app.example.test');
    expect(allowed.status).toBe(204);
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.test',
      vary: 'Origin',
    });
    expect(String(allowed.headers['access-control-allow-headers']).toLowerCase()).toMatch(
      /authorization.*mcp-session-id/,
    );
    expect(String(allowed.headers['access-control-allow-headers']).toLowerCase()).toContain('mcp-param-region');
    expect(String(allowed.headers['access-control-allow-headers']).toLowerCase()).not.toMatch(/cookie|x-evil/);
    expect(allowed.headers['access-control-allow-credentials']).toBeUndefined();
    for (const origin of ['null', 'https://evil.test', '*']) {
      const refused = await preflight(origin);
      expect(refused.status).toBe(403);
      expect(refused.headers['access-control-allow-origin']).toBeUndefined();
    }
    const answered = await ask({
      url: bench.url,
      token: 'alice',
      method: 'ping',
      headers: { origin: 'https://app.example.test' },
    });
    expect(answered.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.test',
      vary: 'Origin',
    });
    expect(
      (await ask({ url: bench.url, http: 'GET', path: '/.well-known/oauth-protected-resource' })).headers[
        'access-control-allow-origin'
      ],
    ).toBeUndefined();
  });
});

describe('bodies', () => {
  const post = (headers: Record<string, string | string[] | undefined>, body: string | Buffer) =>
    ask({ url: bench.url, token: 'alice', headers, body });

  it.each([
    ['text/plain'],
    [undefined],
    ['application/jsonx'],
    ['application/json; charset=utf-16'],
    ['application/json; charset=latin1'],
    ['multipart/form-data; boundary=x'],
    ['application/x-www-form-urlencoded'],
    ['application/json, text/plain'],
    ['text/json'],
  ])('H10 the content type %s is refused', async (type) =>
    expect((await post({ 'content-type': type }, ping)).status).toBe(415),
  );

  it.each(['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'Application/JSON'])(
    'the content type %s is accepted',
    async (type) => expect((await post({ 'content-type': type }, ping)).status).toBe(200),
  );

  it.each(['gzip', 'br', 'zstd', 'deflate', 'gzip, gzip', 'x'])(
    'H11 a body encoded as %s is refused',
    async (encoding) => expect((await post({ 'content-encoding': encoding }, ping)).status).toBe(415),
  );

  it('H10 the limit, one less, one more, with and without a length', async () => {
    const sized = (bytes: number): string =>
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"${'x'.repeat(bytes - 57)}"}}`;
    for (const [bytes, status] of [
      [999_999, 200],
      [1_000_000, 200],
      [1_000_001, 413],
    ] as const) {
      const body = sized(bytes - 1);
      expect([bytes, (await post({}, body.padEnd(bytes, ' '))).status]).toEqual([bytes, status]);
    }
    const chunks = `${(1_100_000).toString(16)}\r\n${'x'.repeat(1_100_000)}\r\n0\r\n\r\n`;
    const answer = await raw(
      bench.port,
      head('POST /mcp/crm', [...usual(bench.port).slice(0, 3), 'Transfer-Encoding: chunked'], chunks),
    );
    expect(statusOf(answer)).toBe(413);
    expect(answer).toMatch(/^Connection: close\r$/m);
    expect([400, 413]).toContain(
      statusOf(
        await raw(
          bench.port,
          head('POST /mcp/crm', [...usual(bench.port).slice(0, 3), 'Content-Length: 1000000000000']),
        ),
      ),
    );
  });

  it.each([
    ['H10 a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(ping)])],
    ['H10 UTF-16', Buffer.from(ping, 'utf16le')],
    ['J4 trailing data', `${ping}{}`],
    ['J4 nothing', ''],
    ['J2 a key twice at the top', '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}'],
    [
      'J2 a key twice in params',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"erase"}}',
    ],
    [
      'J2 a key twice in arguments',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":1,"a":2}}}',
    ],
    ['J2 a key twice, once escaped', '{"jsonrpc":"2.0","id":1,"method":"ping","\\u006dethod":"tools/list"}'],
    ['J1 __proto__', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{"polluted":1}}}'],
    ['H12 a batch', `[${ping}]`],
    ['H12 an empty batch', '[]'],
    ['H12 a large batch', `[${Array.from({ length: 1_000 }, () => ping).join(',')}]`],
    ['J3 Method', '{"jsonrpc":"2.0","id":1,"Method":"ping"}'],
    ['J3 method and Method', '{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/list"}'],
    ['J3 a Kelvin sign', '{"jsonrpc":"2.0","id":1,"method":"ping","\u212aey":1}'],
    ['J3 paramſ', '{"jsonrpc":"2.0","id":1,"method":"ping","param\u017f":{}}'],
    ['J3 an unknown member', '{"jsonrpc":"2.0","id":1,"method":"ping","extra":1}'],
    ['J5 id null', '{"jsonrpc":"2.0","id":null,"method":"ping"}'],
    ['J5 id with a fraction', '{"jsonrpc":"2.0","id":1.5,"method":"ping"}'],
    ['J5 id an object', '{"jsonrpc":"2.0","id":{},"method":"ping"}'],
    ['J5 id true', '{"jsonrpc":"2.0","id":true,"method":"ping"}'],
    ['J5 id 2^53', '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}'],
    ['J5 no jsonrpc', '{"id":1,"method":"ping"}'],
    ['J5 jsonrpc with a space', '{"jsonrpc":"2.0 ","id":1,"method":"ping"}'],
    ['J5 jsonrpc as a number', '{"jsonrpc":2.0,"id":1,"method":"ping"}'],
    ['J5 result and error', '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}'],
    ['J5 method and result', '{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}'],
    ['J5 neither', '{"jsonrpc":"2.0","id":1}'],
    ['J5 params a list', '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}'],
    ['J5 params a string', '{"jsonrpc":"2.0","id":1,"method":"ping","params":"x"}'],
    ['J5 method a number', '{"jsonrpc":"2.0","id":1,"method":1}'],
    ['J5 a request without an id', '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}'],
    ['J5 a notification with an id', '{"jsonrpc":"2.0","id":1,"method":"notifications/initialized"}'],
    ['J5 only a string', '"ping"'],
    ['J5 null', 'null'],
  ])('%s is answered 400 and reaches nothing', async (_row, body) => {
    const before = bench.sent.length;
    const answer = await post({}, body);
    expect(answer.status).toBe(400);
    expect(answer.error?.code).toBeLessThan(-32599);
    expect(answer.text).not.toContain('"id":null');
    expect(bench.sent).toHaveLength(before);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('J4 depth and keys are limited', async () => {
    const nested = (depth: number): string =>
      `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
    expect((await post({}, nested(10))).status).toBe(200);
    expect((await post({}, nested(100_000))).status).toBe(400);
    expect(
      (
        await post(
          {},
          `{"jsonrpc":"2.0","id":1,"method":"ping","params":{${Array.from({ length: 10_001 }, (_, key) => `"${key}":1`).join(',')}}}`,
        )
      ).status,
    ).toBe(400);
  });

  it('J3 escapes are read as what they stand for', async () => {
    expect((await post({}, '{"jsonrpc":"2.0","id":"a","\\u006dethod":"ping"}')).text).toBe(
      '{"jsonrpc":"2.0","id":"a","result":{}}',
    );
  });

  it('J5 a response to nothing is accepted and changes nothing', async () => {
    expect((await post({}, '{"jsonrpc":"2.0","id":"sp-nothing","result":{}}')).status).toBe(202);
  });

  it('J15 a huge _meta, a reserved key and a malformed progress token do not get through', async () => {
    const call = (era: 'legacy' | 'modern', meta: object) =>
      ask({ url: bench.url, token: 'alice', era, method: 'tools/call', params: { name: 'echo', _meta: meta } });
    for (const era of ['legacy', 'modern'] as const) {
      for (const meta of [
        { a: 'x'.repeat(20_000) },
        ...[{}, null, 1.5, true, 'x'.repeat(300)].map((progressToken) => ({ progressToken })),
      ]) {
        const { status, error } = await call(era, meta);
        expect([status, error?.code]).toEqual([era === 'modern' ? 400 : 200, -32602]);
      }
      const answer = await call(era, {
        'io.modelcontextprotocol/serverInfo': { name: 'spoof' },
        'io.modelcontextprotocol/subscriptionId': 1,
        'dev.mcp/secret': 1,
        'com.modelcontextprotocol.tools/x': 1,
        baggage: 'user=admin',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'com.example/kept': 2,
        progressToken: 7,
      });
      expect(answer.status).toBe(200);
      expect(bench.sent.at(-1)?.call.params['_meta']).toEqual({
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'com.example/kept': 2,
        progressToken: 7,
      });
      expect(bench.sent.at(-1)?.call.origin.traceparent).toBe(
        '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      );
    }
    await call('modern', { traceparent: '00-0-0-01\r\nx: y', tracestate: 'a=b' });
    expect(bench.sent.at(-1)?.call.params['_meta']).toEqual({});
    expect(bench.sent.at(-1)?.call.origin.traceparent).toBeUndefined();
    expect(META['io.modelcontextprotocol/protocolVersion']).toBe('2026-07-28');
  });

  it('J14 no cursor was ever given out, so every cursor is refused', async () => {
    for (const method of ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'tasks/list'])
      for (const cursor of ['', 'x', 1, null]) {
        expect((await ask({ url: bench.url, token: 'alice', method, params: { cursor } })).error?.code).toBe(-32602);
      }
  });
});

describe('bytes that are not quite HTTP', () => {
  const chunk = `${ping.length.toString(16)}\r\n${ping}\r\n0\r\n\r\n`;
  it.each([
    ['CL and TE', ['Content-Length: 5', 'Transfer-Encoding: chunked'], chunk],
    ['TE chunked, identity', ['Transfer-Encoding: chunked, identity'], chunk],
    ['TE xchunked', ['Transfer-Encoding: xchunked'], chunk],
    ['TE twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], chunk],
    ['two CL', [`Content-Length: ${ping.length}`, 'Content-Length: 0'], ping],
    ['CL with +', [`Content-Length: +${ping.length}`], ping],
    ['CL list', ['Content-Length: 5, 5'], ping],
    ['space before colon', [`Content-Length : ${ping.length}`], ping],
    ['NUL', ['X-A: a\0b', `Content-Length: ${ping.length}`], ping],
    ['obs-fold', ['X-A: a\r\n b', `Content-Length: ${ping.length}`], ping],
    ['bare LF', ['X-A: a\nX-B: b', `Content-Length: ${ping.length}`], ping],
    ['CR in a value', ['X-A: a\rb', `Content-Length: ${ping.length}`], ping],
  ])('H4 %s is refused and the connection ends', async (_row, headers, body) => {
    const before = bench.sent.length;
    const answer = await raw(
      bench.port,
      head(
        'POST /mcp/crm',
        [`Host: 127.0.0.1:${bench.port}`, 'Authorization: Bearer alice', 'Content-Type: application/json', ...headers],
        body,
      ) + head('POST /mcp/crm', usual(bench.port), ping),
    );
    expect(statusOf(answer)).toBe(400);
    expect(answer.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
    expect(bench.sent).toHaveLength(before);
  });

  it.each(['GET', 'DELETE'])('H4 a %s with a body is refused and the connection ends', async (method) => {
    const session = await greet({ url: bench.url, token: 'alice' });
    const answer = await raw(
      bench.port,
      head(
        `${method} /mcp/crm`,
        [
          `Host: 127.0.0.1:${bench.port}`,
          'Authorization: Bearer alice',
          'Accept: text/event-stream',
          `Mcp-Session-Id: ${session}`,
          `Content-Length: ${ping.length}`,
        ],
        ping,
      ),
    );
    expect(statusOf(answer)).toBe(400);
    expect(answer).toMatch(/^Connection: close\r$/m);
  });

  it('H14 cookies are no credential and change nothing', async () => {
    for (const cookie of ['session=1', 'Authorization=Bearer alice', '__Host-x=1; x=1; x=2', 'access_token=alice']) {
      expect((await ask({ url: bench.url, method: 'ping', headers: { cookie } })).status).toBe(401);
      expect((await ask({ url: bench.url, token: 'alice', method: 'ping', headers: { cookie } })).status).toBe(200);
    }
    expect(
      statusOf(
        await raw(bench.port, head('POST /mcp/crm', [...usual(bench.port), `Cookie: ${'x'.repeat(20_000)}`], ping)),
      ),
    ).toBe(431);
  });

  it('H7 what a client says of a proxy is not believed', async () => {
    await ask({
      url: bench.url,
      token: 'alice',
      method: 'tools/call',
      params: { name: 'echo' },
      headers: {
        'x-forwarded-for': '10.0.0.1',
        forwarded: 'for=10.0.0.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-client-cert': 'Hash=1',
        'x-real-ip': '10.0.0.1',
      },
    });
    expect(bench.sent.at(-1)?.call.origin.address).toMatch(/127\.0\.0\.1$/);
  });

  it('O20 one Authorization header with one bearer token; not in the query, a form or a cookie', async () => {
    const twice = await raw(
      bench.port,
      head('POST /mcp/crm', [...usual(bench.port), 'Authorization: Bearer alice'], ping),
    );
    expect([400, 401]).toContain(statusOf(twice));
    for (const authorization of [
      'Bearer  alice',
      'Bearer\talice',
      'Bearer alice, Bearer bob',
      'Basic YWxpY2U=',
      'alice',
      'Bearer',
      'Bearer alice bob',
      'DPoP alice',
    ]) {
      expect([
        authorization,
        (await ask({ url: bench.url, method: 'ping', headers: { authorization } })).status,
      ]).toEqual([authorization, 401]);
    }
    expect((await ask({ url: bench.url, method: 'ping', headers: { authorization: 'bearer alice' } })).status).toBe(
      200,
    );
    expect((await ask({ url: bench.url, method: 'ping', params: { access_token: 'alice' } })).status).toBe(401);
  });
});

describe('what every answer carries', () => {
  it('security headers and a correlation id, whatever happened', async () => {
    const answers = await Promise.all([
      ask({ url: bench.url, token: 'alice', method: 'ping' }),
      ask({ url: bench.url, method: 'ping' }),
      ask({ url: bench.url, path: '/nothing' }),
      ask({ url: bench.url, http: 'PUT' }),
      ask({ url: bench.url, token: 'alice', body: '{' }),
      ask({ url: bench.url, token: 'alice', headers: { origin: 'null' } }),
      ask({ url: bench.url, token: 'alice', method: 'notifications/initialized', id: null }),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual([200, 401, 404, 405, 400, 403, 202]);
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      });
      expect(headers['x-correlation-id']).toMatch(/^[A-Za-z0-9._-]{8,64}$/);
    }
  });

  it('the correlation id of the caller when it is well formed, else a new one', async () => {
    const of = async (given: string | string[]): Promise<unknown> =>
      (await ask({ url: bench.url, token: 'alice', method: 'ping', headers: { 'x-correlation-id': given } })).headers[
        'x-correlation-id'
      ];
    expect(await of('abc.DEF-1_2')).toBe('abc.DEF-1_2');
    for (const bad of ['short', 'x'.repeat(65), 'has space1', '<script>x', ['abcdefgh', 'abcdefgi']])
      expect(await of(bad)).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('a challenge that says where to get a token: RFC 9728, RFC 6750', async () => {
    const none = await ask({ url: bench.url, method: 'ping' });
    expect(none.headers['www-authenticate']).toBe(
      'Bearer resource_metadata="https://mcp.example.test/.well-known/oauth-protected-resource/mcp/crm", scope="mcp"',
    );
    const bad = await ask({ url: bench.url, path: '/mcp', token: 'stale', method: 'ping' });
    expect(bad.headers['www-authenticate']).toBe(
      'Bearer resource_metadata="https://mcp.example.test/.well-known/oauth-protected-resource/mcp", scope="mcp", error="invalid_token"',
    );
    const narrow = await ask({ url: bench.url, token: 'narrow', method: 'tools/call', params: { name: 'echo' } });
    expect(narrow.status).toBe(403);
    expect(narrow.headers['www-authenticate']).toBe(
      'Bearer resource_metadata="https://mcp.example.test/.well-known/oauth-protected-resource/mcp/crm", scope="mcp:read mcp:call", error="insufficient_scope"',
    );
    expect(narrow.error).toMatchObject({ data: { error_code: 'INSUFFICIENT_SCOPE' } });
  });

  it.each([
    ['', '/mcp'],
    ['/mcp', '/mcp'],
    ['/mcp/crm', '/mcp/crm'],
    ['/mcp/not-there', '/mcp/not-there'],
  ])('metadata at %s names the resource exactly', async (suffix, path) => {
    const { status, text } = await ask({
      url: bench.url,
      http: 'GET',
      path: `/.well-known/oauth-protected-resource${suffix}`,
    });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      resource: `https://mcp.example.test${path}`,
      authorization_servers: ['https://issuer.test'],
      scopes_supported: ['mcp'],
      bearer_methods_supported: ['header'],
    });
  });
});

describe('limits before anybody is known', () => {
  it('every answered request is reported once', async () => {
    const before = bench.reports.length;
    await ask({ url: bench.url, token: 'alice', method: 'ping' });
    await ask({ url: bench.url, token: 'alice', method: 'notifications/initialized', id: null });
    await ask({ url: bench.url, path: '/nothing' });
    await ask({ url: bench.url, http: 'PUT' });
    await ask({ url: bench.url, http: 'GET', headers: { accept: 'application/json' } });
    await ask({ url: bench.url, http: 'DELETE' });
    await ask({ url: bench.url, token: 'alice', body: '{' });
    await ask({ url: bench.url, http: 'GET', path: '/.well-known/oauth-protected-resource' });
    await ask({ url: bench.url, token: 'alice', method: 'tools/call', params: {} });
    await ask({
      url: bench.url,
      token: 'alice',
      http: 'DELETE',
      headers: { 'mcp-session-id': await greet({ url: bench.url, token: 'alice' }) },
    });
    expect(bench.reports.slice(before).map(({ method, status, tenant }) => [method, status, tenant])).toEqual([
      ['ping', 200, 'acme'],
      ['notifications/initialized', 202, 'acme'],
      ['POST', 404, undefined],
      ['PUT', 405, undefined],
      ['GET', 405, undefined],
      ['DELETE', 405, undefined],
      ['other', 400, undefined],
      ['GET', 200, undefined],
      ['tools/call', 200, undefined],
      ['initialize', 200, 'acme'],
      ['session/end', 200, 'acme'],
    ]);
  });

  it('A34 one address cannot fill the record with what is refused before it is a call', async () => {
    const few = await openBench({ addressLimit: 3 });
    let recorded = 0;
    const edge = createHttpEdge({
      ...few.deps,
      rejected: () => {
        recorded += 1;
      },
    });
    const server = createServer(edge.handle).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (let at = 0; at < 20; at++)
      await raw(port, head('POST /mcp', ['Host: evil.test', 'Content-Length: 0', 'Connection: close']), 50);
    expect(recorded).toBe(3);
    server.close();
    await few.close();
  });

  it('H17 what an address sends too much is counted', async () => {
    const few = await openBench({ addressLimit: 3 });
    let limited = 0;
    const server = createServer(
      createHttpEdge({
        ...few.deps,
        addressLimited: () => {
          limited += 1;
        },
      }).handle,
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (let at = 0; at < 5; at++) await ask({ url: `http://127.0.0.1:${port}`, token: 'alice', method: 'ping' });
    expect(limited).toBe(2);
    server.closeAllConnections();
    server.close();
    await few.close();
  });

  it('H17 an address has so many requests, whoever it says it is', async () => {
    const small = await openBench({ addressLimit: 5 });
    try {
      const statuses: number[] = [];
      for (let at = 0; at < 7; at++)
        statuses.push(
          (
            await ask({
              url: small.url,
              token: at % 2 === 0 ? 'alice' : `guess${at}`,
              method: 'ping',
              headers: { 'x-forwarded-for': `10.0.0.${at}` },
            })
          ).status,
        );
      expect(statuses.slice(-2)).toEqual([429, 429]);
      const refused = await ask({ url: small.url, token: 'alice', method: 'ping' });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(refused.headers).toMatchObject({ 'x-ratelimit-limit': '5', 'x-ratelimit-remaining': '0' });
    } finally {
      await small.close();
    }
  });
});
