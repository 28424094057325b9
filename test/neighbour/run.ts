/**
 * B7: how quickly one tenant is served while another one takes all that it gets. A gateway with default limits, two
 * servers that both tenants use, and the load of the other tenant, each a process of its own. `npm run neighbour`, with
 * names of attacks to run only those. Prints p50 and p99 of the neighbour's calls, quiet and meanwhile.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openInstallation, startGatewayProcess } from '../attacks/installation.ts';
import { connect, type RawClient } from '../attacks/mcp-client.ts';

const PHASE_MS = 8_000;
const PAUSE_MS = 20;
const CLIENTS = 8;
/** B7: at most so many times the quiet figure, or so many milliseconds where twice the quiet figure is less. */
const FACTOR_MAX = 2;
const P99_MS_MAX = 250;

/** Low priority for the attacker, who would have machines of his own. */
const child = (file: string, args: readonly string[] = [], nice = 0): ChildProcess => {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const command = ['-n', String(nice), process.execPath, '--conditions=sallyport-source', path, ...args];
  return spawn('nice', command, {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
};
async function said(process: ChildProcess): Promise<string> {
  const [bytes] = (await once(process.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return bytes.toString();
}
async function end(process: ChildProcess): Promise<string> {
  let rest = '';
  process.stdout?.on('data', (chunk: Buffer) => (rest += chunk.toString()));
  process.stdin?.end();
  await once(process, 'close');
  return rest;
}

interface Figures {
  readonly calls: number;
  readonly errors: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Calls at one server after the other, one at a time, for a while. */
async function measure(clients: readonly RawClient[]): Promise<Figures> {
  const ms: number[] = [];
  let errors = 0;
  const endMs = performance.now() + PHASE_MS;
  for (let at = 0; performance.now() < endMs; at++) {
    const startedMs = performance.now();
    const answer = await clients[at % clients.length]?.send('tools/call', { name: 'alpha', arguments: { a: `${at}` } });
    ms.push(performance.now() - startedMs);
    if (answer?.status !== 200 || !JSON.stringify(answer.result).includes(`${at}`)) {
      errors += 1;
      process.stderr.write(`${answer?.status} ${JSON.stringify(answer?.messages).slice(0, 300)}\n`);
    }
    await sleep(PAUSE_MS);
  }
  ms.sort((a, b) => a - b);
  const part = (share: number): number => ms[Math.min(ms.length - 1, Math.floor(ms.length * share))] ?? 0;
  return { calls: ms.length, errors, p50: part(0.5), p99: part(0.99), max: part(1) };
}

const shown = ({ p50, p99, max }: Figures): string => [p50, p99, max].map((ms) => ms.toFixed(1).padStart(7)).join('');

const upstreams = child('./upstreams.ts');
const urls = JSON.parse(await said(upstreams)) as { modern: string; legacy: string };
const installation = await openInstallation({
  servers: { modern: { url: urls.modern }, legacy: { url: urls.legacy } },
  settings: { limits: undefined, log: { level: 'error' } },
});
// Limits as they are by default.
const {
  addressLimit: _address,
  refusalLimit: _refusals,
  ...gatewaySettings
} = installation.settings['gateway'] as Record<string, unknown>;
installation.write({
  ...installation.settings,
  limits: { default: '100000/min per user per tool' },
  gateway: gatewaySettings,
});
const gateway = await startGatewayProcess(installation);
const tokens = await Promise.all(
  Array.from({ length: CLIENTS }, (_, at) => installation.token('alice', { client_id: `client-${at}` })),
);
const all = JSON.parse(await said(child('./attacker.ts', ['names']))) as string[];
const chosen = process.argv.length > 2 ? process.argv.slice(2) : all;
// Each phase has a user of its own, so that the neighbour stays below the limit of one user.
let users = 0;
const neighbours = async (): Promise<readonly RawClient[]> => {
  users += 1;
  const token = await installation.token(`carol ${users}`, { tenant_id: 'globex', roles: ['admin'] });
  return Promise.all([
    connect(`${installation.url}/mcp/modern`, token, 'modern'),
    connect(`${installation.url}/mcp/legacy`, token, 'legacy'),
  ]);
};
await measure(await neighbours());
process.stdout.write(`${'ms'.padEnd(28)}   quiet: p50    p99    max   meanwhile: p50    p99    max   errors\n`);
let isSlow = false;
for (const attack of chosen) {
  const quiet = await measure(await neighbours());
  const clients = await neighbours();
  const attacker = child('./attacker.ts', [attack, installation.url, ...tokens], 15);
  await sleep(1_000);
  const meanwhile = await measure(clients);
  const counts = await end(attacker);
  const isOver = meanwhile.errors > 0 || meanwhile.p99 > Math.max(FACTOR_MAX * quiet.p99, P99_MS_MAX);
  isSlow ||= isOver;
  const line = `${attack.padEnd(28)} ${shown(quiet)}     ${shown(meanwhile)}   ${meanwhile.errors}`;
  process.stdout.write(`${line}${isOver ? ' TOO SLOW' : ''}   attacker: ${counts}\n`);
  await sleep(1_000);
}
await gateway.stop();
await end(upstreams);
await installation.close();
process.exitCode = isSlow ? 1 : 0;
