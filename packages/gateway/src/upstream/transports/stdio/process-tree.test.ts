/** H18: nothing that a child process starts outlives it, wherever it goes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@sallyport/guard';
import { cgroupFolder, killMarked, MARKER, unwatchGroup, watchGroup } from '@sallyport/server/process-tree';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createHarness,
  serverSettings,
  stdioTransport,
  waitUntil,
  type UpstreamHarness,
} from '../../testing/harness.mts';

const fake = `${import.meta.dirname}/../../testing/fake-stdio.mts`;
let harness: UpstreamHarness;
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-tree-'));
  file = join(folder, 'pid');
});
afterEach(async () => {
  await harness.close();
  rmSync(folder, { recursive: true });
});

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A zombie has ended, and waits for a parent that asks for it.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

/** The process ids of the daemons, one for each child process. */
const daemons = (): readonly number[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];

/** Starts a server in a mode in which it leaves a daemon, and gives the daemon's process id. */
async function daemonOf(mode: string): Promise<number> {
  harness = createHarness([serverSettings('p', stdioTransport([fake, mode, file]))]);
  await harness.discover();
  await waitUntil(() => daemons().length === 1);
  const [pid = 0] = daemons();
  expect(isAlive(pid)).toBe(true);
  return pid;
}

/** The watchdog of this process. */
const watchdogOf = async (): Promise<number | undefined> => {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean);
  const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('sallyport-watchdog'));
  return found === undefined ? undefined : Number(found);
};

async function startedWatchdog(start: () => void): Promise<number> {
  start();
  let pid: number | undefined;
  await waitUntil(async () => (pid = await watchdogOf()) !== undefined);
  return pid ?? 0;
}

describe.skipIf(process.platform !== 'linux')('H18 a process that left group and session (setsid, double fork)', () => {
  it('ends when the server is ended', async () => {
    const pid = await daemonOf('daemon');
    await harness.close();
    await waitUntil(() => !isAlive(pid));
  });

  it('ends when the server ends by itself, and those of other processes stay', async () => {
    const first = await daemonOf('daemon');
    const call = (name: string) => {
      const params: JsonObject = { name, arguments: {} };
      return harness.run('tools/call', { kind: 'tool', server: 'p', name }, params, { user: 'bob' });
    };
    await call('echo');
    await waitUntil(() => daemons().length === 2);
    const [, second = 0] = daemons();
    await call('crash');
    await waitUntil(() => !isAlive(second));
    expect(isAlive(first)).toBe(true);
  });

  it.skipIf(cgroupFolder() === undefined)('ends with an empty environment too, where there are cgroups', async () => {
    const pid = await daemonOf('daemon-without-environment');
    await harness.close();
    await waitUntil(() => !isAlive(pid));
  });

  it('is found by its mark alone where there are none', async () => {
    const mark = 'a-mark-of-this-test';
    const daemon = spawn('/bin/sh', ['-c', 'sleep 1000 & echo $!'], { env: { [MARKER]: mark }, detached: true });
    const [line] = (await once(daemon.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    await killMarked('a-mark-of-this');
    expect(isAlive(pid)).toBe(true);
    await killMarked(mark);
    await waitUntil(() => !isAlive(pid));
  });
});

it.skipIf(process.platform !== 'linux')(
  'H18 a watchdog that was killed is replaced when the next child starts',
  async () => {
    const first = await startedWatchdog(() => watchGroup(2 ** 30));
    process.kill(first, 'SIGKILL');
    await waitUntil(() => !isAlive(first));
    let second: number | undefined;
    await waitUntil(async () => {
      watchGroup(2 ** 30 + 1);
      second = await watchdogOf();
      return second !== undefined && second !== first;
    });
    unwatchGroup(2 ** 30);
    unwatchGroup(2 ** 30 + 1);
  },
);

it('a child that cannot be started for lack of descriptors is an error of that call, and ends nothing else', async () => {
  const script = `
    import { openSync } from 'node:fs';
    const { startChild } = await import(${JSON.stringify(`${import.meta.dirname}/child.ts`)});
    const transport = { kind: 'stdio', command: process.execPath, args: [], env: {}, cwd: undefined };
    try { for (;;) openSync('/dev/null'); } catch {}
    try { startChild({ name: 'p', transport }, { PATH: process.env.PATH }, 1000, () => {}, {}); } catch (thrown) {
      process.exitCode = thrown.detail?.cause?.reason.includes('descriptors') ? 7 : 8;
    }`;
  const args = ['-c', 'ulimit -n 60; exec "$@"', 'sh', process.execPath, '--conditions=sallyport-source'];
  const child = spawn('/bin/sh', [...args, '--input-type=module', '-e', script], { stdio: 'ignore' });
  expect(await once(child, 'exit')).toEqual([7, null]);
});

it('H18 a command that cannot be started is named, and leaves nothing', async () => {
  harness = createHarness([
    serverSettings('p', { kind: 'stdio', command: 'no-such-command', args: [], env: {}, cwd: undefined }),
  ]);
  await harness.discover();
  expect(harness.upstreams.ready()['p']).toMatch(/could not be started \(ENOENT\)/);
});
