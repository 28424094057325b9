/** H13: only the documented paths and methods exist, and each needs a credential. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initialize, send } from '../testing/client.mts';
import { PING, pingHeaders, rawRequest, sendBytes, statusOf } from '../testing/raw-socket.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openTestEdge();
});
afterAll(() => edge.close());

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
  ])('H13 %s does not exist', async (path) => {
    const before = edge.sent.length;
    for (const method of ['POST', 'GET', 'DELETE']) {
      const answer = await sendBytes(
        edge.port,
        rawRequest(
          `${method} ${path}`,
          method === 'POST' ? pingHeaders(edge.port) : pingHeaders(edge.port).filter((line) => !/^Content/.test(line)),
          method === 'POST' ? PING : '',
        ),
      );
      expect([404, 400]).toContain(statusOf(answer));
    }
    expect(edge.sent).toHaveLength(before);
  });

  it.each(['http://evil.test/mcp', 'http://127.0.0.1/mcp/crm', 'mcp', '*'])(
    'H1 H13 the target %s in another form is refused',
    async (target) => {
      expect([400, 403, 404]).toContain(
        statusOf(await sendBytes(edge.port, rawRequest(`POST ${target}`, pingHeaders(edge.port), PING))),
      );
    },
  );

  it.each(['PUT', 'PATCH', 'TRACE', 'HEAD', 'PROPFIND'])(
    'H13 the method %s is answered 405 with what is allowed',
    async (method) => {
      const answer = await sendBytes(
        edge.port,
        rawRequest(`${method} /mcp`, [
          `Host: 127.0.0.1:${edge.port}`,
          'Authorization: Bearer alice',
          'X-HTTP-Method-Override: POST',
          'Connection: close',
        ]),
      );
      expect(statusOf(answer)).toBe(405);
      expect(answer).toMatch(/^Allow: POST, GET, DELETE, OPTIONS\r$/m);
    },
  );

  it('A14 every path refuses a caller without a credential, for every method', async () => {
    for (const path of ['/mcp', '/mcp/crm', '/mcp/docs', '/mcp/no-such']) {
      for (const era of ['legacy', 'modern'] as const)
        for (const method of [
          'tools/list',
          'tools/call',
          'resources/read',
          era === 'legacy' ? 'initialize' : 'server/discover',
        ]) {
          const answer = await send({
            url: edge.url,
            path,
            era,
            method,
            params: { name: 'echo', uri: 'file:///a' },
            headers: { 'mcp-name': method === 'tools/call' ? 'echo' : 'file:///a' },
          });
          expect([path, method, answer.status]).toEqual([path, method, 401]);
        }
      expect((await send({ url: edge.url, path, http: 'GET' })).status).toBe(401);
      expect(
        (
          await send({
            url: edge.url,
            path,
            http: 'DELETE',
            headers: { 'mcp-session-id': await initialize({ url: edge.url, token: 'alice' }) },
          })
        ).status,
      ).toBe(401);
    }
    expect(edge.sent).toHaveLength(0);
  });

  it('O24 an unknown tenant is refused, and no header chooses another tenant', async () => {
    expect((await send({ url: edge.url, token: 'nobody', method: 'tools/list' })).status).toBe(403);
    const answer = await send({
      url: edge.url,
      token: 'alice',
      method: 'tools/call',
      params: { name: 'echo' },
      headers: { 'x-tenant': 'globex', 'x-forwarded-user': 'carol', 'x-sallyport-tenant': 'globex' },
    });
    expect(answer.status).toBe(200);
    expect(edge.sent.at(-1)?.principal.tenantClaim).toBe('acme');
  });
});
