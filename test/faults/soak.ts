/**
 * `npm run faults -- soak`: a gateway for many minutes under a steady load, while clients, sessions, streams and
 * `sallyport stdio` come and go, the configuration changes, and servers are killed. What the process holds must not
 * grow.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { openInstallation, startGatewayProcess, type Installation } from '../attacks/installation.ts';
import { connect, headersFor, type Era } from '../attacks/mcp-client.ts';
import { openStdioClient } from '../attacks/stdio-client.ts';
import { openUpstream, tool, type Upstream } from '../attacks/upstream.ts';
import { growthIn } from './growth.ts';
import { childrenOf, heldBy, type Held } from './processes.ts';
import { numbers, type Below } from './random.ts';

const journalServer = fileURLToPath(new URL('./journal-server.ts', import.meta.url));
const USERS = ['alice', 'bob', 'carol', 'dave'] as const;
const MINUTE_MS = 60_000;
const SAMPLES_PER_MINUTE = 12;
const CALLS_PER_CLIENT = 20;
const CLIENTS_TOGETHER = 4;

/** What is counted between two lines of the table. */
interface Counts {
  calls: number;
  failed: number;
  clients: number;
  stdio: number;
  reloads: number;
  kills: number;
}

interface Soak {
  readonly installation: Installation;
  upstream: Upstream;
  readonly pid: number;
  reload(): void;
  readonly below: Below;
  readonly pauseMs: number;
  readonly counts: Counts;
  isOver: boolean;
}

/**
 * @param minutes how long.
 * @param callsPerSecond of all clients together, at most.
 * @throws Error when something grows, or the log does not verify afterwards.
 */
export async function runSoak(minutes: number, callsPerSecond: number, seed: number): Promise<void> {
  const upstream = await openUpstream({ tools: [tool('act', { call: { type: 'string' } })] });
  const settings = { log: { level: 'error' } };
  const servers: Record<string, object> = { http: { url: upstream.url, links: { idle: '20s' } } };
  const installation = await openInstallation({ servers, settings });
  const command = [process.execPath, journalServer, join(installation.folder, 'child.list')];
  servers['child'] = { command, links: { idle: '20s' } };
  installation.write({ ...installation.settings, servers });
  const gateway = await startGatewayProcess(installation);
  const soak: Soak = {
    installation,
    upstream,
    pid: gateway.pid,
    reload: () => gateway.sendSighup(),
    below: numbers(seed),
    pauseMs: (1_000 * CLIENTS_TOGETHER) / callsPerSecond,
    counts: { calls: 0, failed: 0, clients: 0, stdio: 0, reloads: 0, kills: 0 },
    isOver: false,
  };
  try {
    const running = [...Array.from({ length: CLIENTS_TOGETHER }, () => manyClients(soak)), churn(soak)];
    // What throws here is a fault of this command or of the gateway: it ends the run at once.
    const held = await Promise.race([
      sample(soak, minutes),
      ...running.map(async (loop) => loop.then(() => [] as Held[])),
    ]);
    soak.isOver = true;
    await Promise.all(running);
    await gateway.stop();
    const { code, stdout } = await installation.command(['audit', 'verify']);
    process.stdout.write(stdout);
    const grown = growthIn(held);
    if (code !== 0 || grown.length > 0) throw new Error(['the soak failed', ...grown].join('\n'));
    process.stdout.write('nothing grew\n');
  } finally {
    soak.isOver = true;
    await gateway.stop();
    await soak.upstream.close();
    await installation.close();
  }
}

/** Prints a line every minute. @returns what was held at least in each minute. */
async function sample(soak: Soak, minutes: number): Promise<Held[]> {
  process.stdout.write('minute  resident MiB  descriptors  children  calls  failed  clients  stdio  reloads  kills\n');
  const held: Held[] = [];
  for (let minute = 1; minute <= minutes; minute++) {
    const samples: Held[] = [];
    for (let at = 0; at < SAMPLES_PER_MINUTE; at++) {
      await pause(MINUTE_MS / SAMPLES_PER_MINUTE);
      samples.push(heldBy(soak.pid));
    }
    // Memory that waits for the garbage collector, and links that wait for their end, are not held for good.
    const least = (name: keyof Held): number => Math.min(...samples.map((one) => one[name]));
    const [residentKib, descriptors, children] = [least('residentKib'), least('descriptors'), least('children')];
    held.push({ residentKib, descriptors, children });
    const { calls, failed, clients, stdio, reloads, kills } = soak.counts;
    const figures = [minute, Math.round(residentKib / 1_024), descriptors, children, calls, failed, clients, stdio];
    const widths = [6, 14, 13, 10, 7, 8, 9, 7, 9, 7];
    const cells = [...figures, reloads, kills].map((figure, at) => String(figure).padStart(widths[at] ?? 0));
    process.stdout.write(`${cells.join('')}\n`);
    Object.assign(soak.counts, { calls: 0, failed: 0, clients: 0, stdio: 0, reloads: 0, kills: 0 });
  }
  return held;
}

/** One client after the other. */
async function manyClients(soak: Soak): Promise<void> {
  const { installation, below, counts } = soak;
  while (!soak.isOver) {
    const user = USERS[below(USERS.length)] ?? 'alice';
    const era: Era = below(2) === 0 ? 'legacy' : 'modern';
    const server = below(4) === 0 ? 'child' : 'http';
    counts.clients += 1;
    const url = `${installation.url}/mcp/${server}`;
    const token = await installation.token(user);
    const client = await connect(url, token, era);
    const stream = new AbortController();
    if (client.session !== undefined && below(2) === 0) void listen(url, token, client.session, stream.signal);
    for (let call = 0; call < CALLS_PER_CLIENT && !soak.isOver; call++) {
      const params = { name: 'act', arguments: { call: crypto.randomUUID() } };
      const { result, status } = await client.send('tools/call', params);
      counts.calls += 1;
      if (status !== 200 || result?.['isError'] === true) counts.failed += 1;
      await pause(soak.pauseMs);
    }
    stream.abort();
    // Half of them go away without a word.
    if (below(2) === 0) await client.close();
  }
}

/** A stream of notifications, until it is given up. */
async function listen(url: string, token: string, session: string, signal: AbortSignal): Promise<void> {
  const headers = { ...headersFor('legacy', token, { method: '', params: {} }, session), accept: 'text/event-stream' };
  try {
    const { body } = await request(url, { headers, signal });
    await body.dump({ limit: Infinity, signal });
  } catch {
    // Given up, or refused because there are many.
  }
}

/** What changes around the calls: one thing every few seconds. */
async function churn(soak: Soak): Promise<void> {
  const changes = [reload, killChildren, restartUpstream, useStdio] as const;
  for (let at = 0; !soak.isOver; at++) {
    await pause(MINUTE_MS / 12);
    if (!soak.isOver) await changes[at % changes.length]?.(soak, at);
  }
}

async function reload({ installation, reload: sendSighup, counts }: Soak, at: number): Promise<void> {
  installation.policy(`permit (principal, action, resource); // ${at}`);
  sendSighup();
  counts.reloads += 1;
}

async function killChildren({ pid, counts }: Soak): Promise<void> {
  const [first] = childrenOf(pid);
  if (first === undefined) return;
  process.kill(first, 'SIGKILL');
  counts.kills += 1;
}

/** A server that goes away with all of its connections, and comes back. */
async function restartUpstream(soak: Soak): Promise<void> {
  const port = Number(new URL(soak.upstream.url).port);
  await soak.upstream.close();
  await pause(200);
  soak.upstream = await openUpstream({ tools: [tool('act', { call: { type: 'string' } })], port });
  soak.counts.kills += 1;
}

async function useStdio({ installation, counts }: Soak): Promise<void> {
  const client = await openStdioClient(installation, await installation.token('bob'), { era: 'modern' });
  for (let call = 0; call < CALLS_PER_CLIENT; call++)
    await client.send('tools/call', { name: 'http__act', arguments: { call: crypto.randomUUID() } });
  await client.close();
  counts.stdio += 1;
}
