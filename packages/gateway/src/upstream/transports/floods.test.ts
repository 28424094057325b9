/** A server that sends without end: the calls of others go on, and the flood ends with a reason (B6). */
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { fakeHttp, type FakeHttp } from '../testing/fake-http.mts';
import { legacyFake, type FakeLegacy } from '../testing/fake-legacy.mts';
import {
  createHarness,
  httpTransport,
  serverSettings,
  stdioTransport,
  type UpstreamHarness,
} from '../testing/harness.mts';
import { createFloodBudget } from './flood-budget.ts';

const fake = `${import.meta.dirname}/../testing/fake-stdio.mts`;
let harness: UpstreamHarness;
const servers: (FakeHttp | FakeLegacy)[] = [];

afterEach(async () => {
  await harness.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** Calls of another principal to another server that were answered while `flood` went on. */
async function neighbourCalls(flood: Promise<unknown>): Promise<number> {
  let isOver = false;
  void flood.finally(() => {
    isOver = true;
  });
  let answered = 0;
  while (!isOver) {
    await harness.callTool('quiet', 'echo', { text: 'x' }, { user: 'bob' });
    answered++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return answered;
}

const whyFailed = (): readonly unknown[] =>
  harness.logs.filter(({ message }) => message === 'a call to a server failed').map(({ fields }) => fields['why']);

describe('a child process', () => {
  it.each(['notifications', 'large', 'progress', 'responses', 'pings', 'blanks', 'errors'])(
    'B6 a flood of %s leaves the neighbour alone, and ends',
    async (flood) => {
      harness = createHarness([
        serverSettings('noisy', stdioTransport([fake, 'plain']), { timeoutMs: 600_000 }),
        serverSettings('quiet', stdioTransport([fake, 'plain'])),
      ]);
      await harness.discover();
      await harness.callTool('quiet', 'echo', { text: 'x' }, { user: 'bob' });
      const flooded = harness.run(
        'tools/call',
        { kind: 'tool', server: 'noisy', name: flood },
        { name: flood, arguments: {}, _meta: { progressToken: 't' } },
        { progressToken: 't', deadlineMs: 600_000 },
      );
      expect(await neighbourCalls(flooded)).toBeGreaterThan(200);
      expect(await flooded).toMatchObject({ error: { code: 'upstream_failed' } });
      expect(whyFailed()).toContainEqual(expect.stringMatching(/^the process floods standard (output|error)/));
    },
    120_000,
  );
});

describe('a streamed answer', () => {
  it.each([
    ['modern', 'events', 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"}}\n\n'],
    ['legacy', 'events', 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"}}\n\n'],
    ['modern', 'comments', ': still there\n'],
    ['legacy', 'ids', 'id: 1\ndata:\n\n'],
  ])(
    'B6 a flood of a %s server, %s, leaves the neighbour alone, and ends',
    async (era, _what, text) => {
      const noisy = era === 'modern' ? await fakeHttp() : await legacyFake();
      servers.push(noisy);
      harness = createHarness([
        serverSettings('noisy', httpTransport(noisy.url), { timeoutMs: 600_000, resultBytesMax: 1 << 20 }),
        serverSettings('quiet', stdioTransport([fake, 'plain'])),
      ]);
      await harness.discover();
      await harness.callTool('quiet', 'echo', { text: 'x' }, { user: 'bob' });
      noisy.answer = ({ method }: { method: string }, res: ServerResponse): undefined => {
        if (method !== 'tools/call') return;
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        const block = text.repeat(Math.ceil((1 << 16) / text.length));
        const more = (): void => {
          if (res.destroyed) return;
          if (res.write(block)) setImmediate(more);
          else res.once('drain', more);
        };
        more();
      };
      const flooded = harness.run(
        'tools/call',
        { kind: 'tool', server: 'noisy', name: 'echo' },
        { name: 'echo', arguments: {} },
        { deadlineMs: 600_000 },
      );
      expect(await neighbourCalls(flooded)).toBeGreaterThan(200);
      expect(await flooded).toMatchObject({ error: { code: 'upstream_failed' } });
      expect(whyFailed()).toContainEqual('the server floods its answer');
    },
    120_000,
  );
});

describe('the budget', () => {
  const LIMITS = { messageBurst: 10, messagesPerSecond: 5, byteBurst: 1_000, bytesPerSecond: 100 };

  it('B6 what is over the budget waits for it to grow, and a flood without a pause is cut off', () => {
    let nowMs = 0;
    const budget = createFloodBudget(LIMITS, () => nowMs);
    for (let count = 0; count < 10; count++) expect(budget.spend(1, 1)).toBe(0);
    let spent = 10;
    for (let waitMs = budget.spend(1, 1); waitMs !== undefined; waitMs = budget.spend(1, 1)) {
      expect(waitMs).toBeGreaterThan(0);
      nowMs += waitMs;
      spent++;
    }
    expect(spent).toBe(30);
    expect(nowMs).toBe(4_000);
  });

  it('B6 whoever pauses until the budget is full again may go on for ever; bytes count as messages do', () => {
    let nowMs = 0;
    const budget = createFloodBudget(LIMITS, () => nowMs);
    for (let round = 0; round < 1_000; round++) {
      expect(budget.spend(1, 1_000)).toBe(0);
      nowMs += 10_000;
    }
    expect(budget.spend(0, 1_200)).toBe(2_000);
    expect(budget.spend(0, 2_000)).toBeUndefined();
  });
});
