/** S8: a server answers with links to a host inside the network. They are text: the gateway connects to none. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect } from './mcp-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

const inside = createServer((_request, response) => response.end('secret'));
let connections = 0;
let link = '';
let upstream: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  inside.on('connection', () => void (connections += 1));
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
  link = `http://127.0.0.1:${(inside.address() as AddressInfo).port}/latest/meta-data`;
  const content = [
    { type: 'resource_link', uri: link, name: 'link', mimeType: 'text/html' },
    { type: 'resource', resource: { uri: link, mimeType: 'text/html', text: `<img src="${link}">` } },
    { type: 'text', text: `<meta http-equiv="refresh" content="0;url=${link}">![](${link})` },
  ];
  const icons = [{ src: link }];
  upstream = await openUpstream({
    tools: [tool('look', {}, { icons, _meta: { ui: { resourceUri: link } } })],
    respond: ({ method }) => {
      if (method === 'tools/call') return { content, structuredContent: { $ref: link }, _meta: { url: link } };
      return method === 'resources/read' ? { contents: [{ uri: link, text: link }] } : undefined;
    },
  });
  gateway = await openGateway({ servers: { one: { url: upstream.url } } });
}, 30_000);
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
  inside.close();
});

it.each(['modern', 'legacy'] as const)('S8 A21 what a result links to is not fetched for a %s client', async (era) => {
  const client = await connect(`${gateway.url}/mcp/one`, await gateway.token('alice'), era);
  await client.send('tools/list', {});
  const { result } = await client.call({ id: 1, name: 'look', arguments: {} }).done;
  expect(JSON.stringify(result)).toContain(link);
  await client.close();
  expect(connections).toBe(0);
});
