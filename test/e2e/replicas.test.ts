/**
 * Processes with a data folder each on one PostgreSQL: keys, pins, sessions and approvals are shared, what a folder
 * held before is not lost, and calls go on when the database is away.
 */
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run as runCommand } from '../../packages/gateway/src/cli/testing/run.mts';
import { connect } from '../attacks/mcp-client.ts';
import { openUpstream, textResult, tool, type Upstream } from '../attacks/upstream.ts';
import { compileCache } from '../fixtures/compile-cache.ts';
import { noPostgres, openTestPostgres, type TestPostgres } from '../fixtures/postgres.ts';
import { Browser, locationOf } from '../sign-in/browser.ts';
import { ALICE, openSignInGateway, type SignInGateway } from '../sign-in/gateway.ts';
import { freePort } from './gateway.ts';

interface Settings extends Record<string, unknown> {
  readonly gateway: object;
}

interface Replica {
  readonly url: string;
  readonly adminUrl: string;
  readonly config: string;
  close(): Promise<void>;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

describe.skipIf(noPostgres !== undefined)(noPostgres ?? 'replicas on one PostgreSQL', () => {
  let postgres: TestPostgres;
  let upstream: Upstream;
  let tools = [tool('refund', { amount: { type: 'number' } }), tool('balance')];
  /** Serves calls and has an admin listener. */
  let first: SignInGateway;
  let calls: Replica;
  let admin: Replica;
  /** A key that was made before there was a database. */
  let early: { key: string; id: string };

  beforeAll(async () => {
    postgres = await openTestPostgres();
    upstream = await openUpstream({
      get tools() {
        return tools;
      },
      respond: ({ method }) => (method === 'tools/call' ? textResult('done') : undefined),
    });
    first = await openSignInGateway({
      servers: { bank: { url: upstream.url } },
      pins: { mode: 'first_use', verify: 0 },
      approvals: { rules: [{ server: 'bank', tool: 'refund', approvers: ['role:approver'] }] },
    });
    early = await makeKey(undefined, 'early', 'admin');
    expect(await call(first.url, early.key, 'balance')).toBe('done');
    const config = join(first.folder, 'sallyport.yaml');
    const settings = JSON.parse(readFileSync(config, 'utf8')) as Settings;
    const { user, host } = postgres;
    const database = `postgres://${user}@localhost/${await postgres.create()}?host=${encodeURIComponent(host)}`;
    const shared = { ...settings, demo: false, database, pins: { mode: 'approval', verify: 0 } };
    writeFileSync(config, JSON.stringify(shared));
    await first.restart();
    [calls, admin] = await Promise.all([startReplica('gateway', shared), startReplica('admin', shared)]);
  });
  afterAll(async () => {
    await Promise.all([calls?.close(), admin?.close()]);
    await first?.close();
    await upstream?.close();
    await postgres?.close();
  });

  /** A process with a data folder of its own, which has only the sealing key of the first. */
  async function startReplica(role: 'gateway' | 'admin', settings: Settings): Promise<Replica> {
    const data = join(first.folder, role);
    mkdirSync(data, { mode: 0o700 });
    copyFileSync(join(first.folder, 'data', 'sallyport.key'), join(data, 'sallyport.key'));
    const [port, adminPort] = [await freePort(), await freePort()];
    const config = join(first.folder, `${role}.yaml`);
    const listen = {
      gateway: { ...settings.gateway, listen: `127.0.0.1:${port}` },
      admin: { listen: `127.0.0.1:${adminPort}` },
    };
    writeFileSync(config, JSON.stringify({ ...settings, ...listen, data }));
    const program = fileURLToPath(new URL('../attacks/gateway-process.ts', import.meta.url));
    const args = ['--conditions=sallyport-source', program, 'start', '--json', '--role', role, '--config', config];
    const child = spawn(process.execPath, args, {
      env: { PATH: process.env['PATH'] ?? '', HOME: first.folder, ...compileCache() },
    });
    const said: Buffer[] = [];
    const ended = once(child, 'close');
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => void (chunk.includes('_url') && resolve()));
      void ended.then(([code]) => reject(new Error(`it ended (${String(code)}): ${Buffer.concat(said).toString()}`)));
    });
    return {
      url: `http://127.0.0.1:${port}`,
      adminUrl: `http://127.0.0.1:${adminPort}`,
      config,
      async close() {
        child.kill('SIGTERM');
        await ended;
      },
    };
  }

  /** @param at admin listener; `undefined` = on the stores that the configuration names. */
  async function command(at: { readonly adminUrl: string; readonly token: string } | undefined, ...args: string[]) {
    const environment = {
      SALLYPORT_CONFIG: join(first.folder, 'sallyport.yaml'),
      ...(at !== undefined && { SALLYPORT_ADMIN_URL: at.adminUrl, SALLYPORT_TOKEN: at.token }),
    };
    const { code, out, err } = await runCommand(args, { environment });
    if (code !== 0) throw new Error(`${args.join(' ')}: ${err}`);
    return out;
  }
  const makeKey = async (at: Parameters<typeof command>[0], name: string, role: string, ...more: string[]) => {
    const args = ['keys', 'create', '--tenant', 'acme', '--name', name, '--role', role, ...more, '--json'];
    return JSON.parse(await command(at, ...args)) as { key: string; id: string };
  };
  async function call(url: string, key: string, name: string, args: Record<string, unknown> = {}): Promise<string> {
    const client = await connect(`${url}/mcp/bank`, key, 'modern');
    const { status, result, error } = await client.call({ id: 1, name, arguments: args }).done;
    const { structuredContent, isError } = (result ?? {}) as {
      structuredContent?: { error_code?: string };
      isError?: boolean;
    };
    const code = structuredContent?.error_code ?? (error?.data as { error_code?: string } | undefined)?.error_code;
    return code ?? (result === undefined || isError === true ? `${status}` : 'done');
  }
  const operator = async () => (await makeKey(undefined, 'operator', 'admin', '--scope', 'control:admin')).key;

  it('a key and a pin of a data folder work with the database, at every replica', async () => {
    for (const { url } of [first, calls]) expect(await call(url, early.key, 'balance')).toBe('done');
    await first.restart();
    expect(await call(first.url, early.key, 'balance')).toBe('done');
  });

  it('A30 a key is made at one replica, used at the others, and refused by them soon after it is revoked', async () => {
    const at = { adminUrl: admin.adminUrl, token: await operator() };
    const made = await makeKey(at, 'made', 'admin');
    for (const { url } of [first, calls]) expect(await call(url, made.key, 'balance')).toBe('done');
    await command({ ...at, adminUrl: first.adminUrl }, 'keys', 'revoke', made.id);
    await until(async () => (await call(calls.url, made.key, 'balance')) === 'UNAUTHENTICATED');
    await until(async () => (await call(first.url, made.key, 'balance')) === 'UNAUTHENTICATED');
  });

  it('A3 a definition that waits at one replica is approved by a command, and served by the others', async () => {
    tools = [...tools, tool('transfer')];
    expect(await call(calls.url, early.key, 'transfer')).toBe('NOT_FOUND');
    await first.restart();
    await until(async () => (await command(undefined, 'pins', 'list', '--pending')).includes('transfer'));
    await command(undefined, 'pins', 'approve', 'bank', 'transfer');
    for (const { url } of [first, calls]) await until(async () => (await call(url, early.key, 'transfer')) === 'done');
  });

  it('U4 an approval is asked for at one replica, given at another, and used once at a third', async () => {
    const approver = await makeKey(undefined, 'approver', 'approver', '--scope', 'control:approver');
    expect(await call(calls.url, early.key, 'refund', { amount: 1 })).toBe('APPROVAL_REQUIRED');
    const at = { adminUrl: admin.adminUrl, token: approver.key };
    const [waiting] = JSON.parse(await command(at, 'approvals', 'list', '--json')) as { id: string }[];
    await command(at, 'approvals', 'approve', waiting?.id ?? '');
    expect(await call(first.url, early.key, 'refund', { amount: 1 })).toBe('done');
    expect(await call(calls.url, early.key, 'refund', { amount: 1 })).toBe('APPROVAL_REQUIRED');
  });

  it('S10 nobody is asked about a tool that is known to differ from its pin; once it is put right, people are', async () => {
    const right = tools;
    tools = right.map((one) => (one['name'] === 'refund' ? tool('refund', { to: { type: 'string' } }) : one));
    // Whoever reads the list of the server, the gateway looks for itself.
    expect(await call(first.url, early.key, 'balance')).toBe('done');
    expect(await call(first.url, early.key, 'refund', { amount: 77 })).toBe('QUARANTINED');
    const approver = await makeKey(undefined, 'approver', 'approver', '--scope', 'control:approver');
    const at = { adminUrl: admin.adminUrl, token: approver.key };
    expect(await command(at, 'approvals', 'list', '--json')).not.toMatch(/"amount": ?77/);
    tools = right;
    expect(await call(first.url, early.key, 'refund', { amount: 77 })).toBe('APPROVAL_REQUIRED');
  });

  it('B10 who signed in at one replica is signed in at another, and signed out at all', async () => {
    const browser = new Browser();
    const form = await browser.open(locationOf(await browser.visit(`${first.adminUrl}/auth/login`)));
    const back = await browser.submit(form, { user: ALICE.subject, password: ALICE.password, answer: 'allow' });
    await browser.visit(locationOf(back));
    const cookie = `__Host-sallyport-session=${browser.cookie('__Host-sallyport-session')}`;
    const session = async (
      { adminUrl }: { readonly adminUrl: string },
      method: 'GET' | 'DELETE' = 'GET',
      csrf = '',
    ) => {
      const { statusCode, body } = await request(`${adminUrl}/api/v1/session`, {
        method,
        headers: {
          cookie,
          ...(method === 'DELETE' && { origin: adminUrl, 'x-csrf-token': csrf, 'content-type': 'application/json' }),
        },
      });
      return { status: statusCode, document: (await body.json()) as { csrf_token?: string; user?: object } };
    };
    const { status, document } = await session(admin);
    expect([status, document.user]).toEqual([200, expect.objectContaining({ subject: 'alice' })]);
    expect((await session(admin, 'DELETE', document.csrf_token)).status).toBe(200);
    for (const replica of [first, admin]) expect((await session(replica)).status).toBe(401);
  });

  it('a session that a client ended at one replica has ended at the others', async () => {
    const client = await connect(`${first.url}/mcp/bank`, early.key, 'legacy');
    const headers = {
      authorization: `Bearer ${early.key}`,
      'mcp-session-id': client.session ?? '',
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    };
    const ping = async (): Promise<number> => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'ping' });
      const answer = await request(`${calls.url}/mcp/bank`, { method: 'POST', headers, body });
      await answer.body.dump();
      return answer.statusCode;
    };
    expect(await ping(), 'the replicas have one sealing key').toBe(200);
    await client.close();
    await until(async () => (await ping()) === 404);
  });

  it('L8 without the database calls go on, keys that are not known are refused, and nothing can be changed', async () => {
    const token = await operator();
    const at = { adminUrl: admin.adminUrl, token };
    expect(await call(calls.url, token, 'balance')).toBe('done');
    await command(at, 'keys', 'list');
    await postgres.stop();
    for (let round = 0; round < 3; round++) {
      expect(await call(calls.url, early.key, 'balance')).toBe('done');
      expect(await call(calls.url, early.key, 'refund', { amount: 2 })).toBe('APPROVALS_UNAVAILABLE');
    }
    const unknown = `sp_0123456789abcdef_${'x'.repeat(43)}`;
    const { statusCode, body } = await request(`${calls.url}/mcp/bank`, {
      method: 'POST',
      headers: { authorization: `Bearer ${unknown}`, accept: 'application/json', 'content-type': 'application/json' },
      body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    });
    await body.dump();
    expect(statusCode, 'not 401: the key may be a good one').toBe(503);
    await expect(command(at, 'keys', 'list')).rejects.toThrow('cannot do this now');
    const ready = await request(`${admin.adminUrl}/ready`);
    const { checks } = (await ready.body.json()) as { checks: Record<string, string> };
    expect(ready.statusCode).toBe(200);
    expect(checks['store.database'] ?? checks['store']).toContain('does not answer');
    await postgres.start();
    await until(async () => (await call(first.url, early.key, 'refund', { amount: 3 })) === 'APPROVAL_REQUIRED');
    await until(() =>
      command(at, 'keys', 'list').then(
        () => true,
        () => false,
      ),
    );
  });

  it('a data folder whose contents were moved is not used without the database', async () => {
    const config = join(first.folder, 'sallyport.yaml');
    const settings = JSON.parse(readFileSync(config, 'utf8')) as Settings;
    const { database: _none, ...alone } = settings;
    writeFileSync(config, JSON.stringify(alone));
    await expect(command(undefined, 'keys', 'list')).rejects.toThrow('were moved to PostgreSQL');
    writeFileSync(config, JSON.stringify(settings));
  });
});
