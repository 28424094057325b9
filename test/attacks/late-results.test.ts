/**
 * S13: a call that is cancelled, times out or is left by its client. Its late result reaches nobody, the next call gets
 * its own result, and the record says how the call ended. The server delays an answer until the test releases it.
 */
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecords } from '../../packages/server/src/segments/verify.ts';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { openInstallation } from './installation.ts';
import { connect, MODERN_META, type Era, type RawClient } from './mcp-client.ts';
import { openStdioClient } from './stdio-client.ts';
import { openUpstream, textResult, tool, type Upstream } from './upstream.ts';

const ERAS: readonly Era[] = ['modern', 'legacy'];

/** A call that the server answers when the test says so. */
interface DelayedCall {
  readonly arrived: PromiseWithResolvers<void>;
  readonly released: PromiseWithResolvers<void>;
  /** The server has written its answer, or found the connection closed. */
  readonly answered: PromiseWithResolvers<void>;
}
const delayedCalls = new Map<string, DelayedCall>();
/** From now on the server delays the answer to the call with this canary. */
function delay(canary: string): DelayedCall {
  const delayed = {
    arrived: Promise.withResolvers<void>(),
    released: Promise.withResolvers<void>(),
    answered: Promise.withResolvers<void>(),
  };
  delayedCalls.set(canary, delayed);
  return delayed;
}

let gateway: TestGateway;
let upstreams: Record<string, Upstream>;
beforeAll(async () => {
  const open = (era: Era): Promise<Upstream> =>
    openUpstream({
      era,
      tools: [tool('slow', { canary: { type: 'string' } })],
      respond: async ({ method, params }, response) => {
        if (method !== 'tools/call') return undefined;
        const { canary } = params['arguments'] as { canary: string };
        const delayed = delayedCalls.get(canary);
        delayed?.arrived.resolve();
        response.once('close', () => delayed?.answered.resolve());
        await delayed?.released.promise;
        return textResult(canary);
      },
    });
  upstreams = { old: await open('legacy'), new: await open('modern') };
  gateway = await openGateway({
    servers: { old: { url: upstreams['old']?.url, timeout: '2s' }, new: { url: upstreams['new']?.url, timeout: '2s' } },
  });
});
afterAll(async () => {
  await gateway?.close();
  await Promise.all(Object.values(upstreams).map((upstream) => upstream.close()));
});

interface RecordFields {
  readonly record_id: string;
  readonly phase: string;
  readonly status?: string;
  readonly error_code?: string;
  readonly method: string;
}

const recordsOf = (folder: string, log = '.'): RecordFields[] =>
  readRecords(join(folder, 'data', 'audit', log, 'acme'))
    .records.map(({ bytes }) => (JSON.parse(bytes.toString()) as { unmapped: RecordFields }).unmapped)
    .filter(({ method }) => method === 'tools/call');

/** Waits until every intent has exactly one outcome. */
async function everyIntentHasItsOutcome(folder: string): Promise<void> {
  const unsettled = (): number => {
    const [intents, outcomes]: [string[], Map<string, number>] = [[], new Map()];
    for (const { phase, record_id: id } of recordsOf(folder)) {
      if (phase === 'intent') intents.push(id);
      else outcomes.set(id, (outcomes.get(id) ?? 0) + 1);
    }
    return intents.filter((id) => outcomes.get(id) !== 1).length;
  };
  await expect.poll(unsettled, { timeout: 30_000, interval: 100 }).toBe(0);
}

const resultOf = async (client: RawClient, canary: string): Promise<unknown> =>
  (await client.call({ id: 1, name: 'slow', arguments: { canary } }).done).result?.['content'];
const textContent = (canary: string) => [{ type: 'text', text: canary }];

/** Each client gets its own result, round after round. */
async function expectOwnResults(clients: Readonly<Record<string, RawClient>>, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++)
    for (const [user, client] of Object.entries(clients))
      expect(await resultOf(client, `${user}-${round}`)).toEqual(textContent(`${user}-${round}`));
}

const CASES = ERAS.flatMap((era) => ['old', 'new'].map((server) => [era, server] as const));

const open = async (era: Era, server: string, user: string): Promise<RawClient> =>
  connect(`${gateway.url}/mcp/${server}`, await gateway.token(user), era);

describe.each(CASES)('S13 %s client, %s server', (era, server) => {
  it('the late result of a cancelled call reaches nobody, and its outcome is recorded', async () => {
    const [alice, bob] = [await open(era, server, 'alice'), await open(era, server, 'bob')];
    const again = await open(era, server, 'alice');
    const delayed = delay(`LATE cancelled ${era} ${server}`);
    const pending = alice.call({ id: 1, name: 'slow', arguments: { canary: `LATE cancelled ${era} ${server}` } });
    await delayed.arrived.promise;
    await alice.cancel(pending);
    // The same id, from the same client, the same user elsewhere and another user: before and after the late answer.
    await expectOwnResults({ alice, bob, again }, 5);
    delayed.released.resolve();
    await delayed.answered.promise;
    await expectOwnResults({ alice, bob, again }, 5);
    await everyIntentHasItsOutcome(gateway.folder);
    const cancelled = recordsOf(gateway.folder).filter(
      (record) => record.phase === 'outcome' && record.error_code === 'CANCELLED',
    );
    expect(cancelled.length).toBeGreaterThan(0);
  });

  it('a connection that is cut during a call, again and again, leaves every call with an outcome', async () => {
    const [alice, bob] = [await open(era, server, 'alice'), await open(era, server, 'bob')];
    const before = recordsOf(gateway.folder).filter(({ phase }) => phase === 'intent').length;
    for (let round = 0; round < 10; round++) {
      const canary = `LEFT-${round} ${era} ${server}`;
      const delayed = delay(canary);
      const pending = alice.call({ id: 1, name: 'slow', arguments: { canary } });
      // Cut at different moments: some turns of the event loop after sending, or when the call is at the server.
      if (round % 2 === 0) await delayed.arrived.promise;
      else for (let turn = 0; turn < round * 3; turn++) await nextTurn();
      pending.abort.abort();
      expect(await resultOf(bob, `bob-${round}`)).toEqual(textContent(`bob-${round}`));
      delayed.released.resolve();
      expect(await resultOf(alice, `alice-${round}`)).toEqual(textContent(`alice-${round}`));
    }
    await everyIntentHasItsOutcome(gateway.folder);
    expect(recordsOf(gateway.folder).filter(({ phase }) => phase === 'intent').length).toBeGreaterThan(before + 20);
  });
});

/** All cases wait for the time limit together. */
it('S13 a call that times out fails with TIMEOUT, and its late result reaches nobody', async () => {
  const expectTimeout = async (era: Era, server: string): Promise<void> => {
    const [alice, bob] = [await open(era, server, 'alice'), await open(era, server, 'bob')];
    const canary = `LATE timed out ${era} ${server}`;
    const delayed = delay(canary);
    const { result } = await alice.call({ id: 1, name: 'slow', arguments: { canary } }).done;
    expect(result).toMatchObject({ isError: true, structuredContent: { error_code: 'TIMEOUT' } });
    await expectOwnResults({ alice, bob }, 3);
    delayed.released.resolve();
    await delayed.answered.promise;
    await expectOwnResults({ alice, bob }, 5);
  };
  await Promise.all(CASES.map(([era, server]) => expectTimeout(era, server)));
  await everyIntentHasItsOutcome(gateway.folder);
  const timedOut = recordsOf(gateway.folder).filter((record) => record.error_code === 'TIMEOUT');
  expect(timedOut.length).toBeGreaterThanOrEqual(CASES.length);
});

describe.each(ERAS)('S13 stdio, %s', (era) => {
  it('a client that closes during a call leaves an outcome', async () => {
    const installation = await openInstallation({ servers: { old: { url: upstreams['old']?.url } } });
    try {
      const client = await openStdioClient(installation, await installation.token('alice'), { era, server: 'old' });
      const delayed = delay(`LATE closed ${era}`);
      const pending = client
        .send('tools/call', { name: 'slow', arguments: { canary: `LATE closed ${era}` } })
        .catch(() => undefined);
      await delayed.arrived.promise;
      const closed = client.close();
      delayed.released.resolve();
      await closed;
      await pending;
      const phases = recordsOf(installation.folder, '+stdio-1').map(({ phase }) => phase);
      expect(phases.sort()).toEqual(['intent', 'outcome']);
    } finally {
      await installation.close();
    }
  });

  it('a cancelled call is not answered late', async () => {
    const installation = await openInstallation({ servers: { old: { url: upstreams['old']?.url } } });
    const client = await openStdioClient(installation, await installation.token('alice'), { era, server: 'old' });
    const expectOwnResult = async (): Promise<void> => {
      const { result } = await client.send('tools/call', { name: 'slow', arguments: { canary: 'mine' } });
      expect(result).toMatchObject({ content: textContent('mine') });
    };
    try {
      const delayed = delay(`LATE cancelled ${era}`);
      void client
        .send('tools/call', { name: 'slow', arguments: { canary: `LATE cancelled ${era}` } })
        .catch(() => undefined);
      await delayed.arrived.promise;
      const requestId = era === 'legacy' ? 2 : 1;
      const params = { requestId, ...(era === 'modern' && { _meta: MODERN_META }) };
      client.write(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params }));
      // Lines are read in order, so the gateway has read the cancellation when it answers this.
      await expectOwnResult();
      delayed.released.resolve();
      await delayed.answered.promise;
      await expectOwnResult();
      expect(client.stdout()).not.toContain('LATE');
      const ids = client
        .stdout()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id?: unknown }).id);
      expect(ids).not.toContain(requestId);
    } finally {
      await client.close();
      await installation.close();
    }
  });
});
