/** Gateways as the bench starts them: one server, one tenant, an API key, every control on. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StageRow } from './figures.ts';
import { freePort, here, onCore, residentMiB, start, type Started } from './processes.ts';

export interface Gateway {
  readonly pid: number;
  readonly url: string;
  readonly token: string;
  readonly atStartMiB: number;
}

/** A policy on the tool: the gateway remembers its decision. */
export const TOOL_POLICY = 'permit (principal in Tenant::"bench", action, resource in Server::"bench");\n';
/** A policy on arguments: the gateway evaluates it for each call. */
export const ARGUMENT_POLICY = `permit (
  principal in Tenant::"bench", action == Action::"call", resource == Tool::"bench/echo"
) when { context.args.size <= 1000000 && !(context.args.text like "*forbidden*") };
`;

export const thisCheckout = here('..');
/** The program of a built checkout. */
export const cliOf = (checkout: string): string => join(checkout, 'packages/gateway/bin/sallyport.js');

export interface OpenedGateway {
  readonly gateway: Gateway;
  readonly adminUrl: string;
  readonly process: Started;
}

/**
 * Writes a configuration and starts the command that a user starts.
 * @param checkout the built repository whose gateway is started.
 * @param core the only core that it runs on; any when absent.
 */
export async function openGateway(
  folder: string,
  upstream: string,
  policy: string,
  checkout = thisCheckout,
  core?: number,
): Promise<OpenedGateway> {
  const cli = cliOf(checkout);
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
  const started = await start(...onCore(core, process.execPath, [cli, 'start', '--config', config]), ready);
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

/** Writes a configuration whose limits no load run reaches. @returns its file and the ports in it. */
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

/** Mean durations by stage, from the metrics of a gateway. */
export async function stagesOf(adminUrl: string): Promise<StageRow[]> {
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
