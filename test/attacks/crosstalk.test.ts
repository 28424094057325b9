/**
 * A19: 200 clients at once that all use JSON-RPC id 1, with cancellations and reconnects: nobody gets another's answer.
 * Modern clients share one child process. Each legacy client has its own session with its server: every fifth of them
 * with a child process of its own, the others over HTTP: 200 processes would take about 10 GB of memory.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, type RawClient } from './mcp-client.ts';
import { openUpstream, SILENT, textResult, tool, type Upstream } from './upstream.ts';

const CLIENTS = 200;
const ROUNDS = 5;
const slowEcho = fileURLToPath(new URL('./slow-echo-server.ts', import.meta.url));

let gateway: TestGateway;
let web: Upstream;
beforeAll(async () => {
  web = await openSlowEcho();
  gateway = await openGateway({
    servers: {
      echo: { command: [process.execPath, slowEcho], links: { max: 1_000, maxPerPrincipal: 60 } },
      web: { url: web.url, links: { max: 1_000, maxPerPrincipal: 60 } },
    },
    policies: 'permit (principal, action, resource);',
  });
});
afterAll(async () => {
  await gateway?.close();
  await web?.close();
});

/** A legacy server over HTTP that answers out of order, as `slow-echo-server.ts` does over stdio. */
function openSlowEcho(): Promise<Upstream> {
  return openUpstream({
    tools: [tool('echo', { canary: { type: 'string' } })],
    respond: async ({ method, body }, response) => {
      if (method !== 'tools/call') return undefined;
      const { id, params } = JSON.parse(body) as {
        id: number;
        params: { arguments: { canary: string }; _meta: { progressToken: unknown } };
      };
      const { canary } = params.arguments;
      const { progressToken } = params._meta;
      const sendEvent = (message: object): void =>
        void response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      sendEvent({ method: 'notifications/progress', params: { progressToken, progress: 1, message: canary } });
      for (let turns = Math.random() * 40; turns > 0; turns--) await nextTurn();
      sendEvent({ id, result: textResult(canary) });
      response.end();
      return SILENT;
    },
  });
}

/** Calls with id 1 again and again, some of which the client cancels. */
async function callRepeatedly(client: RawClient, name: string): Promise<{ answers: number; cancelled: number }> {
  let answers = 0;
  let cancelled = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const canary = `${name}-${round}`;
    const cancels = (round + name.length) % 5 === 0;
    const pending = client.call({ id: 1, name: 'echo', arguments: { canary }, progressToken: 1 });
    if (cancels) {
      await client.cancel(pending);
      cancelled += 1;
      continue;
    }
    const { result, progress } = await pending.done;
    expect(result).toMatchObject({ content: [{ type: 'text', text: canary }] });
    for (const note of progress) expect(note).toMatchObject({ progressToken: 1, message: canary });
    answers += 1;
  }
  return { answers, cancelled };
}

describe.each(['modern', 'legacy'] as const)('A19 %s clients', (era) => {
  it(`${CLIENTS} clients that use id 1 get their own answers and nothing else`, { timeout: 120_000 }, async () => {
    const users = ['alice', 'bob', 'carol', 'dave'];
    const running = Array.from({ length: CLIENTS }, async (_, index) => {
      const user = users[index % users.length] ?? 'alice';
      const server = era === 'modern' || index % 5 === 0 ? 'echo' : 'web';
      const client = await connect(`${gateway.url}/mcp/${server}`, await gateway.token(user), era);
      try {
        return await callRepeatedly(client, `${era}-${user}-${index}`);
      } finally {
        await client.close();
      }
    });
    const ended = await Promise.all(running);
    expect(ended.reduce((sum, client) => sum + client.answers, 0)).toBeGreaterThan(CLIENTS * 3);
    expect(ended.reduce((sum, client) => sum + client.cancelled, 0)).toBeGreaterThan(CLIENTS / 2);
  });
});
