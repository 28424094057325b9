/** S12 on a stream that stays open: what is taken away while somebody listens. */
import { request } from 'undici';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, headersFor, MODERN_META, type Era } from './mcp-client.ts';
import { openUpstream, SILENT, type Upstream } from './upstream.ts';

const URI = 'mem://x';
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let upstream: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  // Says five times a second that the resource changed, to whoever listens.
  upstream = await openUpstream({
    era: 'modern',
    resources: [{ uri: URI, name: 'x' }],
    respond: ({ method, params, body }, response) => {
      if (method === 'server/discover')
        return {
          supportedVersions: ['2026-07-28'],
          capabilities: { resources: { subscribe: true } },
          _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'talks', version: '1' } },
        };
      if (method !== 'subscriptions/listen') return undefined;
      const { id } = JSON.parse(body) as { id: unknown };
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const say = (what: string, said: object): void =>
        void response.write(
          `data: ${JSON.stringify({ jsonrpc: '2.0', method: what, params: { ...said, _meta: { 'io.modelcontextprotocol/subscriptionId': id } } })}\n\n`,
        );
      say('notifications/subscriptions/acknowledged', { notifications: params['notifications'] });
      const timer = setInterval(() => say('notifications/resources/updated', { uri: URI }), 200);
      response.once('close', () => clearInterval(timer));
      return SILENT;
    },
  });
  gateway = await openGateway({ servers: { one: { url: upstream.url } } });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

interface Ear {
  heard(): number;
  leave(): void;
}

async function listenLegacy(token: string): Promise<Ear> {
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
  return earOf(body, abort);
}

function earOf(body: AsyncIterable<unknown>, abort: AbortController): Ear {
  let heard = 0;
  const hear = async (): Promise<void> => {
    for await (const chunk of body) heard += String(chunk).split('resources/updated').length - 1;
  };
  hear().catch(() => undefined);
  return { heard: () => heard, leave: () => abort.abort() };
}

async function listen(era: Era, token: string): Promise<Ear> {
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
  return earOf(body, abort);
}

/** Nothing more is heard once the bound is over. */
async function silentAfter(ear: Ear, bound: number): Promise<void> {
  await expect.poll(() => ear.heard(), { timeout: 5_000 }).toBeGreaterThan(0);
  await pause(bound);
  const before = ear.heard();
  await pause(1_500);
  expect(ear.heard()).toBe(before);
}

describe.each<Era>(['modern', 'legacy'])('S12 an open stream, %s', (era) => {
  it('ends, or says nothing more, when the policy that allowed it is gone', async () => {
    const ear = await listen(era, await gateway.token('alice'));
    try {
      await expect.poll(() => ear.heard(), { timeout: 5_000 }).toBeGreaterThan(0);
      writeFileSync(join(gateway.folder, 'policies', 'test.cedar'), 'forbid (principal, action, resource);');
      await silentAfter(ear, 3_000);
    } finally {
      writeFileSync(join(gateway.folder, 'policies', 'test.cedar'), 'permit (principal, action, resource);');
      ear.leave();
      await pause(500);
    }
  });

  it('does not outlive the token that opened it', async () => {
    // Expired, and beyond the tolerated difference of clocks, within a second of its first use.
    const ear = await listen(era, await gateway.token('bob', { exp: Math.floor(Date.now() / 1000) - 28 }));
    try {
      await silentAfter(ear, 4_000);
    } finally {
      ear.leave();
    }
  });
});
