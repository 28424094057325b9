/** A gateway as a user starts it: a configuration file, a key made by `keys create`, and the command `start`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { runProgram } from './install.ts';
import type { Launch } from './scratch.ts';

const SALLYPORT = fileURLToPath(new URL('../../../packages/gateway/bin/sallyport.js', import.meta.url));

export interface ForeignGateway {
  readonly url: string;
  readonly token: string;
  /** The end of what it logged. */
  readonly log: () => string;
  /** What `sallyport check` says of tools that are not served. */
  readonly withheld: () => Promise<readonly WithheldTool[]>;
  readonly close: () => Promise<void>;
}

export interface WithheldTool {
  readonly kind: string;
  readonly name: string;
  readonly reason: string;
}

/** @param folder its configuration and data; made, and left to the caller to remove. */
export async function startGateway(folder: string, servers: Readonly<Record<string, Launch>>): Promise<ForeignGateway> {
  mkdirSync(join(folder, 'policies'), { recursive: true });
  writeFileSync(join(folder, 'policies', 'main.cedar'), 'permit (principal, action, resource);\n');
  const config = join(folder, 'sallyport.yaml');
  // JSON is YAML.
  writeFileSync(
    config,
    JSON.stringify({
      gateway: { listen: '127.0.0.1:0' },
      admin: { listen: '127.0.0.1:0' },
      data: join(folder, 'data'),
      tenants: ['foreign'],
      servers: Object.fromEntries(Object.entries(servers).map(([name, launch]) => [name, withReferences(launch)])),
      policies: { cedar: join(folder, 'policies') },
      log: { level: 'warn' },
    }),
  );
  const secrets = Object.fromEntries(Object.values(servers).flatMap(({ env }) => Object.entries(env).filter(isSecret)));
  const made = await runProgram(
    [
      process.execPath,
      SALLYPORT,
      '--config',
      config,
      'keys',
      'create',
      '--json',
      '--tenant',
      'foreign',
      '--name',
      'all',
    ],
    { cwd: folder, env: secrets },
  );
  const child = spawn(process.execPath, [SALLYPORT, 'start', '--config', config, '--json'], {
    cwd: folder,
    env: { ...process.env, ...secrets },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (bytes: Buffer) => (log = (log + bytes.toString()).slice(-4_000)));
  const url = await addressOf(child, () => log);
  const { key } = JSON.parse(made) as { key: string };
  return {
    url,
    token: key,
    log: () => log,
    withheld: async () => {
      const check = [process.execPath, SALLYPORT, '--config', config, 'check', '--json'];
      const report = await runProgram(check, { cwd: folder, env: secrets });
      return (JSON.parse(report) as { withheld: readonly WithheldTool[] }).withheld;
    },
    close: () => end(child),
  };
}

/** The configuration takes secrets only as references; they are in the gateway's own environment. */
function withReferences(launch: Launch): object {
  const env = Object.entries(launch.env).map((entry) =>
    isSecret(entry) ? [entry[0], { secret: `env:${entry[0]}` }] : entry,
  );
  return { ...launch, env: Object.fromEntries(env) as Record<string, unknown> };
}

const isSecret = ([name]: readonly [string, string]): boolean => /TOKEN|KEY|SECRET|PASSWORD/.test(name);

async function addressOf(child: ChildProcess, log: () => string): Promise<string> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  for await (const line of lines) {
    if (line.startsWith('{')) return (JSON.parse(line) as { gateway_url: string }).gateway_url;
  }
  throw new Error(`the gateway did not start: ${log()}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
