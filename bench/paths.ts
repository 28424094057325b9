/** The ways to the same server that a run compares, all up at once on loopback. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, here, residentMiB, start, type Started } from './processes.ts';
import type { StageRow } from './report.ts';

export interface Path {
  readonly name: 'direct' | 'nginx' | 'node proxy' | 'gateway' | 'gateway, policy reads arguments';
  readonly url: string;
  readonly token: string;
}

export interface Gateway {
  readonly pid: number;
  readonly url: string;
  readonly token: string;
  readonly atStartMiB: number;
}

export interface Opened {
  readonly paths: readonly Path[];
  readonly gateway: Gateway;
  /** One more gateway on the same server, with nothing done yet. */
  fresh(): Promise<OpenedGateway>;
  stages(): Promise<StageRow[]>;
  close(): Promise<void>;
}

/** Judges the tool: its decision is remembered. */
export const TOOL_POLICY = 'permit (principal in Tenant::"bench", action, resource in Server::"bench");\n';
/** Reads arguments: judged anew for each call. */
export const ARGUMENT_POLICY =
  'permit (principal in Tenant::"bench", action == Action::"call", resource == Tool::"bench/echo") when { context.args.size <= 1000000 && !(context.args.text like "*forbidden*") };\n';

export const cli = here('../packages/gateway/bin/sallyport.js');

export async function openPaths(): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
  const [upstreamPort, proxyPort, nginxPort] = [await freePort(), await freePort(), await freePort()];
  const upstream = `http://127.0.0.1:${upstreamPort}`;
  const started: Started[] = [];
  const up = async (one: Promise<Started>): Promise<Started> => {
    const process = await one;
    started.push(process);
    return process;
  };
  await up(start(process.execPath, [here('./targets/upstream.ts'), String(upstreamPort)]));
  await up(start(process.execPath, [here('./targets/node-proxy.ts'), String(proxyPort), upstream]));
  await up(startNginx(folder, nginxPort, upstreamPort));
  const byTool = await openGateway(join(folder, 'tool'), upstream, TOOL_POLICY);
  started.push(byTool.process);
  const byArguments = await openGateway(join(folder, 'arguments'), upstream, ARGUMENT_POLICY);
  started.push(byArguments.process);
  const bare = (name: Path['name'], port: number): Path => ({ name, url: `http://127.0.0.1:${port}/mcp`, token: '' });
  return {
    paths: [
      bare('direct', upstreamPort),
      bare('nginx', nginxPort),
      bare('node proxy', proxyPort),
      { name: 'gateway', url: byTool.gateway.url, token: byTool.gateway.token },
      { name: 'gateway, policy reads arguments', url: byArguments.gateway.url, token: byArguments.gateway.token },
    ],
    gateway: byTool.gateway,
    async fresh() {
      const one = await openGateway(join(folder, 'fresh'), upstream, TOOL_POLICY);
      started.push(one.process);
      return one;
    },
    stages: () => stagesOf(byTool.adminUrl),
    close: async () => {
      await Promise.all(started.map((one) => one.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startNginx(folder: string, port: number, upstreamPort: number): Promise<Started> {
  const file = join(folder, 'nginx.conf');
  writeFileSync(
    file,
    `
daemon off; pid ${folder}/nginx.pid; error_log ${folder}/error.log; worker_processes 1;
events { worker_connections 1024; }
http {
  access_log off; client_max_body_size 8m; client_body_buffer_size 256k; proxy_buffers 8 64k;
  upstream server { server 127.0.0.1:${upstreamPort}; keepalive 256; }
  server {
    listen 127.0.0.1:${port}; keepalive_requests 10000000;
    location / { proxy_pass http://server; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
  );
  const answers = (): Promise<boolean> => fetch(`http://127.0.0.1:${port}/`).then(() => true);
  return start('nginx', ['-c', file, '-p', folder], answers);
}

export interface OpenedGateway {
  readonly gateway: Gateway;
  readonly adminUrl: string;
  readonly process: Started;
}

/** Writes a configuration and starts the command that a user starts. */
export async function openGateway(folder: string, upstream: string, policy: string): Promise<OpenedGateway> {
  const { port, admin, config } = await configure(folder, upstream, policy);
  const key = execFileSync(process.execPath, [
    cli,
    'keys',
    'create',
    '--config',
    config,
    '--tenant',
    'bench',
    '--name',
    'bench',
    '--json',
  ]);
  const token = (JSON.parse(key.toString()) as { key: string }).key;
  const adminUrl = `http://127.0.0.1:${admin}`;
  const ready = async (): Promise<boolean> => (await fetch(`${adminUrl}/ready`)).ok;
  const started = await start(process.execPath, [cli, 'start', '--config', config], ready);
  return {
    process: started,
    adminUrl,
    gateway: {
      pid: started.pid,
      url: `http://127.0.0.1:${port}/mcp/bench`,
      token,
      atStartMiB: residentMiB(started.pid),
    },
  };
}

export async function configure(folder: string, upstream: string, policy: string) {
  mkdirSync(join(folder, 'policies'), { recursive: true });
  writeFileSync(join(folder, 'policies', 'bench.cedar'), policy);
  const [port, admin] = [await freePort(), await freePort()];
  const config = join(folder, 'sallyport.yaml');
  writeFileSync(
    config,
    `
gateway: { listen: "127.0.0.1:${port}", addressLimit: 100000000/min }
admin: { listen: "127.0.0.1:${admin}" }
data: ${folder}/data
tenants: [bench]
identity: { apiKeys: true }
servers:
  bench: { url: "${upstream}/mcp" }
policies: { cedar: ./policies }
limits: { default: [100000000/min per tenant, 100000000/min per user per tool] }
`,
  );
  return { port, admin, config };
}

/** Means by stage from the gateway's own metrics. */
async function stagesOf(adminUrl: string): Promise<StageRow[]> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const value = (metric: string, stage: string): number =>
    Number(
      new RegExp(`^mcp_stage_duration_seconds_${metric}\\{stage="${stage}"[^}]*\\} (\\S+)`, 'm').exec(text)?.[1] ?? 0,
    );
  const stages = [...text.matchAll(/^mcp_stage_duration_seconds_sum\{stage="([a-z]+)"/gm)].map(
    (match) => match[1] ?? '',
  );
  return stages.map((stage) => {
    const count = value('count', stage);
    return { stage, count, meanMicroseconds: count === 0 ? 0 : (value('sum', stage) / count) * 1e6 };
  });
}
