/** A gateway as a user starts it: a configuration file, a key made by `keys create`, and the command `start`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endGroup, endWithThisProcess, OWN_NODE_FIRST, runProgram, within } from './programs.ts';
import type { Launch } from './scratch.ts';

const SALLYPORT = fileURLToPath(new URL('../../../packages/gateway/bin/sallyport.js', import.meta.url));

/** `keys create`, and `check`, which starts the servers again. */
const COMMAND_TIMEOUT_MS = 300_000;
const START_TIMEOUT_MS = 300_000;
/** Longer than its own `shutdown.grace`. */
const STOP_TIMEOUT_MS = 90_000;

export interface ForeignGateway {
  readonly url: string;
  readonly token: string;
  /** The command of `sallyport stdio` in front of one server, for a client that starts its server itself. */
  readonly stdio: (server: string) => readonly string[];
  /** How many calls its audit log, and the logs of `sallyport stdio` beside it, record as cancelled. */
  readonly cancelledCalls: () => Promise<number>;
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
      // Nobody is here to approve the call of a tool that says that it destroys something.
      approvals: { destructive: 'allow' },
      log: { level: 'warn' },
    }),
  );
  const secrets = Object.fromEntries(Object.values(servers).flatMap(({ env }) => Object.entries(env).filter(isSecret)));
  const sallyport = [process.execPath, SALLYPORT, '--config', config];
  const where = { cwd: folder, env: secrets, timeoutMs: COMMAND_TIMEOUT_MS };
  const create = [...sallyport, 'keys', 'create', '--json', '--tenant', 'foreign', '--name', 'all'];
  const { key } = JSON.parse(await runProgram(create, where)) as { key: string };
  const child = spawn(process.execPath, [SALLYPORT, 'start', '--config', config, '--json'], {
    cwd: folder,
    env: { ...process.env, PATH: OWN_NODE_FIRST, ...secrets },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  endWithThisProcess(child);
  let log = '';
  child.stderr.on('data', (bytes: Buffer) => (log = (log + bytes.toString()).slice(-4_000)));
  return {
    url: await addressOf(child, () => log),
    token: key,
    stdio: (server) => [...sallyport, 'stdio', '--server', server],
    cancelledCalls: async () => {
      const records = await runProgram([...sallyport, 'audit', 'search', '--json', '--status', 'error'], where);
      return records.split('"error_code":"CANCELLED"').length - 1;
    },
    log: () => log,
    withheld: async () => {
      const report = await runProgram([...sallyport, 'check', '--json'], where);
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
  try {
    return await within(START_TIMEOUT_MS, 'the start of the gateway was', printedAddress(child));
  } catch (error) {
    endGroup(child);
    throw new Error(`the gateway did not start: ${log()}`, { cause: error });
  }
}

async function printedAddress(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  for await (const line of lines) {
    if (line.startsWith('{')) return (JSON.parse(line) as { gateway_url: string }).gateway_url;
  }
  throw new Error('it ended without a line that says where it listens');
}

/** Asks it to stop; a gateway that does not is ended, and its caller told. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  try {
    await within(STOP_TIMEOUT_MS, 'the stop of the gateway was', ended);
  } finally {
    endGroup(child);
  }
}
