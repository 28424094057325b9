/** A20, H1, H2: whose hosts and origins are accepted. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send } from '../testing/client.mts';
import { PING, pingHeaders, rawRequest, sendBytes, statusOf } from '../testing/raw-socket.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openTestEdge();
});
afterAll(() => edge.close());

describe('hosts and origins', () => {
  const withHosts = async (hosts: readonly string[], extra: readonly string[] = []): Promise<number> =>
    statusOf(
      await sendBytes(
        edge.port,
        rawRequest(
          'POST /mcp/crm',
          [...hosts.map((host) => `Host: ${host}`), ...pingHeaders(edge.port).slice(1), ...extra],
          PING,
        ),
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
    '127.0.0.2:PORT',
    '0.0.0.0:PORT',
    '2130706433:PORT',
    '127.1:PORT',
  ])('A20 H1 the host %s is refused', async (host) => {
    expect([400, 403]).toContain(await withHosts([host.replace('PORT', String(edge.port))]));
  });

  it('H1 no host or two hosts are refused', async () => {
    expect([400, 403]).toContain(await withHosts([]));
    expect([400, 403]).toContain(await withHosts([`127.0.0.1:${edge.port}`, 'evil.test']));
    expect([400, 403]).toContain(await withHosts([`127.0.0.1:${edge.port}`, `127.0.0.1:${edge.port}`]));
  });

  it.each(['127.0.0.1:PORT', 'localhost:PORT', '[::1]:PORT', 'LocalHost:PORT', 'mcp.example.test'])(
    'the host %s is accepted',
    async (host) => {
      expect(await withHosts([host.replace('PORT', String(edge.port))])).toBe(200);
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
    const sentOrigin = origin.replace('PORT', String(edge.port));
    // The body is never sent: the response does not wait for it.
    const answer = await sendBytes(
      edge.port,
      rawRequest('POST /mcp/crm', [
        ...pingHeaders(edge.port).slice(0, 3),
        'Content-Length: 100000',
        `Origin: ${sentOrigin}`,
      ]),
    );
    expect(statusOf(answer)).toBe(403);
    expect(answer.toLowerCase()).not.toContain('access-control-allow-origin');
  });

  it('H1 two origins are refused; a listed one, the own one and none are accepted', async () => {
    const mine = [`127.0.0.1:${edge.port}`];
    expect(await withHosts(mine, ['Origin: https://app.example.test', 'Origin: https://app.example.test'])).toBe(403);
    for (const origin of [
      'https://app.example.test',
      'https://mcp.example.test',
      `http://127.0.0.1:${edge.port}`,
      `http://localhost:${edge.port}`,
    ])
      expect(await withHosts(mine, [`Origin: ${origin}`])).toBe(200);
    expect(await withHosts(mine)).toBe(200);
  });

  it('H2 a preflight gets the CORS headers of MCP for listed origins only, and never with credentials', async () => {
    const preflight = (origin: string) =>
      send({
        url: edge.url,
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
    const answered = await send({
      url: edge.url,
      token: 'alice',
      method: 'ping',
      headers: { origin: 'https://app.example.test' },
    });
    expect(answered.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.test',
      vary: 'Origin',
    });
    expect(
      (await send({ url: edge.url, http: 'GET', path: '/.well-known/oauth-protected-resource' })).headers[
        'access-control-allow-origin'
      ],
    ).toBeUndefined();
  });
});
