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

/** Why calls to a server failed, as the log says. */
const whyFailed = (server: string): readonly unknown[] =>
  harness.logs
    .filter(({ message, fields }) => message === 'a call to a server failed' && fields['server'] === server)
    .map(({ fields }) => fields['why']);

// A flood ends after its budget is spent several times, which takes seconds: all kinds run at once, as a hostile set of
// servers would.
const CHILD_FLOODS = ['notifications', 'large', 'progress', 'responses', 'pings', 'blanks', 'errors'];

it(
  'B6 children that flood in every way leave the neighbour alone, and each flood ends',
  { timeout: 300_000 },
  async () => {
    harness = createHarness([
      ...CHILD_FLOODS.map((flood) => serverSettings(flood, stdioTransport([fake, 'plain']), { timeoutMs: 600_000 })),
      serverSettings('quiet', stdioTransport([fake, 'plain'])),
    ]);
    await harness.discover();
    await harness.callTool('quiet', 'echo', { text: 'x' }, { user: 'bob' });
    const floods = CHILD_FLOODS.map((flood) =>
      harness.run(
        'tools/call',
        { kind: 'tool', server: flood, name: flood },
        { name: flood, arguments: {}, _meta: { progressToken: 't' } },
        { progressToken: 't', deadlineMs: 600_000 },
      ),
    );
    expect(await neighbourCalls(Promise.all(floods))).toBeGreaterThan(200);
    for (const [at, flood] of CHILD_FLOODS.entries()) {
      expect(await floods[at], flood).toMatchObject({ error: { code: 'upstream_failed' } });
      expect(whyFailed(flood)).toContainEqual(expect.stringMatching(/^the process floods standard (output|error)/));
    }
  },
);

const NOTIFICATION = 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"}}\n\n';
const STREAM_FLOODS = [
  ['modern-events', NOTIFICATION],
  ['legacy-events', NOTIFICATION],
  ['modern-comments', ': still there\n'],
  ['legacy-ids', 'id: 1\ndata:\n\n'],
] as const;

it('B6 answers that flood leave the neighbour alone, and each flood ends', { timeout: 300_000 }, async () => {
  const noisy = await Promise.all(
    STREAM_FLOODS.map(([name]) => (name.startsWith('modern') ? fakeHttp() : legacyFake())),
  );
  servers.push(...noisy);
  harness = createHarness([
    ...STREAM_FLOODS.map(([name], at) =>
      serverSettings(name, httpTransport(noisy[at]?.url ?? ''), { timeoutMs: 600_000, resultBytesMax: 1 << 20 }),
    ),
    serverSettings('quiet', stdioTransport([fake, 'plain'])),
  ]);
  await harness.discover();
  await harness.callTool('quiet', 'echo', { text: 'x' }, { user: 'bob' });
  for (const [at, [, text]] of STREAM_FLOODS.entries()) floodAnswers(noisy[at] as FakeHttp | FakeLegacy, text);
  const floods = STREAM_FLOODS.map(([server]) =>
    harness.run(
      'tools/call',
      { kind: 'tool', server, name: 'echo' },
      { name: 'echo', arguments: {} },
      { deadlineMs: 600_000 },
    ),
  );
  // Hundreds on a quiet machine; none while the flood is read without a pause.
  expect(await neighbourCalls(Promise.all(floods))).toBeGreaterThan(10);
  for (const [at, [server]] of STREAM_FLOODS.entries()) {
    expect(await floods[at], server).toMatchObject({ error: { code: 'upstream_failed' } });
    expect(whyFailed(server)).toContainEqual('the server floods its answer');
  }
});

it('B6 a server that announces its answer again and again is cut off', { timeout: 120_000 }, async () => {
  const noisy = await fakeHttp();
  servers.push(noisy);
  harness = createHarness([serverSettings('noisy', httpTransport(noisy.url), { timeoutMs: 600_000 })]);
  await harness.discover();
  let announcements = 0;
  const answerAfter = (count: number): void => {
    noisy.answer = ({ method }: { method: string }, res: ServerResponse): undefined => {
      for (announcements = 0; method === 'tools/call' && announcements < count; announcements++)
        res.socket?.write('HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n');
    };
  };
  const call = (): Promise<unknown> =>
    harness.run('tools/call', { kind: 'tool', server: 'noisy', name: 'echo' }, { name: 'echo', arguments: {} });
  answerAfter(10);
  expect(await call()).toMatchObject({ status: 'success' });
  answerAfter(11);
  expect(await call()).toMatchObject({ error: { code: 'upstream_failed' } });
  expect(whyFailed('noisy')).toContainEqual('the server floods its answer');
});

it('B6 a listening stream of what cannot be read fills no log', { timeout: 120_000 }, async () => {
  const noisy = await legacyFake();
  servers.push(noisy);
  const streams = (): number => noisy.received.filter(({ method }) => method === 'GET').length;
  noisy.answer = ({ method }, res) => {
    if (method !== 'GET') return undefined;
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.end(streams() > 1 ? '' : `retry: 50\n\n${'data: 1\n\n'.repeat(1_000)}data: [${'1,'.repeat(50_000)}1]\n\n`);
    return undefined;
  };
  harness = createHarness([serverSettings('noisy', httpTransport(noisy.url))]);
  await harness.discover();
  await harness.callTool('noisy', 'echo', { text: 'x' });
  // The stream is opened again when all of it has been read.
  while (streams() < 2) await new Promise((resolve) => setImmediate(resolve));
  const dropped = harness.logs.filter(({ message }) => message === 'dropped a message from a server');
  expect(dropped.length).toBeGreaterThan(0);
  expect(dropped.length).toBeLessThanOrEqual(20);
});

/** Answers every call with an event stream that repeats `text` as fast as it is read. */
function floodAnswers(noisy: FakeHttp | FakeLegacy, text: string): void {
  const block = text.repeat(Math.ceil((1 << 16) / text.length));
  noisy.answer = ({ method }: { method: string }, res: ServerResponse): undefined => {
    if (method !== 'tools/call') return;
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const more = (): void => {
      if (res.destroyed) return;
      if (res.write(block)) setImmediate(more);
      else res.once('drain', more);
    };
    more();
  };
}

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
