/**
 * A24, D2: one server costs as much time and memory as it can, by its notifications and its lists, while other servers
 * are called. Nobody else waits for it, and the gateway keeps a bounded amount of what it sends.
 */
import { statSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, headersFor, type Era } from './mcp-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

const ERAS: readonly Era[] = ['modern', 'legacy'];
const EVENTUALLY = { timeout: 50_000, interval: 20 };
type Json = Record<string, unknown>;

let quiet: Upstream;
let hostile: Upstream;
let gateway: TestGateway;
/** Open streams of the hostile server. */
const streams = new Set<ServerResponse>();
let lists = 0;
let listed: (at: number) => Json[] = () => [];
beforeAll(async () => {
  quiet = await openUpstream({ tools: [tool('alpha')] });
  hostile = await openUpstream({
    tools: [tool('own')],
    respond: ({ method }) => {
      if (method === 'tools/list') return { tools: [tool('own'), ...listed((lists += 1))] };
      if (method !== 'initialize') return undefined;
      return {
        protocolVersion: '2025-11-25',
        capabilities: {
          tools: { listChanged: true },
          resources: { subscribe: true, listChanged: true },
          experimental: { x: { lists } },
        },
        serverInfo: { name: 'hostile', version: '1' },
      };
    },
    stream: (response) => {
      streams.add(response);
      response.once('close', () => streams.delete(response));
    },
  });
  gateway = await openGateway({
    servers: { quiet: { url: quiet.url }, hostile: { url: hostile.url } },
    settings: { pins: { verify: '0s' } },
  });
});
afterAll(async () => {
  await gateway?.close();
  await quiet.close();
  await hostile.close();
});

/** Another tenant calls again and again, and is answered, until the gateway has done the work. */
async function othersAreServedDuring(work: Promise<unknown>): Promise<void> {
  const carol = await connect(`${gateway.url}/mcp/quiet`, await gateway.token('carol'), 'modern');
  let done = false;
  const finished = work.finally(() => {
    done = true;
  });
  do {
    const { result } = await carol.send('tools/call', { name: 'alpha', arguments: { a: 'x' } });
    expect(result).toMatchObject({ content: [{ text: 'done {"a":"x"}' }] });
  } while (!done);
  await finished;
}

async function listen(): Promise<{ text(): string; close(): void }> {
  const token = await gateway.token('alice');
  const client = await connect(`${gateway.url}/mcp/hostile`, token, 'legacy');
  await client.send('tools/list', {});
  const abort = new AbortController();
  const { body } = await request(`${gateway.url}/mcp/hostile`, {
    signal: abort.signal,
    headers: {
      ...headersFor('legacy', token, { method: '', params: {} }, client.session),
      accept: 'text/event-stream',
    },
  });
  let text = '';
  body.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', () => undefined);
  await expect.poll(() => streams.size, EVENTUALLY).toBeGreaterThan(0);
  return { text: () => text, close: () => abort.abort() };
}

const notify = (method: string, params: Json): void => {
  for (const stream of streams) stream.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method, params })}\n\n`);
};

/**
 * The hostile server reports changes of resources that nobody subscribed to, then that its tools changed. The listener
 * receives the last notification only, and others are served meanwhile. A gateway that looked up each part of an
 * address would need minutes: the test would time out.
 */
async function expectIgnored(count: number, uri: (index: number) => string): Promise<void> {
  const listener = await listen();
  try {
    const flood = async (): Promise<void> => {
      for (let index = 0; index < count; index++) notify('notifications/resources/updated', { uri: uri(index) });
      notify('notifications/tools/list_changed', {});
      await expect.poll(() => listener.text(), EVENTUALLY).toContain('tools/list_changed');
    };
    await othersAreServedDuring(flood());
    expect(listener.text()).not.toContain('resources/updated');
  } finally {
    listener.close();
  }
}

describe('A24 notifications that a server sends on its own', () => {
  it.each([
    ['slashes', '/'],
    ['dots', './'],
    ['colons', ':'],
    ['escapes', '%2f'],
  ])('addresses of a million %s are ignored, and nobody waits for them', (_name, part) =>
    expectIgnored(10, (index) => `x:${index}${part.repeat(1_000_000 / part.length)}`),
  );

  it.each([
    ['one segment', 'a'.repeat(2_000)],
    ['1,000 segments', '/a'.repeat(1_000)],
  ])('2,000 addresses of %s are ignored, and nobody waits for them', (_name, path) =>
    expectIgnored(2_000, (index) => `x:${index}${path}`),
  );
});

describe.each(ERAS)('D2 %s client', (era) => {
  it('ever new tool names fill the pins up to a bound; tools that were pinned before are still served', async () => {
    const client = await connect(`${gateway.url}/mcp/hostile`, await gateway.token('alice'), era);
    listed = (at) =>
      Array.from({ length: 2_000 }, (_, index) => ({ name: `new-${at}-${index}`, inputSchema: { type: 'object' } }));
    try {
      const counts: number[] = [];
      for (let round = 0; round < 6; round++)
        counts.push(((await client.send('tools/list', {})).result?.['tools'] as Json[]).length);
      expect(counts.at(-1)).toBe(1);
      expect((await client.send('tools/call', { name: 'own', arguments: {} })).result).toMatchObject({
        content: [{ text: 'done {}' }],
      });
      expect(statSync(join(gateway.folder, 'data', 'sallyport.db')).size).toBeLessThan(20 * 1024 * 1024);
    } finally {
      listed = () => [];
    }
  });
});
