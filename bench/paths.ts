/** The paths to one server that a run compares, all open at once on loopback. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StageRow } from './figures.ts';
import {
  ARGUMENT_POLICY,
  openGateway,
  stagesOf,
  thisCheckout,
  TOOL_POLICY,
  type Gateway,
  type OpenedGateway,
} from './gateway.ts';
import { freePort, here, onCore, start, type Cores, type Started } from './processes.ts';

export interface Path {
  readonly name: 'direct' | 'nginx' | 'node proxy' | 'gateway' | 'gateway, policy reads arguments';
  readonly url: string;
  readonly token: string;
}

export interface OpenedPaths {
  readonly paths: readonly Path[];
  readonly gateway: Gateway;
  /** One more gateway on the same server, which has served nothing yet. */
  fresh(): Promise<OpenedGateway>;
  stages(): Promise<StageRow[]>;
  close(): Promise<void>;
}

/** @param cores what is measured runs on one core, the server on the other; any when absent. */
export async function openPaths(cores?: Cores): Promise<OpenedPaths> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
  const [upstreamPort, proxyPort, nginxPort] = [await freePort(), await freePort(), await freePort()];
  const upstream = `http://127.0.0.1:${upstreamPort}`;
  const started: Started[] = [];
  const open = async (starting: Promise<Started>): Promise<void> => {
    started.push(await starting);
  };
  const node = (core: number | undefined, file: string, ...args: string[]): Promise<void> =>
    open(start(...onCore(core, process.execPath, [here(file), ...args])));
  await node(cores?.others, './targets/upstream.ts', String(upstreamPort));
  await node(cores?.measured, './targets/node-proxy.ts', String(proxyPort), upstream);
  await open(startNginx(folder, nginxPort, upstreamPort, cores?.measured));
  const gateway = (name: string, policy: string): Promise<OpenedGateway> =>
    openGateway(join(folder, name), upstream, policy, thisCheckout, cores?.measured);
  const byTool = await gateway('tool', TOOL_POLICY);
  started.push(byTool.process);
  const byArguments = await gateway('arguments', ARGUMENT_POLICY);
  started.push(byArguments.process);
  const withoutToken = (name: Path['name'], port: number): Path => ({
    name,
    url: `http://127.0.0.1:${port}/mcp`,
    token: '',
  });
  return {
    paths: [
      withoutToken('direct', upstreamPort),
      withoutToken('nginx', nginxPort),
      withoutToken('node proxy', proxyPort),
      { name: 'gateway', url: byTool.gateway.url, token: byTool.gateway.token },
      { name: 'gateway, policy reads arguments', url: byArguments.gateway.url, token: byArguments.gateway.token },
    ],
    gateway: byTool.gateway,
    async fresh() {
      const opened = await gateway('fresh', TOOL_POLICY);
      started.push(opened.process);
      return opened;
    },
    stages: () => stagesOf(byTool.adminUrl),
    close: async () => {
      await Promise.all(started.map((process) => process.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function startNginx(folder: string, port: number, upstreamPort: number, core: number | undefined): Promise<Started> {
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
  return start(...onCore(core, 'nginx', ['-c', file, '-p', folder]), answers);
}
