/** Starting a child process: slow ones, ones that end, and ones that hang. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@sallyport/guard';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServerSettings } from '../../../snapshot.ts';
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
  folder = mkdtempSync(join(tmpdir(), 'starting-'));
  file = join(folder, 'go');
});
afterEach(async () => {
  await harness.close();
  rmSync(folder, { recursive: true });
});

const open = (mode: string, more: Partial<ServerSettings> = {}, env: Record<string, string> = {}): void => {
  harness = createHarness([serverSettings('p', stdioTransport([fake, mode, file], env), more)]);
};
const textOf = (value: JsonObject): string => ((value['content'] as { text: string }[])[0] as { text: string }).text;
const starts = (gate = file): readonly string[] =>
  existsSync(`${gate}.starts`) ? readFileSync(`${gate}.starts`, 'utf8').split('\n').filter(Boolean) : [];
const call = (name: string) => harness.run('tools/call', { kind: 'tool', server: 'p', name }, { name, arguments: {} });
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('a server that starts slowly', () => {
  // `slow-strict` ends at another first request than `initialize`; `slow-silent` ignores `server/discover`.
  const SLOW = [
    ['slow-strict', 'legacy'],
    ['slow-silent', 'legacy'],
    ['slow-legacy', undefined],
    ['slow-modern', 'modern'],
  ] as const;

  it('is waited for, and reached in an era that it speaks', async () => {
    const gate = (mode: string): string => join(folder, mode);
    const patient = { timeoutMs: 1_500, startTimeoutMs: 60_000 };
    harness = createHarness(
      SLOW.map(([mode]) => serverSettings(mode, stdioTransport([fake, mode, gate(mode)]), patient)),
    );
    const discovered = harness.discover();
    // The first process gave no answer, so that the era is in doubt and a fresh process is asked in the other one.
    await waitUntil(() => SLOW.every(([mode]) => starts(gate(mode)).length === 2), 60_000);
    for (const [mode] of SLOW) writeFileSync(gate(mode), '');
    await discovered;
    for (const [mode, era] of SLOW) {
      expect(harness.upstreams.ready()[mode], mode).toBeUndefined();
      const names = await harness.listNames('tools/list', [mode]);
      expect(names).toContain('echo');
      if (era !== undefined) expect(names.length === 1 ? 'modern' : 'legacy', mode).toBe(era);
      // Of each start one process is left.
      const alive = (): number => starts(gate(mode)).filter((pid) => isAlive(Number(pid))).length;
      await waitUntil(() => alive() === harness.upstreams.stats().sessions[mode]);
    }
  });

  it('the start ends with the start timeout, and its processes end with it', async () => {
    open('slow-legacy', { startTimeoutMs: 1_000 });
    await harness.discover();
    expect(harness.upstreams.ready()['p']).toMatch(/did not answer within 1 s of its start/);
    await waitUntil(() => !starts().some((pid) => isAlive(Number(pid))));
  });

  it('the gateway closes without waiting for a start', async () => {
    open('slow-legacy', { startTimeoutMs: 2 ** 30 });
    const discovered = harness.discover();
    await waitUntil(() => starts().length === 1);
    await harness.close();
    await discovered;
    await waitUntil(() => !starts().some((pid) => isAlive(Number(pid))));
  });
});

describe('a server that ends at its start', () => {
  it('the reason holds what it wrote to standard error, cleaned and without its secrets', async () => {
    open('complains', {}, { TOKEN: 'a-secret-token' });
    await harness.discover();
    const reason = harness.upstreams.ready()['p'] ?? '';
    expect(reason).toContain('the process ended (code 4)');
    expect(reason).toContain('no database at db.example');
    expect(reason).not.toMatch(/a-secret-token|\p{Cc}/u);
    const logged = harness.logs.find(({ message }) => message === 'a server could not be reached');
    expect(logged?.fields['why']).toContain('no database at db.example');
    // A caller learns nothing of it.
    const outcome = await harness.run('tools/list', { kind: 'servers', servers: ['p'] }, {});
    expect(outcome.status !== 'success' && outcome.error.message).not.toContain('db.example');
  });
});

describe('a server that hangs', () => {
  const pidOf = async (): Promise<string | undefined> => {
    const outcome = await call('pid');
    return outcome.status === 'success' ? textOf(outcome.result.value) : undefined;
  };
  const firstPid = async (): Promise<string | undefined> => {
    open('plain', { timeoutMs: 1_000 });
    await harness.discover();
    let pid: string | undefined;
    await waitUntil(async () => (pid = await pidOf()) !== undefined, 30_000);
    return pid;
  };
  const isReplaced = (): boolean => harness.logs.some(({ message }) => message === 'a server process is replaced');

  it('is replaced after three requests in a row that it did not answer', async () => {
    const pid = await firstPid();
    expect(await call('hang')).toMatchObject({ error: { code: 'upstream_timeout' } });
    await waitUntil(async () => ![undefined, pid].includes(await pidOf()), 60_000);
    expect(isReplaced()).toBe(true);
    await waitUntil(() => !isAlive(Number(pid)));
  });

  it('is not replaced while it answers anything', async () => {
    const pid = await firstPid();
    for (let count = 0; count < 4; count++)
      expect(await call('late')).toMatchObject({ error: { code: 'upstream_timeout' } });
    await waitUntil(async () => (await pidOf()) === pid, 30_000);
    expect(isReplaced()).toBe(false);
  });
});
