/** How a server is reached: its defaults, what is refused, and clients of both eras. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createMemoryKeys } from '@sallyport/guard/memory';
import { mintApiKey } from '@sallyport/guard/stages';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { resource, secureServer, tool, type RunningServer, type SecureServer } from './index.ts';
import { http, path, type Http } from './http/index.ts';
import { callAs, expectRefused } from './testing/index.ts';
import { verifyLog } from './segments/verify.ts';

const keys = createMemoryKeys();
const { text: token, key } = mintApiKey({
  tenant: 'acme',
  subject: 'bob',
  name: 'bob',
  roles: [],
  scopes: [],
  tier: undefined,
  createdAtMs: Date.now(),
  expiresAtMs: undefined,
});
void keys.put(key);
const base = { description: 'Does one thing.', effect: 'read', permission: 'everyone', input: z.object({}) } as const;
let started = 0;
const tools = [
  tool({
    ...base,
    name: 'greet_user',
    run: async ({ ask, progress }) => {
      started += 1;
      progress(1, 2);
      const [{ name }, { colour }] = await Promise.all([
        ask('What is your name?', z.object({ name: z.string() })),
        ask('Which colour?', z.object({ colour: z.enum(['red', 'blue']) })),
      ]);
      const { sure } = await ask(`Sure, ${name}?`, z.object({ sure: z.boolean() }));
      return `${name} ${colour} ${String(sure)}`;
    },
  }),
  tool({
    ...base,
    name: 'fail_inside',
    run: () => {
      throw new Error('password=hunter2');
    },
  }),
];

const folder = mkdtempSync(join(tmpdir(), 'server-'));
let crm: SecureServer;
let running: RunningServer;
const errors: { readonly error: unknown; readonly id: string }[] = [];
beforeAll(async () => {
  crm = secureServer({
    name: 'crm',
    tools,
    resources: [resource({ uri: 'crm://a', name: 'a', description: 'A.', permission: 'everyone', read: () => 'a' })],
    tenants: ['acme'],
    auth: { keys },
    data: folder,
    log: () => undefined,
    onError: (error, id) => void errors.push({ error, id }),
  });
  running = await crm.listen({ port: 0 });
});
afterAll(async () => {
  await running.close(0);
  rmSync(folder, { recursive: true, force: true });
});

async function connect(era: string, bearer = token): Promise<Client> {
  const mode = era === 'modern' ? { versionNegotiation: { mode: 'auto' } } : {};
  const client = new Client({ name: 'test', version: '1' }, { capabilities: { elicitation: {} }, ...mode } as never);
  const requestInit = { headers: { authorization: `Bearer ${bearer}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(running.url ?? ''), { requestInit }));
  return client;
}

describe.each(['legacy', 'modern'])('a %s client over HTTP', (era) => {
  it('is asked while its call runs: what is asked in one go arrives together, and the handler runs once', async () => {
    const client = await connect(era);
    const asked: string[] = [];
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      asked.push(params.message);
      const [answer] = Object.entries({ name: 'Ann', colour: 'red', sure: true }).filter(([name]) =>
        JSON.stringify(params).includes(`"${name}":`),
      );
      return { action: 'accept', content: Object.fromEntries([answer ?? []]) } as never;
    });
    const before = started;
    const answer = client.callTool({ name: 'greet_user', arguments: {} });
    expect((await answer) as unknown).toMatchObject({ content: [{ text: 'Ann red true' }] });
    expect(asked).toEqual(['What is your name?', 'Which colour?', 'Sure, Ann?']);
    expect(started - before).toBe(1);
    await client.close();
  });

  it('gets INTERNAL with a correlation id for a failure, and its author gets the reason', async () => {
    errors.length = 0;
    const client = await connect(era);
    const answer = await client.callTool({ name: 'fail_inside', arguments: {} });
    expect(answer).toMatchObject({
      isError: true,
      structuredContent: { error_code: 'INTERNAL', correlation_id: errors[0]?.id },
    });
    expect(JSON.stringify(answer)).not.toContain('hunter2');
    expect((errors[0]?.error as Error).message).toContain('hunter2');
    await client.close();
  });

  it('is not let in without a credential', async () => {
    await expect(connect(era, 'sp_0000000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')).rejects.toThrow();
  });
});

it('A34 the records of a server verify as those of a gateway do', async () => {
  const client = await connect('modern');
  await client.callTool({ name: 'fail_inside', arguments: {} });
  await client.close();
  const log = join(folder, 'audit', 'acme');
  const verified = verifyLog(log, readFileSync(join(log, 'vkey'), 'utf8'));
  expect(verified.problems).toEqual([]);
  expect(verified.records).toBeGreaterThan(2);
});

it.each([
  ['Host', { host: 'evil.example' }],
  ['Origin', { origin: 'https://evil.example' }],
])('A20 H1 a foreign %s is refused', async (_name, headers) => {
  const { request } = await import('node:http');
  const { hostname, port } = new URL(running.url ?? '');
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sent = request({ hostname, port, path: '/mcp', method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject);
    sent.end('{}');
  });
  expect(status).toBe(403);
});

it('a handler reaches the one system that its server was given, and no other', async () => {
  const { createServer } = await import('node:http');
  const system = createServer((request, response) => response.end(JSON.stringify({ path: request.url })));
  await new Promise<void>((resolve) => system.listen(0, '127.0.0.1', resolve));
  const { port } = system.address() as AddressInfo;
  const lookUp = tool({
    ...base,
    name: 'look_up',
    input: z.object({ id: z.string().max(20) }),
    run: async ({ input, fetch: send }) => ({ body: (await send(path`/customers/${input.id}`)).text() }),
  });
  const crmOver = (http?: Http): SecureServer => secureServer({ name: 'crm', tools: [lookUp], ...(http && { http }) });
  const api = http(`http://127.0.0.1:${port}/api`, { internal: true });
  const caller = callAs(crmOver(api), { subject: 'ann' });
  expect(await caller.callTool('look_up', { id: 'a/b c' })).toMatchObject({
    structuredContent: { body: '{"path":"/api/customers/a%2Fb%20c"}' },
  });
  await expectRefused(caller.callTool('look_up', { id: '../a' }), 'INVALID_ARGUMENT');
  await expectRefused(callAs(crmOver(), { subject: 'ann' }).callTool('look_up', { id: 'a' }), 'INTERNAL');
  await api.close();
  system.close();
});

describe('outside loopback', () => {
  const server = (more: object): SecureServer => secureServer({ name: 'crm', log: () => undefined, ...more });
  const outside = { host: '0.0.0.0', port: 0 };
  it('nothing listens without auth, TLS, its own name and durable records: all that is missing is named', async () => {
    await expect(server({}).listen(outside)).rejects.toThrow(/auth.*tls.*publicUrl.*data/);
  });

  it.each([
    ['auth', {}, { tls: { cert: 'c', key: 'k' }, publicUrl: 'https://x.test' }],
    ['tls', { auth: { keys } }, { publicUrl: 'https://x.test' }],
    ['publicUrl', { auth: { keys } }, { behindTlsProxy: true }],
  ])('not without %s', async (what, more, listen) => {
    await expect(server({ data: folder, ...more }).listen({ ...outside, ...listen })).rejects.toThrow(
      new RegExp(`outside loopback: set ${what}[^;]*$`),
    );
  });
});

describe('without any options', () => {
  it('over HTTP one key is let in that is shown once, and weakenings are logged', async () => {
    const lines: string[] = [];
    const write = vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    const local = await secureServer({ name: 'notes', tools }).listen({ stdio: false });
    write.mockRestore();
    const shown = lines.join('');
    expect(shown).toContain('"weakening":"records are kept in memory');
    const [, bearer = ''] = /Bearer (dev_\S+)/.exec(shown) ?? [];
    expect(shown.split(bearer)).toHaveLength(2);
    expect(new URL(local.url ?? '').hostname).toBe('127.0.0.1');
    const post = (authorization: string): Promise<Response> =>
      fetch(local.url ?? '', {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'initialize',
          params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
        }),
      });
    expect((await post(`Bearer ${bearer}`)).status).toBe(200);
    expect((await post(`Bearer ${bearer.slice(0, -1)}`)).status).toBe(401);
    await local.close(0);
  });

  it('a program with pipes gets stdio, and the user of the operating system calls', async () => {
    const program = `
      import { secureServer, tool } from '@sallyport/server';
      const who = tool({
        name: 'get_user', description: 'Who calls.', effect: 'read', permission: 'any:thing', input: { type: 'object' },
        run: ({ principal: { user } }) => ({ issuer: user.issuer, subject: user.subject }),
      });
      await secureServer({ name: 'crm', tools: [who] }).listen();`;
    const child = spawn(process.execPath, ['--conditions=sallyport-source', '--input-type=module', '-e', program], {
      cwd: import.meta.dirname,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('"id":2')) child.stdin.end();
    });
    const message = (id: number, method: string, params: object): string =>
      `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
    child.stdin.write(
      message(1, 'initialize', {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 't', version: '1' },
      }) + message(2, 'tools/call', { name: 'get_user', arguments: {} }),
    );
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).toBe(0);
    expect(output).toContain(
      `"structuredContent":{"issuer":"urn:sallyport:os-user","subject":"${userInfo().username}"}`,
    );
  });
});
