/**
 * Approvals outlive the process that was asked: two processes on one PostgreSQL and one data folder, one of which is
 * killed, and a database that goes away and comes back (U4, U16).
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildProcess } from 'node:child_process';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway } from 'sallyport';
import { loadConfigText } from '../../packages/gateway/src/config.ts';
import { run as runCommand } from '../../packages/gateway/src/cli/testing/run.mts';
import { openInstallation, type Installation } from '../attacks/installation.ts';
import { connect } from '../attacks/mcp-client.ts';
import { openUpstream, textResult, tool, type Upstream } from '../attacks/upstream.ts';
import { noPostgres, openTestPostgres, type TestPostgres } from '../fixtures/postgres.ts';

interface Process {
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

describe.skipIf(noPostgres !== undefined)(noPostgres ?? 'two processes on one PostgreSQL', () => {
  let postgres: TestPostgres;
  let upstream: Upstream;
  let installation: Installation;
  let gateway: Process;
  let admin: Process;
  /** Amounts of the calls that arrived; while `isHeld`, they are not answered. */
  const arrived: unknown[] = [];
  let isHeld = false;

  beforeAll(async () => {
    postgres = await openTestPostgres();
    upstream = await openUpstream({
      tools: [tool('refund', { amount: { type: 'number' } })],
      async respond({ method, params }) {
        if (method !== 'tools/call') return undefined;
        arrived.push((params?.['arguments'] as { amount?: unknown }).amount);
        await until(() => !isHeld);
        return textResult('refunded');
      },
    });
    const { host, user } = postgres;
    installation = await openInstallation({
      servers: { bank: { url: upstream.url } },
      settings: {
        database: `postgres://${user}@localhost/${await postgres.create()}?host=${encodeURIComponent(host)}`,
        control: { clients: ['console'] },
        approvals: { rules: [{ server: 'bank', tool: 'refund', approvers: ['group:finance'] }] },
      },
    });
    gateway = await start('gateway');
    admin = await start('admin');
  });
  afterAll(async () => {
    isHeld = false;
    await Promise.all([gateway?.kill('SIGTERM'), admin?.kill('SIGTERM')]);
    await installation?.close();
    await upstream?.close();
    await postgres?.close();
  });

  async function start(role: 'gateway' | 'admin'): Promise<Process> {
    const child: ChildProcess = installation.spawn(['start', '--json', '--role', role]);
    const said: Buffer[] = [];
    const ended = once(child, 'close');
    child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
    await new Promise<void>((resolve, reject) => {
      child.stdout?.on('data', (chunk: Buffer) => void (chunk.includes('_url') && resolve()));
      void ended.then(([code]) => reject(new Error(`it ended (${String(code)}): ${Buffer.concat(said).toString()}`)));
    });
    return {
      async kill(signal) {
        child.kill(signal);
        await ended;
      },
    };
  }

  async function refund(amount: number) {
    const client = await connect(`${installation.url}/mcp/bank`, await installation.token('alice'), 'modern');
    const { result, error } = await client.call({ id: 1, name: 'refund', arguments: { amount } }).done;
    const { structuredContent, isError } = (result ?? {}) as {
      structuredContent?: { error_code?: string };
      isError?: boolean;
    };
    const code = structuredContent?.error_code ?? (error?.data as { error_code?: string } | undefined)?.error_code;
    return code ?? (isError === true ? 'error' : 'done');
  }
  /** `sallyport approvals …` as dave of finance, against the process with the role `admin`. */
  const approvals = async (...args: string[]) => {
    const { code, out, err } = await runCommand(['approvals', ...args], {
      environment: {
        SALLYPORT_TOKEN: await installation.token('bob', { sub: 'dave', client_id: 'console', groups: ['finance'] }),
        SALLYPORT_ADMIN_URL: installation.adminUrl,
        SALLYPORT_CONFIG: installation.config,
      },
    });
    if (code !== 0) throw new Error(err);
    return out;
  };
  const listed = async (...args: string[]) =>
    JSON.parse(await approvals('list', '--json', ...args)) as { id: string; arguments: { amount: number } }[];
  const idOf = async (amount: number): Promise<string> => {
    expect(await refund(amount)).toBe('APPROVAL_REQUIRED');
    return (await listed()).find((filed) => filed.arguments.amount === amount)?.id ?? '';
  };

  it('U4 a call is approved by the other process, and runs exactly once', async () => {
    await approvals('approve', await idOf(1));
    expect([await refund(1), await refund(1)]).toEqual(['done', 'APPROVAL_REQUIRED']);
    expect(arrived).toEqual([1]);
  });

  it('U16 a task of a call that waits outlives the process, as its approval does, and runs once', async () => {
    const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
    const client = await connect(
      `${installation.url}/mcp/bank`,
      await installation.token('alice'),
      'modern',
      capabilities,
    );
    const { result } = await client.call({ id: 1, name: 'refund', arguments: { amount: 10 } }).done;
    expect(result).toMatchObject({ resultType: 'task', status: 'working' });
    const taskId = String(result?.['taskId']);
    await gateway.kill('SIGKILL');
    gateway = await start('gateway');
    expect((await client.send('tasks/get', { taskId })).result).toMatchObject({ taskId, status: 'working' });
    await approvals('approve', (await listed()).find((filed) => filed.arguments.amount === 10)?.id ?? '');
    const done = await client.send('tasks/get', { taskId });
    expect(done.result).toMatchObject({ status: 'completed', result: { content: [{ text: 'refunded' }] } });
    await gateway.kill('SIGKILL');
    gateway = await start('gateway');
    // Its result was in the process; that it was executed is in the approval.
    const later = await client.send('tasks/get', { taskId });
    expect(later.result).toMatchObject({ status: 'failed', statusMessage: expect.stringContaining('used already') });
    expect(arrived).toEqual([1, 10]);
    arrived.length = 0;
  });

  it('U16 after a kill what waits and what is approved is there, and a call that was cut off is `unknown`', async () => {
    const [approved, waits, cutOff] = [await idOf(2), await idOf(3), await idOf(4)];
    for (const id of [approved, cutOff]) await approvals('approve', id);
    isHeld = true;
    const cut = refund(4).catch(() => 'cut');
    await until(() => arrived.includes(4));
    await gateway.kill('SIGKILL');
    isHeld = false;
    await cut;
    gateway = await start('gateway');
    expect(await refund(2)).toBe('done');
    await approvals('approve', waits);
    expect([await refund(3), await refund(3)]).toEqual(['done', 'APPROVAL_REQUIRED']);
    const shown: unknown = JSON.parse(await approvals('show', '--json', cutOff));
    expect(shown).toMatchObject({ status: 'consumed', execution: 'unknown' });
    expect(await refund(4)).toBe('APPROVAL_REQUIRED');
    expect(arrived).toEqual([4, 2, 3]);
  });

  it('U16 without the database calls that need an approval are refused, /ready says so, and it comes back', async () => {
    const checks = async () =>
      ((await (await request(`${installation.adminUrl}/ready`)).body.json()) as { checks: Record<string, string> })
        .checks;
    await approvals('approve', await idOf(5));
    await postgres.stop();
    expect(await refund(5)).toBe('APPROVALS_UNAVAILABLE');
    expect(await refund(6)).toBe('APPROVALS_UNAVAILABLE');
    await until(async () => (await checks())['approvals'] !== 'ok');
    await expect(approvals('list')).rejects.toThrow('Requests for approval cannot be kept now.');
    await postgres.start();
    await until(async () => (await checks())['approvals'] === 'ok');
    expect(await refund(5)).toBe('done');
    expect(await refund(6)).toBe('APPROVAL_REQUIRED');
  });

  it('a database that cannot be reached, or that a newer Sallyport wrote, ends the start with a sentence', async () => {
    const { host, user } = postgres;
    const newer = await postgres.create();
    await postgres.query(
      newer,
      'create table sallyport_schema (version bigint); insert into sallyport_schema values (9)',
    );
    for (const [database, says] of [
      [
        'missing',
        /the database missing of sallyport at \S+ port 5432 cannot be used: database "missing" does not exist/,
      ],
      [newer, /was written by a newer Sallyport \(version 9, this one knows \d+\)/],
    ] as const) {
      const text = JSON.stringify({
        ...installation.settings,
        data: `${installation.folder}/other`,
        database: `postgres://${user}@localhost/${database}?host=${encodeURIComponent(host)}`,
      });
      const loaded = loadConfigText(text, 'test', { environment: {}, folder: installation.folder });
      if ('errors' in loaded) throw new Error(JSON.stringify(loaded.errors));
      await expect(startGateway(loaded.snapshot)).rejects.toThrow(says);
    }
  });
});
