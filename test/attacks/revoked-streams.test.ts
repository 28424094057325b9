/**
 * S12 on a stream that stays open: rights that are taken away while somebody listens. A second listener keeps its
 * rights: when it has received an event, the gateway has relayed that event to everybody who may receive it.
 */
import { request } from 'undici';
import type { ServerResponse } from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, headersFor, MODERN_META, type Era } from './mcp-client.ts';
import { openUpstream, SILENT, type Upstream } from './upstream.ts';

const URI = 'mem://x';
const EVENTUALLY = { timeout: 30_000, interval: 20 };

let upstream: Upstream;
let gateway: TestGateway;
/** Open streams of the server, each with the id of its subscription. */
const streams = new Map<ServerResponse, unknown>();

function sendEvent(response: ServerResponse, method: string, params: object): void {
  const meta = { _meta: { 'io.modelcontextprotocol/subscriptionId': streams.get(response) } };
  const message = { jsonrpc: '2.0', method, params: { ...params, ...meta } };
  response.write(`data: ${JSON.stringify(message)}\n\n`);
}

/** The server reports on every stream that the resource changed. */
const reportChange = (): void => {
  for (const response of streams.keys()) sendEvent(response, 'notifications/resources/updated', { uri: URI });
};

beforeAll(async () => {
  upstream = await openUpstream({
    era: 'modern',
    resources: [{ uri: URI, name: 'x' }],
    respond: ({ method, params, body }, response) => {
      if (method === 'server/discover')
        return {
          supportedVersions: ['2026-07-28'],
          capabilities: { resources: { subscribe: true } },
          _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'changing', version: '1' } },
        };
      if (method !== 'subscriptions/listen') return undefined;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      streams.set(response, (JSON.parse(body) as { id: unknown }).id);
      sendEvent(response, 'notifications/subscriptions/acknowledged', { notifications: params['notifications'] });
      response.once('close', () => streams.delete(response));
      return SILENT;
    },
  });
  gateway = await openGateway({ servers: { one: { url: upstream.url } } });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

interface Listener {
  /** Events received so far. */
  received(): number;
  close(): void;
}

async function listenLegacy(token: string): Promise<Listener> {
  const abort = new AbortController();
  const client = await connect(`${gateway.url}/mcp/one`, token, 'legacy');
  await client.send('resources/subscribe', { uri: URI });
  const { body } = await request(`${gateway.url}/mcp/one`, {
    method: 'GET',
    signal: abort.signal,
    headers: {
      accept: 'text/event-stream',
      ...headersFor('legacy', token, { method: '', params: {} }, client.session),
    },
  });
  return listenerOf(body, abort);
}

function listenerOf(body: AsyncIterable<unknown>, abort: AbortController): Listener {
  let received = 0;
  const read = async (): Promise<void> => {
    for await (const chunk of body) received += String(chunk).split('resources/updated').length - 1;
  };
  read().catch(() => undefined);
  return { received: () => received, close: () => abort.abort() };
}

async function listen(era: Era, token: string): Promise<Listener> {
  if (era === 'legacy') return listenLegacy(token);
  const abort = new AbortController();
  const params = { notifications: { resourceSubscriptions: [URI] }, _meta: MODERN_META };
  const { body } = await request(`${gateway.url}/mcp/one`, {
    method: 'POST',
    signal: abort.signal,
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen', params }),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headersFor('modern', token, { method: 'subscriptions/listen', params }),
    },
  });
  return listenerOf(body, abort);
}

/** Reports a change until the listener receives one more event. */
async function expectNextEvent(listener: Listener): Promise<void> {
  const before = listener.received();
  await expect
    .poll(() => {
      reportChange();
      return listener.received();
    }, EVENTUALLY)
    .toBeGreaterThan(before);
}

/** The listener receives none of the next events, each of which the other listener receives. */
async function expectSilence(listener: Listener, other: Listener): Promise<void> {
  // What was relayed before the right was gone may still be on its way.
  await expect
    .poll(async () => {
      const before = listener.received();
      await expectNextEvent(other);
      return listener.received() - before;
    }, EVENTUALLY)
    .toBe(0);
  const before = listener.received();
  for (let event = 0; event < 5; event++) await expectNextEvent(other);
  expect(listener.received()).toBe(before);
}

async function listedResources(era: Era, token: string): Promise<number> {
  const client = await connect(`${gateway.url}/mcp/one`, token, era);
  return ((await client.send('resources/list', {})).result?.['resources'] as unknown[] | undefined)?.length ?? 0;
}

const setPolicy = (text: string): void => writeFileSync(join(gateway.folder, 'policies', 'test.cedar'), text);
const PERMIT_ALL = 'permit (principal, action, resource);';

describe.each<Era>(['modern', 'legacy'])('S12 an open stream, %s', (era) => {
  it('carries nothing more when a policy no longer permits it', async () => {
    const token = await gateway.token('alice');
    const listener = await listen(era, token);
    const other = await listen(era, await gateway.token('carol'));
    try {
      await expectNextEvent(listener);
      setPolicy(`${PERMIT_ALL} forbid (principal, action, resource) when { principal.subject == "alice" };`);
      await expect.poll(() => listedResources(era, token).catch(() => 0), EVENTUALLY).toBe(0);
      await expectSilence(listener, other);
    } finally {
      setPolicy(PERMIT_ALL);
      listener.close();
      other.close();
      await expect.poll(() => listedResources(era, token).catch(() => 0), EVENTUALLY).toBe(1);
    }
  });

  it('does not outlive the token that opened it', async () => {
    const other = await listen(era, await gateway.token('carol'));
    const token = await gateway.token('bob', { exp: Math.floor(Date.now() / 1000) + 60 });
    const listener = await listen(era, token);
    try {
      await expectNextEvent(listener);
      // The gateway tolerates a clock skew of 30 seconds.
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 95_000 });
      await expect.poll(() => listedResources(era, token).catch(() => 'refused'), EVENTUALLY).not.toBe(1);
      await expectSilence(listener, other);
    } finally {
      vi.useRealTimers();
      listener.close();
      other.close();
    }
  });
});
