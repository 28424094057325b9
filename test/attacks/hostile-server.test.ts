/**
 * A24, D2: one server that does what it can to cost time and memory, while others are called: what it says on its own, what
 * it lists, and what it says of itself. Nobody else waits for it, and what is kept of it has an end.
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
type Json = Record<string, unknown>;

let quiet: Upstream;
let hostile: Upstream;
let gateway: TestGateway;
/** Streams on which it may say what it likes. */
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

/** How long others wait at most, while `noise` is made. */
async function waits(noise: () => Promise<unknown>): Promise<number> {
  const carol = await connect(`${gateway.url}/mcp/quiet`, await gateway.token('carol'), 'modern');
  await carol.send('tools/call', { name: 'alpha', arguments: { a: 'x' } });
  let over = false;
  const made = noise().finally(() => {
    over = true;
  });
  let longest = 0;
  do {
    const began = performance.now();
    expect((await carol.send('tools/call', { name: 'alpha', arguments: { a: 'x' } })).result).toMatchObject({
      content: [{ text: 'done {"a":"x"}' }],
    });
    longest = Math.max(longest, performance.now() - began);
  } while (!over);
  await made;
  return longest;
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
  await expect.poll(() => streams.size, { timeout: 5_000 }).toBeGreaterThan(0);
  return { text: () => text, close: () => abort.abort() };
}

const say = (method: string, params: Json): void => {
  for (const stream of streams) stream.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method, params })}\n\n`);
};

describe('A24 what a server says on its own', () => {
  it.each([
    ['slashes', '/'],
    ['dots', './'],
    ['colons', ':'],
    ['escapes', '%2f'],
  ])('an address of a million %s costs nobody anything, and is heard of by nobody', async (_name, part) => {
    const ear = await listen();
    try {
      const longest = await waits(async () => {
        for (let at = 0; at < 10; at++)
          say('notifications/resources/updated', { uri: `x:${at}${part.repeat(1_000_000 / part.length)}` });
        await new Promise((resolve) => setTimeout(resolve, 700));
      });
      // Minutes, when each part is looked up.
      expect(longest).toBeLessThan(10_000);
      expect(ear.text()).not.toContain('resources/updated');
    } finally {
      ear.close();
    }
  });

  it('short ones in great number do not either', async () => {
    const ear = await listen();
    try {
      const flood = (uri: (at: number) => string): Promise<number> =>
        waits(async () => {
          for (let at = 0; at < 2_000; at++) say('notifications/resources/updated', { uri: uri(at) });
          await new Promise((resolve) => setTimeout(resolve, 700));
        });
      // As long as ones with nothing to climb, give or take what a busy machine adds.
      const flat = await flood((at) => `x:${at}${'a'.repeat(2_000)}`);
      expect(await flood((at) => `x:${at}${'/a'.repeat(1_000)}`)).toBeLessThan(4 * flat + 1_000);
    } finally {
      ear.close();
    }
  });
});

describe.each(ERAS)('D2 %s: what a server lists', (era) => {
  it(
    'ever new names fill the pins to a bound; what was pinned before is served all the same',
    { timeout: 60_000 },
    async () => {
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
    },
  );
});
