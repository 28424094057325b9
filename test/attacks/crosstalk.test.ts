/** A19: 200 clients at once that all use JSON-RPC id 1, with cancellations and reconnects: nobody gets another's answer. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, type RawClient } from './mcp-client.ts';

const CLIENTS = 200;
const ROUNDS = 5;
const slowEcho = fileURLToPath(new URL('./slow-echo-server.ts', import.meta.url));

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await openGateway({
    servers: { echo: { command: [process.execPath, slowEcho], links: { max: 250, maxPerPrincipal: 60 } } },
    policies: 'permit (principal, action, resource);',
  });
});
afterAll(() => gateway.close());

/** One client's life: calls with id 1 again and again; some are cancelled, some connections are dropped and reopened. */
async function live(client: RawClient, name: string): Promise<{ answers: number; cancelled: number }> {
  let answers = 0;
  let cancelled = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const canary = `${name}-${round}`;
    const fate = (round + name.length) % 5;
    const pending = client.call({ id: 1, name: 'echo', arguments: { canary }, progressToken: 1 });
    if (fate === 0) {
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
  it(`${CLIENTS} clients with id 1 get their own answers and nothing else`, { timeout: 120_000 }, async () => {
    const users = ['alice', 'bob', 'carol', 'dave'];
    const lives = Array.from({ length: CLIENTS }, async (_, index) => {
      const user = users[index % users.length] ?? 'alice';
      const client = await connect(`${gateway.url}/mcp/echo`, await gateway.token(user), era);
      try {
        return await live(client, `${era}-${user}-${index}`);
      } finally {
        await client.close();
      }
    });
    const ended = await Promise.all(lives);
    expect(ended.reduce((sum, one) => sum + one.answers, 0)).toBeGreaterThan(CLIENTS * 3);
    expect(ended.reduce((sum, one) => sum + one.cancelled, 0)).toBeGreaterThan(CLIENTS / 2);
  });
});
