/** 3.4: a model reads why a server failed, unless the configuration hides it: the whole way, in both eras. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, type Era } from '../attacks/mcp-client.ts';
import { openUpstream, tool, type Upstream } from '../attacks/upstream.ts';
import { openGateway, type TestGateway } from './gateway.ts';

let upstream: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await openUpstream({
    tools: [tool('alpha')],
    respond({ method, body }, response) {
      if (method !== 'tools/call') return undefined;
      const { id } = JSON.parse(body) as { id: number };
      const error = { code: -32603, message: 'fetch failed\n    at run (/srv/x.js:1:2)', data: { note: 'CANARY' } };
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ jsonrpc: '2.0', id, error }));
      return undefined;
    },
  });
  gateway = await openGateway({
    servers: { open: { url: upstream.url }, silent: { url: upstream.url, errors: 'hide' } },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

it.each<[Era, string, string]>([
  ['modern', 'open', 'The server answered with an error: fetch failed'],
  ['legacy', 'open', 'The server answered with an error: fetch failed'],
  ['modern', 'silent', 'The server behind the gateway failed.'],
  ['legacy', 'silent', 'The server behind the gateway failed.'],
])('a %s client of the server %s reads: %s', async (era, server, message) => {
  const client = await connect(`${gateway.url}/mcp/${server}`, await gateway.token('alice'), era);
  const { result } = await client.call({ id: 3, name: 'alpha', arguments: {} }).done;
  expect(result).toMatchObject({
    isError: true,
    content: [{ type: 'text', text: `UPSTREAM_FAILED: ${message}` }],
    structuredContent: { error_code: 'UPSTREAM_FAILED', message },
  });
  expect(JSON.stringify(result)).not.toMatch(/CANARY|srv/);
});
