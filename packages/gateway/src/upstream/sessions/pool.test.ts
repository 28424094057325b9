/** The session pool: no session serves two principals (A19), caps, idle sessions, and memory. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { JsonObject } from '@sallyport/guard';
import { afterEach, describe, expect, it } from 'vitest';
import type { ServerSettings } from '../../snapshot.ts';
import { fakeHttp } from '../testing/fake-http.mts';
import { legacyFake } from '../testing/fake-legacy.mts';
import { legacyHttp } from '../testing/legacy-server.mts';
import {
  httpTransport,
  memoryPins,
  createHarness,
  serverSettings,
  stdioTransport,
  waitUntil,
  type UpstreamHarness,
  type CallOptions,
} from '../testing/harness.mts';

const closing: (() => Promise<void>)[] = [];
const harnessFor = (
  transport: ServerSettings['transport'],
  more: Partial<ServerSettings> = {},
  clock = { now: () => Date.now() },
): UpstreamHarness => {
  const harness = createHarness([serverSettings('s', transport, more)], memoryPins(), clock);
  closing.push(harness.close);
  return harness;
};
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const textOf = (value: JsonObject): string => ((value['content'] as { text: string }[])[0] as { text: string }).text;
const echo = (harness: UpstreamHarness, who: string, more: CallOptions = {}) =>
  harness.run(
    'tools/call',
    { kind: 'tool', server: 's', name: 'echo' },
    { name: 'echo', arguments: { text: `canary ${who}` } },
    { user: who, ...more },
  );

/** Cancels after that many turns of the event loop: before the call is sent, while it runs, or after others ended. */
async function abortAfterTurns(abort: AbortController, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await nextTurn();
  abort.abort();
}

describe('A19 nothing crosses from one principal to another', () => {
  it('A19 of 80 concurrent callers, some of which cancel, each gets only its own results', async () => {
    const server = await legacyHttp();
    closing.push(server.close);
    const harness = harnessFor(httpTransport(server.url), {
      sessions: { max: 300, maxPerPrincipal: 4, idleMs: 60_000 },
      timeoutMs: 100_000,
    });
    await harness.discover();
    const results = await Promise.all(
      // Two calls each at the same time: more would be refused by the share of their tenant (B7).
      Array.from({ length: 80 }, async (_, at) => {
        const who = `p${at}`;
        const texts: string[] = [];
        for (let round = 0; round < 3; round++) {
          const abort = new AbortController();
          const cancelled = harness.run(
            'tools/call',
            { kind: 'tool', server: 's', name: 'slow' },
            { name: 'slow', arguments: { ms: 300 } },
            { user: who, session: 'x', signal: abort.signal },
          );
          const abortLater = abortAfterTurns(abort, (at * 7 + round) % 40);
          const outcome = await echo(harness, who, { session: 'x' });
          await abortLater;
          texts.push(outcome.status === 'success' ? textOf(outcome.result.value) : outcome.error.code);
          await cancelled;
        }
        return [who, new Set(texts)] as const;
      }),
    );
    for (const [who, texts] of results) expect([...texts]).toEqual([`canary ${who}`]);
    expect(harness.upstreams.stats().sessions['s']).toBe(81);
  }, 120_000);

  it('A19 each principal and client session has a child process of its own', async () => {
    const harness = harnessFor(stdioTransport([`${import.meta.dirname}/../testing/fake-stdio.mts`, 'plain']));
    await harness.discover();
    const pid = async (who: string, session?: string): Promise<string> =>
      textOf(await harness.callTool('s', 'pid', {}, { user: who, session }));
    const pids = await Promise.all([pid('ann', '1'), pid('ann', '2'), pid('bob', '1'), pid('bob')]);
    expect(new Set(pids).size).toBe(4);
    expect(await pid('ann', '1')).toBe(pids[0]);
  });

  it('A19 concurrent first calls of one client session share one upstream session', async () => {
    const fake = await legacyFake();
    closing.push(fake.close);
    const harness = harnessFor(httpTransport(fake.url));
    await harness.discover();
    const before = fake.sessions.size;
    await Promise.all(Array.from({ length: 20 }, () => echo(harness, 'ann', { session: 'x' })));
    expect(fake.sessions.size).toBe(before + 1);
  });
});

describe('caps', () => {
  it('the cap per principal closes idle sessions for new ones, and never one in use', async () => {
    const server = await legacyHttp();
    closing.push(server.close);
    const harness = harnessFor(httpTransport(server.url), {
      sessions: { max: 10, maxPerPrincipal: 2, idleMs: 60_000 },
    });
    await harness.discover();
    for (const session of ['1', '2', '3', '4'])
      expect((await echo(harness, 'ann', { session })).status).toBe('success');
    expect(harness.upstreams.stats().sessions['s']).toBe(3);
    const aborts = ['5', '6'].map((session) => {
      const abort = new AbortController();
      void harness.run(
        'tools/call',
        { kind: 'tool', server: 's', name: 'slow' },
        { name: 'slow', arguments: {} },
        { user: 'ann', session, signal: abort.signal },
      );
      return abort;
    });
    await expect
      .poll(() => echo(harness, 'ann', { session: '7' }), { timeout: 15_000 })
      .toMatchObject({ error: { code: 'rate_limited' } });
    expect((await echo(harness, 'bob', { session: '7' })).status).toBe('success');
    for (const abort of aborts) abort.abort();
    await waitUntil(async () => (await echo(harness, 'ann', { session: '7' })).status === 'success');
  });

  it('all principals together get no more sessions than the cap of the server', async () => {
    const server = await legacyHttp();
    closing.push(server.close);
    const harness = harnessFor(httpTransport(server.url), { sessions: { max: 3, maxPerPrincipal: 3, idleMs: 60_000 } });
    await harness.discover();
    for (let at = 0; at < 12; at++) expect((await echo(harness, `p${at}`)).status).toBe('success');
    expect(harness.upstreams.stats().sessions['s']).toBe(3);
    await waitUntil(() => server.sessions.size <= 3);
  });
});

describe('idle sessions', () => {
  it('an idle session is closed on both sides, and the next call opens another', async () => {
    let now = 1_000_000;
    const server = await legacyHttp();
    closing.push(server.close);
    const harness = harnessFor(
      httpTransport(server.url),
      { sessions: { max: 100, maxPerPrincipal: 2, idleMs: 5_000 } },
      { now: () => now },
    );
    await harness.discover();
    for (let at = 0; at < 30; at++) await echo(harness, `p${at}`);
    expect(harness.upstreams.stats().sessions['s']).toBe(31);
    now += 5_001;
    await waitUntil(() => harness.upstreams.stats().sessions['s'] === 0 && server.sessions.size === 0);
    expect((await echo(harness, 'p1')).status).toBe('success');
  });

  it('a session with a subscriber is not idle', async () => {
    let now = 1_000_000;
    const server = await legacyHttp();
    closing.push(server.close);
    const harness = harnessFor(
      httpTransport(server.url),
      { sessions: { max: 100, maxPerPrincipal: 2, idleMs: 5_000 } },
      { now: () => now },
    );
    await harness.discover();
    const abort = new AbortController();
    const subscription = harness.run(
      'stream/listen',
      { kind: 'servers', servers: ['s'] },
      {},
      { user: 'ann', session: 'x', signal: abort.signal },
    );
    await echo(harness, 'ann', { session: 'x' });
    expect(harness.upstreams.stats().sessions['s'], 'that of the discovery and that of the caller').toBe(2);
    now += 60_000;
    // Both are judged at the same time, so when the other one is closed this one was left open.
    await waitUntil(() => harness.upstreams.stats().sessions['s'] === 1);
    expect((await echo(harness, 'ann', { session: 'x' })).status).toBe('success');
    expect(harness.upstreams.stats().sessions['s']).toBe(1);
    now += 60_000;
    abort.abort();
    await subscription;
    await waitUntil(() => harness.upstreams.stats().sessions['s'] === 0);
  });

  it('sessions that are opened and closed leave no memory behind', async () => {
    const fake = await legacyFake();
    closing.push(fake.close);
    const harness = harnessFor(httpTransport(fake.url), { sessions: { max: 5, maxPerPrincipal: 1, idleMs: 60_000 } });
    await harness.discover();
    const { setFlagsFromString } = await import('node:v8');
    setFlagsFromString('--expose-gc');
    const gc = (await import('node:vm')).runInNewContext('gc') as () => void;
    const heapUsedAfterGc = async (): Promise<number> => {
      fake.received.length = 0;
      harness.logs.length = 0;
      harness.clientRequests.length = 0;
      // The sessions that made room are closed at the server, too.
      await waitUntil(() => fake.sessions.size <= 5);
      gc();
      return process.memoryUsage().heapUsed;
    };
    for (let at = 0; at < 200; at++) await echo(harness, `warm ${at}`);
    const before = await heapUsedAfterGc();
    for (let at = 0; at < 600; at++) await echo(harness, `many ${at}`);
    expect(harness.upstreams.stats().sessions['s']).toBeLessThanOrEqual(5);
    await waitUntil(async () => (await heapUsedAfterGc()) - before < 4 * 1024 * 1024);
  }, 120_000);
});

describe('configuration', () => {
  it('a server whose transport changed gets new sessions; one that was removed is not found', async () => {
    const [one, two] = await Promise.all([fakeHttp(), fakeHttp()]);
    closing.push(one.close, two.close);
    let servers = [serverSettings('s', httpTransport(one.url))];
    const harness = createHarness(() => servers);
    closing.push(harness.close);
    await harness.discover();
    await echo(harness, 'ann');
    servers = [serverSettings('s', httpTransport(two.url))];
    await echo(harness, 'ann');
    expect(one.received.filter(({ method }) => method === 'tools/call')).toHaveLength(1);
    expect(two.received.filter(({ method }) => method === 'tools/call')).toHaveLength(1);
    servers = [];
    expect(await echo(harness, 'ann')).toMatchObject({ error: { code: 'not_found' } });
    expect(harness.upstreams.directory.profile('s')).toBeUndefined();
  });

  it('a server that changes its era is probed again after a call failed', async () => {
    const fake = await fakeHttp();
    closing.push(fake.close);
    const harness = harnessFor(httpTransport(fake.url));
    await harness.discover();
    let isLegacy = true;
    fake.answer = (request, res) => {
      if (!isLegacy) return undefined;
      if (request.method === 'initialize')
        return {
          protocolVersion: '2025-03-26',
          capabilities: { tools: {} },
          serverInfo: { name: 'fake', version: '1' },
        };
      if (request.headers['mcp-protocol-version'] === '2026-07-28')
        res
          .writeHead(400, { 'content-type': 'application/json' })
          .end(
            '{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: Unsupported protocol version"}}',
          );
      return undefined;
    };
    expect((await echo(harness, 'ann')).status, 'a call that met the other era').toBe('error');
    expect((await echo(harness, 'ann')).status, 'modern to legacy').toBe('success');
    expect(fake.received.at(-1)?.headers['mcp-protocol-version']).toBeUndefined();
    isLegacy = false;
    fake.answer = (request, res) => {
      if (request.headers['mcp-protocol-version'] !== '2026-07-28')
        res.writeHead(400, { 'content-type': 'application/json' }).end(
          JSON.stringify({
            jsonrpc: '2.0',
            id: request.id ?? null,
            error: { code: -32022, message: 'x', data: { supported: ['2026-07-28'] } },
          }),
        );
      return undefined;
    };
    expect((await echo(harness, 'ann')).status, 'a call that met the other era').toBe('error');
    expect((await echo(harness, 'ann')).status, 'legacy to modern').toBe('success');
    expect(fake.received.at(-1)?.headers['mcp-protocol-version']).toBe('2026-07-28');
  });
});

describe('a server that cannot be reached', () => {
  it('is named with the reason until a minute has passed without an attempt, and while one is under way', async () => {
    let now = 1_000_000;
    const [gone, fake] = await Promise.all([fakeHttp(), fakeHttp()]);
    closing.push(fake.close);
    await gone.close();
    const silence = Promise.withResolvers<undefined>();
    fake.answer = () => silence.promise;
    let servers = [serverSettings('s', httpTransport(gone.url))];
    const harness = createHarness(() => servers, memoryPins(), { now: () => now });
    closing.push(harness.close);
    await harness.discover();
    expect(harness.upstreams.ready()['s']).toBe('the server cannot be reached (ECONNREFUSED)');

    servers = [serverSettings('s', httpTransport(fake.url))];
    const discovered = harness.discover();
    await waitUntil(() => fake.received.length > 0);
    now += 60_001;
    expect(harness.upstreams.ready()['s'], 'under way').toBe('the server cannot be reached (ECONNREFUSED)');
    silence.resolve(undefined);
    await discovered;
    expect(harness.upstreams.ready()['s'], 'reached').toBeUndefined();

    servers = [serverSettings('s', httpTransport(gone.url))];
    await harness.discover();
    now += 60_000;
    expect(harness.upstreams.ready()['s']).toContain('cannot be reached');
    now += 1;
    expect(harness.upstreams.ready()['s']).toBeUndefined();
  });
});
