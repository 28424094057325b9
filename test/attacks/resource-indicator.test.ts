/**
 * O12: a token is for the resource that it names and for no other; the metadata of an endpoint names that endpoint and
 * no other.
 */
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { headersFor, MODERN_META, type Era } from './mcp-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

let upstream: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await openUpstream({ era: 'modern', tools: [tool('alpha', {})] });
  gateway = await openGateway({ servers: { one: { url: upstream.url }, two: { url: upstream.url } } });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

const ENDPOINTS = ['/mcp', '/mcp/one', '/mcp/two'];
const METADATA = '/.well-known/oauth-protected-resource';

describe('O12 the metadata of an endpoint', () => {
  it.each(ENDPOINTS)('of %s names exactly its address, whatever the request headers', async (endpoint) => {
    for (const headers of [
      {},
      { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', forwarded: 'host=evil.example' },
    ]) {
      const { statusCode, body } = await request(`${gateway.url}${METADATA}${endpoint}`, { headers });
      expect(statusCode).toBe(200);
      expect(await body.json()).toMatchObject({
        resource: `${gateway.url}${endpoint}`,
        authorization_servers: [gateway.issuer.issuer],
      });
    }
  });

  it('is named by the challenge of that endpoint', async () => {
    for (const endpoint of ENDPOINTS) {
      const { statusCode, headers, body } = await request(`${gateway.url}${endpoint}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
      });
      await body.dump();
      expect(statusCode).toBe(401);
      expect(headers['www-authenticate']).toContain(`resource_metadata="${gateway.url}${METADATA}${endpoint}"`);
    }
  });
});

const AUDIENCES: readonly (readonly [name: string, aud: (url: string) => unknown])[] = [
  ['the origin alone', (url) => url],
  ['a slash more', (url) => `${url}/mcp/`],
  ['one server of it', (url) => `${url}/mcp/one`],
  ['another case', (url) => `${url}/MCP`],
  ['another port', (url) => url.replace(/\d+$/, '1')],
  ['https', (url) => `${url.replace('http:', 'https:')}/mcp`],
  ['another host', () => 'https://evil.example/mcp'],
  ['a query', (url) => `${url}/mcp?x=1`],
  ['a fragment', (url) => `${url}/mcp#x`],
  ['a prefix', (url) => `${url}/mc`],
  ['itself in another encoding', (url) => `${url}/%6dcp`],
  ['null', () => null],
  ['none', () => undefined],
  ['an empty one', () => ''],
  ['an empty list', () => []],
  ['itself and another', (url) => [`${url}/mcp`, 'https://evil.example']],
];

describe.each<Era>(['modern', 'legacy'])('O12 %s: a token with the audience', (era) => {
  const list = async (token: string): Promise<number> => {
    const params = era === 'modern' ? { _meta: MODERN_META } : {};
    const { statusCode, body } = await request(`${gateway.url}/mcp`, {
      method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params }),
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headersFor(era, token, { method: 'tools/list', params }),
      },
    });
    await body.dump();
    return statusCode;
  };

  it.each(AUDIENCES)('%s is refused', async (_name, aud) => {
    expect(await list(await gateway.token('alice', { aud: aud(gateway.url) }))).toBe(401);
  });

  it('of this resource is accepted', async () => expect(await list(await gateway.token('alice'))).toBe(200));
});
