/** Elicitation by URL has the form of the client's revision, whatever the server's revision is. */
import type { JsonObject } from '@sallyport/guard';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect, it } from 'vitest';
import { fakeHttp } from '../testing/fake-http.mts';
import { legacyFake } from '../testing/fake-legacy.mts';
import { httpTransport, createHarness, serverSettings } from '../testing/harness.mts';

const URL_MODE: JsonObject = { mode: 'url', message: 'Sign in', url: 'https://login.example/x' };
const target = { kind: 'tool', server: 's', name: 'echo' } as const;
const capabilities = { elicitation: { url: {} } };

it('a legacy client gets an elicitation id, although a modern server sends none', async () => {
  const server = await fakeHttp();
  server.answer = ({ method, params }) => {
    if (method !== 'tools/call') return undefined;
    return params['inputResponses'] === undefined
      ? { resultType: 'input_required', inputRequests: { a: { method: 'elicitation/create', params: URL_MODE } } }
      : { resultType: 'complete', content: [] };
  };
  const harness = createHarness([serverSettings('s', httpTransport(server.url))]);
  await harness.discover();
  const requested: JsonObject[] = [];
  await harness.resultOf(
    'tools/call',
    target,
    { name: 'echo', arguments: {} },
    {
      session: 's',
      capabilities,
      onClientRequest: async (method, params) => {
        requested.push({ method, params });
        return { action: 'accept' };
      },
    },
  );
  expect(requested).toHaveLength(1);
  expect(ElicitRequestSchema.safeParse(requested[0]).success).toBe(true);
  await harness.close();
  await server.close();
});

it('a modern client gets no elicitation id, although a legacy server sends one', async () => {
  const server = await legacyFake();
  const params = { ...URL_MODE, elicitationId: 'e1' };
  const request = { jsonrpc: '2.0', id: 1, method: 'elicitation/create', params };
  server.answer = ({ method }, res) => {
    if (method === 'tools/call')
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${JSON.stringify(request)}\n\n`);
    return undefined;
  };
  const harness = createHarness([serverSettings('s', httpTransport(server.url))]);
  await harness.discover();
  const { value } = await harness.resultOf(
    'tools/call',
    target,
    { name: 'echo', arguments: {} },
    { era: 'modern', capabilities },
  );
  expect(value['inputRequests']).toEqual({ q1: { method: 'elicitation/create', params: URL_MODE } });
  await harness.close();
  await server.close();
});
