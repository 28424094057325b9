/**
 * Which files one warm `tools/call` runs through, in each combination of a client's and a server's era. A hop is a call
 * from one module (a folder) into another, each pair counted once; a hand-back is a hop into a module that is on the
 * stack already.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Entry } from './call-trace-hook.ts';
import { root } from './sources.ts';

const CONDITION = '--conditions=sallyport-source';

interface Started {
  readonly pid: number;
  stop(): void;
}

interface Gateway {
  readonly url: string;
  readonly token: string;
  readonly traceFile: string;
  readonly pid: number;
}

/** @param base an installed checkout. @returns rows of a name and a figure. */
export async function traceCalls(base: string): Promise<[string, string][]> {
  const rows: [string, string][] = [];
  for (const server of ['modern', 'legacy'] as const) {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-trace-'));
    const started: Started[] = [];
    try {
      const gateway = await startGateway(base, folder, server, started);
      for (const client of ['modern', 'legacy'] as const) {
        const figures = figuresOf(await traceOne(gateway, client));
        rows.push([`a tools/call, ${client} client, ${server} server`, figures]);
      }
    } finally {
      for (const one of started) one.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return rows;
}

/** From the root of the checkout: modules have file addresses. */
const pathOf = (file: string): string => file.slice(file.lastIndexOf('/packages/') + 1);

function figuresOf(entries: readonly Entry[]): string {
  const files = new Set(entries.map(([file]) => file));
  const hops = new Set<string>();
  const handBacks = new Set<string>();
  for (const entry of entries) {
    const [own, caller, ...below] = entry.map(pathOf).filter(isModule).map(folderOf);
    if (own === undefined || caller === undefined || caller === own || !isModule(pathOf(entry[0] ?? ''))) continue;
    hops.add(`${caller} → ${own}`);
    if (below.includes(own)) handBacks.add(`${caller} → ${own}`);
  }
  return `${files.size} files, ${hops.size} hops, ${handBacks.size} hand-backs`;
}

/**
 * Left out: the vocabulary (pure functions that every module calls) and the composition, whose closures only pass a
 * call on.
 */
const isModule = (path: string): boolean =>
  path === 'packages/guard/src/guard.ts' ||
  !/^packages\/(?:guard\/src\/(?:json\/|[\w-]+\.ts)|gateway\/src\/(?:mcp\/|[\w-]+\.ts))/.test(path);

const folderOf = (path: string): string => dirname(path).replace(/^packages\//, '');

async function startGateway(base: string, folder: string, era: string, started: Started[]): Promise<Gateway> {
  const [port, admin, upstream] = [await freePort(), await freePort(), await freePort()];
  const target = [join(root, 'bench/targets/upstream.ts'), String(upstream), ...(era === 'legacy' ? ['--legacy'] : [])];
  started.push(start(target, {}));
  mkdirSync(join(folder, 'policies'));
  writeFileSync(join(folder, 'policies', 'all.cedar'), 'permit (principal, action, resource);\n');
  const config = join(folder, 'sallyport.yaml');
  writeFileSync(config, configuration(folder, port, admin, upstream));
  const main = join(base, 'packages/gateway/src/main.ts');
  const cli = join(base, 'packages/gateway/bin/sallyport.js');
  const make = ['keys', 'create', '--config', config, '--tenant', 'trace', '--name', 'trace', '--json'];
  const key = JSON.parse(execFileSync(process.execPath, [cli, ...make], { encoding: 'utf8' })) as { key: string };
  const traceFile = join(folder, 'trace');
  const hook = join(root, 'tools/call-trace-hook.ts');
  const args = JSON.stringify(['start', '--config', config]);
  const program = `const { main } = await import(${JSON.stringify(main)}); await main(${args});`;
  const gateway = start([CONDITION, '--import', hook, '--input-type=module', '--eval', program], {
    SALLYPORT_TRACE: traceFile,
  });
  started.push(gateway);
  await until(async () => (await fetch(`http://127.0.0.1:${admin}/ready`)).ok);
  return { url: `http://127.0.0.1:${port}/mcp/target`, token: key.key, traceFile, pid: gateway.pid };
}

const configuration = (folder: string, port: number, admin: number, upstream: number): string => `
gateway: { listen: "127.0.0.1:${port}" }
admin: { listen: "127.0.0.1:${admin}" }
data: ${folder}/data
tenants: [trace]
identity: { apiKeys: true }
servers:
  target: { url: "http://127.0.0.1:${upstream}/mcp" }
policies: { cedar: ./policies }
`;

function start(args: readonly string[], env: Record<string, string>): Started {
  const child = spawn(process.execPath, args, {
    stdio: 'ignore',
    env: { ...process.env, ...env },
  });
  return { pid: child.pid ?? 0, stop: () => void child.kill('SIGKILL') };
}

async function traceOne(gateway: Gateway, client: 'modern' | 'legacy'): Promise<Entry[]> {
  const headers = { ...(client === 'modern' ? MODERN_HEADERS : await legacySession(gateway)) };
  const call = (): Promise<unknown> => post(gateway, headers, message(client));
  await until(() => call().then(() => true));
  for (let warm = 0; warm < 3; warm++) await call();
  for (const file of [gateway.traceFile, `${gateway.traceFile}.trace`]) rmSync(file, { force: true });
  process.kill(gateway.pid, 'SIGUSR2');
  await until(async () => existsSync(gateway.traceFile));
  await call();
  process.kill(gateway.pid, 'SIGUSR2');
  await until(async () => existsSync(`${gateway.traceFile}.trace`));
  return JSON.parse(readFileSync(`${gateway.traceFile}.trace`, 'utf8')) as Entry[];
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'trace', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

const MODERN_HEADERS: Readonly<Record<string, string>> = {
  'MCP-Protocol-Version': '2026-07-28',
  'Mcp-Method': 'tools/call',
  'Mcp-Name': 'echo',
};

const message = (client: 'modern' | 'legacy'): object => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'echo', arguments: { text: 'x', size: 1 }, ...(client === 'modern' && { _meta: META }) },
});

async function legacySession(gateway: Gateway): Promise<Record<string, string>> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'trace', version: '1' } };
  const response = await post(gateway, {}, { jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const headers = {
    'MCP-Protocol-Version': '2025-11-25',
    'Mcp-Session-Id': response.headers.get('mcp-session-id') ?? '',
  };
  await post(gateway, headers, { jsonrpc: '2.0', method: 'notifications/initialized' });
  return headers;
}

async function post({ url, token }: Gateway, headers: Record<string, string>, body: object): Promise<Response> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok || /"isError":true|"error":/.test(text))
    throw new Error(`the call failed: ${response.status} ${text}`);
  return response;
}

async function until(ready: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 3_000; attempt++) {
    if (await ready().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the gateway did not answer within a minute');
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
