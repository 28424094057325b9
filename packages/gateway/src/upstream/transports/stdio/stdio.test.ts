/** Threats from a child process (H18), and how the gateway talks to it. */
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@sallyport/guard';
import { createManualClock } from '@sallyport/guard/memory';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createHarness,
  memoryPins,
  serverSettings,
  stdioTransport,
  waitUntil,
  type RecordedNotification,
  type UpstreamHarness,
  type CallOptions,
} from '../../testing/harness.mts';
import type { ServerSettings } from '../../../snapshot.ts';

const fake = `${import.meta.dirname}/../../testing/fake-stdio.mts`;
const folder = mkdtempSync(join(tmpdir(), 'sallyport-stdio-'));
let harness: UpstreamHarness;

const start = async (
  mode: string,
  more: Partial<ServerSettings> = {},
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<void> => {
  harness = createHarness([serverSettings('p', stdioTransport([fake, mode, ...args], env), more)]);
  await harness.discover();
};
const textOf = (value: JsonObject): string => ((value['content'] as { text: string }[])[0] as { text: string }).text;
const call = (name: string, args: JsonObject = {}, more: CallOptions = {}) =>
  harness.run('tools/call', { kind: 'tool', server: 'p', name }, { name, arguments: args }, more);
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

afterEach(async () => harness.close());

describe('H18 a child process', () => {
  it('H18 text on standard output that is no message is dropped and logged', async () => {
    await start('noise');
    expect(textOf(await harness.callTool('p', 'echo', { text: 'hi' }))).toBe('hi');
    expect(harness.logs.filter(({ message }) => message === 'dropped a message from a server').length).toBeGreaterThan(
      2,
    );
  });

  it('a subscription that the server ends with notifications/cancelled is opened again', async () => {
    await start('modern');
    const [abort, notifications] = [new AbortController(), [] as RecordedNotification[]];
    const done = harness.run(
      'subscriptions/listen',
      { kind: 'servers', servers: ['p'] },
      { notifications: { toolsListChanged: true } },
      { era: 'modern', notifications, signal: abort.signal },
    );
    await waitUntil(() => notifications.length > 0);
    expect(notifications).toEqual([{ method: 'notifications/tools/list_changed', params: {} }]);
    abort.abort();
    await done;
  });

  it('H18 a line without an end ends the child and fails the call; memory stays bounded', async () => {
    await start('plain');
    const before = process.memoryUsage().rss;
    expect(await call('endless')).toMatchObject({ status: 'error', error: { code: 'upstream_failed' } });
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
    expect(textOf(await harness.callTool('p', 'echo', { text: 'new child' }))).toBe('new child');
  });

  it('H18 a result above the limit is refused, and the child goes on', async () => {
    await start('plain', { resultBytesMax: 50_000 });
    const pid = textOf(await harness.callTool('p', 'pid', {}));
    expect(await call('big')).toMatchObject({ error: { code: 'output_blocked' } });
    expect(textOf(await harness.callTool('p', 'pid', {}))).toBe(pid);
  });

  it('H18 the child gets the environment variables that were listed, and no others', async () => {
    process.env['SALLYPORT_TEST_SECRET'] = 'leak';
    await start('plain', {}, [], { GIVEN: 'yes' });
    const env = JSON.parse(textOf(await harness.callTool('p', 'env', {}))) as Record<string, string>;
    delete process.env['SALLYPORT_TEST_SECRET'];
    expect(
      Object.keys(env)
        .filter((name) => !name.startsWith('__'))
        .sort(),
    ).toEqual(['GIVEN', 'HOME', 'LANG', 'PATH', 'SALLYPORT_CHILD']);
  });

  it('H18 a child that ignores end of input and SIGTERM is killed, with its own children', async () => {
    const file = join(folder, 'stubborn');
    await start('stubborn', {}, [file]);
    await waitUntil(() => existsSync(file));
    const pids = readFileSync(file, 'utf8').split(' ').map(Number);
    expect(pids.every(alive)).toBe(true);
    await harness.close();
    await waitUntil(() => !pids.some(alive));
  });

  it('H18 a flood on standard error is bounded in the log', async () => {
    const began = performance.now();
    await start('stderr');
    expect(textOf(await harness.callTool('p', 'echo', { text: 'hi' }))).toBe('hi');
    const lines = harness.logs.filter(({ message }) => message === 'server standard error');
    // 200 in every 10 s that it took, of 20,000.
    expect(lines.length).toBeLessThanOrEqual(200 * (2 + Math.floor((performance.now() - began) / 10_000)));
    expect(JSON.stringify(lines)).not.toContain('\\u001b');
    expect(lines.every(({ fields }) => String(fields['text']).length <= 500)).toBe(true);
  });

  it('H18 a flood of notifications does not stop the answer', async () => {
    await start('plain');
    expect(textOf(await harness.callTool('p', 'flood', {}))).toBe('flooded');
  });

  it('a server that crashes when it starts is not started again at once', async () => {
    const clock = createManualClock(Date.now());
    const file = join(folder, 'starts');
    harness = createHarness([serverSettings('p', stdioTransport([fake, 'crash', file]))], memoryPins(), clock);
    await harness.discover();
    expect(harness.upstreams.ready()['p']).toMatch(/process ended|gone|does not read/);
    const starts = (): number => readFileSync(file, 'utf8').length;
    const before = starts();
    const list = () => harness.run('tools/list', { kind: 'servers', servers: ['p'] }, {}, { user: 'gateway' });
    expect(await list()).toMatchObject({ error: { code: 'upstream_failed' } });
    expect(starts()).toBe(before);
    clock.advance(30_000);
    expect(await list()).toMatchObject({ error: { code: 'upstream_failed' } });
    expect(starts()).toBeGreaterThan(before);
  });

  it('a child that ends fails its own calls only, and the next call starts another', async () => {
    await start('plain');
    await harness.callTool('p', 'echo', { text: 'x' });
    expect(await call('crash')).toMatchObject({ error: { code: 'upstream_failed' } });
    expect(textOf(await harness.callTool('p', 'echo', { text: 'back' }))).toBe('back');
  });
});

describe('responses', () => {
  const drops = (): number =>
    harness.logs.filter(({ message }) => message === 'dropped a message from a server').length;

  it('S13 the late response to a cancelled call is dropped', async () => {
    await start('late');
    await harness.callTool('p', 'echo', { text: 'open' });
    const abort = new AbortController();
    const cancelled = call('late', {}, { signal: abort.signal });
    // The child reads one line after the other: when it echoes, it has read the call.
    await harness.callTool('p', 'echo', { text: 'after' });
    abort.abort();
    expect(await cancelled).toMatchObject({ error: { code: 'cancelled' } });
    let calls = 0;
    await waitUntil(async () => {
      calls += 1;
      expect(textOf(await harness.callTool('p', 'echo', { text: `own ${calls}` }))).toBe(`own ${calls}`);
      return drops() > 0;
    });
    expect(textOf(await harness.callTool('p', 'echo', { text: 'last' }))).toBe('last');
  });

  it('S13 a second response to an id, and responses to unknown ids, are dropped', async () => {
    await start('plain');
    expect(textOf(await harness.callTool('p', 'doubled', {}))).toBe('first');
    // The server answers this call after the next one, which has the id that it guessed.
    const own = harness.callTool('p', 'foreign', {});
    await waitUntil(() => drops() >= 4);
    expect(textOf(await harness.callTool('p', 'echo', { text: 'mine' }))).toBe('mine');
    expect(textOf(await own)).toBe('own');
  });

  it('a result that could be read in two ways is serialised again from the value that was judged', async () => {
    await start('plain');
    const { value, bytes } = await harness.resultOf(
      'tools/call',
      { kind: 'tool', server: 'p', name: 'odd' },
      { name: 'odd', arguments: {} },
    );
    expect(bytes).toBeUndefined();
    expect(Object.keys(value)).toEqual(['content', 'a']);
  });
});

describe('the handshake', () => {
  it.each(['dies-at-probe', 'silent-at-probe'])('a server that %s is taken for a legacy server', async (mode) => {
    await start(mode, { timeoutMs: 8_000 });
    expect(textOf(await harness.callTool('p', 'echo', { text: 'hi' }))).toBe('hi');
  });

  it('a command that does not exist is named as the reason', async () => {
    harness = createHarness([
      serverSettings('p', { kind: 'stdio', command: '/no/such/command', args: [], env: {}, cwd: undefined }),
    ]);
    await harness.discover();
    expect(harness.upstreams.ready()['p']).toContain(
      'could not be started (ENOENT): there is no program /no/such/command',
    );
  });
});
