/** What every response carries, and the limits before authentication. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpEdge } from './edge.ts';
import { initialize, send } from '../testing/client.mts';
import { rawRequest, sendBytes } from '../testing/raw-socket.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openTestEdge();
});
afterAll(() => edge.close());

const METADATA_URL = 'https://mcp.example.test/.well-known/oauth-protected-resource';

describe('every response', () => {
  it('has security headers and a correlation id', async () => {
    const answers = await Promise.all([
      send({ url: edge.url, token: 'alice', method: 'ping' }),
      send({ url: edge.url, method: 'ping' }),
      send({ url: edge.url, path: '/nothing' }),
      send({ url: edge.url, http: 'PUT' }),
      send({ url: edge.url, token: 'alice', body: '{' }),
      send({ url: edge.url, token: 'alice', headers: { origin: 'null' } }),
      send({ url: edge.url, token: 'alice', method: 'notifications/initialized', id: null }),
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

  it('has the correlation id of the caller when it is well formed, else a new one', async () => {
    const of = async (given: string | string[]): Promise<unknown> =>
      (await send({ url: edge.url, token: 'alice', method: 'ping', headers: { 'x-correlation-id': given } })).headers[
        'x-correlation-id'
      ];
    expect(await of('abc.DEF-1_2')).toBe('abc.DEF-1_2');
    for (const bad of ['short', 'x'.repeat(65), 'has space1', '<script>x', ['abcdefgh', 'abcdefgi']])
      expect(await of(bad)).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('has a challenge with the metadata URL when it is 401 or 403: RFC 9728, RFC 6750', async () => {
    const none = await send({ url: edge.url, method: 'ping' });
    expect(none.headers['www-authenticate']).toBe(`Bearer resource_metadata="${METADATA_URL}/mcp/crm", scope="mcp"`);
    const bad = await send({ url: edge.url, path: '/mcp', token: 'stale', method: 'ping' });
    expect(bad.headers['www-authenticate']).toBe(
      `Bearer resource_metadata="${METADATA_URL}/mcp", scope="mcp", error="invalid_token"`,
    );
    const narrow = await send({ url: edge.url, token: 'narrow', method: 'tools/call', params: { name: 'echo' } });
    expect(narrow.status).toBe(403);
    expect(narrow.headers['www-authenticate']).toBe(
      `Bearer resource_metadata="${METADATA_URL}/mcp/crm", scope="mcp:read mcp:call", error="insufficient_scope"`,
    );
    expect(narrow.error).toMatchObject({ data: { error_code: 'INSUFFICIENT_SCOPE' } });
  });

  it.each([
    ['', '/mcp'],
    ['/mcp', '/mcp'],
    ['/mcp/crm', '/mcp/crm'],
    ['/mcp/not-there', '/mcp/not-there'],
  ])('metadata at "%s" name the exact resource', async (suffix, path) => {
    const { status, text } = await send({
      url: edge.url,
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

describe('limits before authentication', () => {
  it('every answered request is reported once', async () => {
    const before = edge.reports.length;
    await send({ url: edge.url, token: 'alice', method: 'ping' });
    await send({ url: edge.url, token: 'alice', method: 'notifications/initialized', id: null });
    await send({ url: edge.url, path: '/nothing' });
    await send({ url: edge.url, http: 'PUT' });
    await send({ url: edge.url, http: 'GET', headers: { accept: 'application/json' } });
    await send({ url: edge.url, http: 'DELETE' });
    await send({ url: edge.url, token: 'alice', body: '{' });
    await send({ url: edge.url, http: 'GET', path: '/.well-known/oauth-protected-resource' });
    await send({ url: edge.url, token: 'alice', method: 'tools/call', params: {} });
    await send({
      url: edge.url,
      token: 'alice',
      http: 'DELETE',
      headers: { 'mcp-session-id': await initialize({ url: edge.url, token: 'alice' }) },
    });
    expect(edge.reports.slice(before).map(({ method, status, tenant }) => [method, status, tenant])).toEqual([
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

  it('A34 one address can cause only a bounded number of records of rejected requests', async () => {
    const few = await openTestEdge({ addressLimit: 3 });
    let recorded = 0;
    const httpEdge = createHttpEdge({
      ...few.deps,
      rejected: () => {
        recorded += 1;
      },
    });
    const server = createServer(httpEdge.handle).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (let at = 0; at < 20; at++)
      await sendBytes(port, rawRequest('POST /mcp', ['Host: evil.test', 'Content-Length: 0', 'Connection: close']), 50);
    expect(recorded).toBe(3);
    server.close();
    await few.close();
  });

  it('H17 requests over the limit of an address are counted', async () => {
    const few = await openTestEdge({ addressLimit: 3 });
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
    for (let at = 0; at < 5; at++) await send({ url: `http://127.0.0.1:${port}`, token: 'alice', method: 'ping' });
    expect(limited).toBe(2);
    server.closeAllConnections();
    server.close();
    await few.close();
  });

  it('H17 the limit of an address does not depend on its credentials or headers', async () => {
    const small = await openTestEdge({ addressLimit: 5 });
    try {
      const statuses: number[] = [];
      for (let at = 0; at < 7; at++)
        statuses.push(
          (
            await send({
              url: small.url,
              token: at % 2 === 0 ? 'alice' : `guess${at}`,
              method: 'ping',
              headers: { 'x-forwarded-for': `10.0.0.${at}` },
            })
          ).status,
        );
      expect(statuses.slice(-2)).toEqual([429, 429]);
      const refused = await send({ url: small.url, token: 'alice', method: 'ping' });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(refused.headers).toMatchObject({ 'x-ratelimit-limit': '5', 'x-ratelimit-remaining': '0' });
    } finally {
      await small.close();
    }
  });
});
