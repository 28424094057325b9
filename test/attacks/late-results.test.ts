/**
 * S13: a call that is cancelled, times out or is left behind. Its late result reaches nobody, the next call gets its own,
 * and the record says how it ended.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecords } from '../../packages/gateway/src/adapters/segments/verify.ts';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { openStdioClient } from './stdio-client.ts';
import { openInstallation } from './installation.ts';
import { connect, type Era, type RawClient } from './mcp-client.ts';
import { openUpstream, textResult, tool, type Upstream } from './upstream.ts';

const ERAS: readonly Era[] = ['modern', 'legacy'];
const properties = { canary: { type: 'string' }, ms: { type: 'integer' } };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let gateway: TestGateway;
let upstreams: Record<string, Upstream>;
beforeAll(async () => {
  // Answers late, with what it was given, whatever it was told of cancelling meanwhile.
  const slow = (era: Era) =>
    openUpstream({
      era,
      tools: [tool('slow', properties)],
      respond: async ({ method, params }) => {
        if (method !== 'tools/call') return undefined;
        const { canary, ms } = params['arguments'] as { canary: string; ms: number };
        await pause(ms);
        return textResult(canary);
      },
    });
  upstreams = { old: await slow('legacy'), new: await slow('modern') };
  gateway = await openGateway({
    servers: { old: { url: upstreams['old']?.url, timeout: '2s' }, new: { url: upstreams['new']?.url, timeout: '2s' } },
  });
});
afterAll(async () => {
  await gateway?.close();
  await Promise.all(Object.values(upstreams).map((one) => one.close()));
});

interface Short {
  readonly record_id: string;
  readonly phase: string;
  readonly status?: string;
  readonly error_code?: string;
  readonly method: string;
}

const recordsOf = (folder: string, log = '.'): Short[] =>
  readRecords(join(folder, 'data', 'audit', log, 'acme'))
    .records.map(({ bytes }) => (JSON.parse(bytes.toString()) as { unmapped: Short }).unmapped)
    .filter(({ method }) => method === 'tools/call');

/** Every intent has exactly one outcome. */
async function settled(folder: string): Promise<void> {
  const unsettled = (): number => {
    const [intents, outcomes]: [string[], Map<string, number>] = [[], new Map()];
    for (const { phase, record_id: id } of recordsOf(folder)) {
      if (phase === 'intent') intents.push(id);
      else outcomes.set(id, (outcomes.get(id) ?? 0) + 1);
    }
    return intents.filter((id) => outcomes.get(id) !== 1).length;
  };
  await expect.poll(unsettled, { timeout: 15_000, interval: 100 }).toBe(0);
}

const textOf = async (client: RawClient, canary: string): Promise<unknown> =>
  (await client.call({ id: 1, name: 'slow', arguments: { canary, ms: 0 } }).done).result?.['content'];
const is = (canary: string) => [{ type: 'text', text: canary }];

const CASES = ERAS.flatMap((era) => ['old', 'new'].map((server) => [era, server] as const));

describe.each(CASES)('S13 %s client, %s server', (era, server) => {
  const open = async (user: string): Promise<RawClient> =>
    connect(`${gateway.url}/mcp/${server}`, await gateway.token(user), era);

  it('cancelled: the late result reaches nobody, and the outcome is recorded', { timeout: 40_000 }, async () => {
    const [alice, bob, again] = [await open('alice'), await open('bob'), await open('alice')];
    const pending = alice.call({ id: 1, name: 'slow', arguments: { canary: 'LATE', ms: 300 } });
    await pause(60);
    await alice.cancel(pending);
    // The same id, by the same client, by the same person elsewhere and by somebody else, while the answer is on its way.
    const until = performance.now() + 500;
    for (let at = 0; performance.now() < until; at++)
      for (const [who, client] of Object.entries({ alice, bob, again }))
        expect(await textOf(client, `${who}-${at}`)).toEqual(is(`${who}-${at}`));
    await settled(gateway.folder);
    expect(
      recordsOf(gateway.folder).filter((one) => one.phase === 'outcome' && one.error_code === 'CANCELLED').length,
    ).toBeGreaterThan(0);
  });

  it('left behind: the connection is cut in the middle, again and again', { timeout: 40_000 }, async () => {
    const [alice, bob] = [await open('alice'), await open('bob')];
    const before = recordsOf(gateway.folder).filter(({ phase }) => phase === 'intent').length;
    for (let at = 0; at < 10; at++) {
      const pending = alice.call({ id: 1, name: 'slow', arguments: { canary: `LEFT-${at}`, ms: 80 } });
      await pause(at * 6);
      pending.abort.abort();
      expect(await textOf(bob, `bob-${at}`)).toEqual(is(`bob-${at}`));
      expect(await textOf(alice, `alice-${at}`)).toEqual(is(`alice-${at}`));
    }
    await settled(gateway.folder);
    expect(recordsOf(gateway.folder).filter(({ phase }) => phase === 'intent').length).toBeGreaterThan(before + 20);
  });

  it("timed out: the caller is told, and what comes after that is nobody's", { timeout: 40_000 }, async () => {
    const [alice, bob] = [await open('alice'), await open('bob')];
    const { result } = await alice.call({ id: 1, name: 'slow', arguments: { canary: 'LATE', ms: 2_500 } }).done;
    expect(result).toMatchObject({ isError: true, structuredContent: { error_code: 'TIMEOUT' } });
    const until = performance.now() + 900;
    while (performance.now() < until) {
      expect(await textOf(alice, 'mine')).toEqual(is('mine'));
      expect(await textOf(bob, 'his')).toEqual(is('his'));
    }
    await settled(gateway.folder);
    expect(recordsOf(gateway.folder).filter((one) => one.error_code === 'TIMEOUT').length).toBeGreaterThan(0);
  });
});

describe.each(ERAS)('S13 stdio, %s', (era) => {
  it('a client that goes away in the middle leaves an outcome behind', { timeout: 30_000 }, async () => {
    const installation = await openInstallation({ servers: { old: { url: upstreams['old']?.url } } });
    try {
      const stdioClient = await openStdioClient(installation, await installation.token('alice'), {
        era,
        server: 'old',
      });
      const pending = stdioClient
        .send('tools/call', { name: 'slow', arguments: { canary: 'LATE', ms: 400 } })
        .catch(() => undefined);
      await pause(150);
      await stdioClient.close();
      await pending;
      expect(
        recordsOf(installation.folder, '+stdio-1')
          .map(({ phase }) => phase)
          .sort(),
      ).toEqual(['intent', 'outcome']);
    } finally {
      await installation.close();
    }
  });

  it('a cancelled call is not answered late', { timeout: 30_000 }, async () => {
    const installation = await openInstallation({ servers: { old: { url: upstreams['old']?.url } } });
    const stdioClient = await openStdioClient(installation, await installation.token('alice'), { era, server: 'old' });
    try {
      void stdioClient
        .send('tools/call', { name: 'slow', arguments: { canary: 'LATE', ms: 300 } })
        .catch(() => undefined);
      await pause(100);
      const slow = era === 'legacy' ? 2 : 1;
      const meta =
        era === 'modern'
          ? {
              _meta: {
                'io.modelcontextprotocol/protocolVersion': '2026-07-28',
                'io.modelcontextprotocol/clientCapabilities': {},
              },
            }
          : {};
      stdioClient.write(
        JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: slow, ...meta } }),
      );
      await pause(600);
      expect(
        (await stdioClient.send('tools/call', { name: 'slow', arguments: { canary: 'mine', ms: 0 } })).result,
      ).toMatchObject({ content: is('mine') });
      expect(stdioClient.stdout()).not.toContain('LATE');
      expect(
        stdioClient
          .stdout()
          .split('\n')
          .map((line) => (JSON.parse(line) as { id?: unknown }).id),
      ).not.toContain(slow);
    } finally {
      await stdioClient.close();
      await installation.close();
    }
  });
});
