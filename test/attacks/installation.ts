/** The gateway as a process: its configuration on disk, its standard streams kept, its signals and commands at hand. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run as runHere } from '../../packages/gateway/src/cli/testing/run.mts';
import { compileCache } from '../fixtures/compile-cache.ts';
import { freePort, testSettings, USERS, type TestOptions } from '../e2e/gateway.ts';
import { startIssuer, type TestIssuer } from '../fixtures/issuer.ts';

const program = fileURLToPath(new URL('./gateway-process.ts', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Installation {
  readonly folder: string;
  readonly data: string;
  readonly config: string;
  readonly issuer: TestIssuer;
  readonly url: string;
  readonly adminUrl: string;
  readonly settings: Record<string, unknown>;
  token(user: string, claims?: Record<string, unknown>): Promise<string>;
  /** Writes the configuration anew. */
  write(settings: Record<string, unknown>): void;
  policy(text: string): void;
  /** One command that only reads or writes files, in this process: the start of another one takes a second. */
  command(args: readonly string[]): Promise<CommandResult>;
  /** One command as a process, to its end. */
  run(
    args: readonly string[],
    more?: { readonly env?: Record<string, string>; readonly input?: string },
  ): Promise<CommandResult>;
  /** A command that goes on, such as `stdio`. */
  spawn(args: readonly string[], env?: Record<string, string>): ChildProcess;
  close(): Promise<void>;
}

export async function openInstallation(options: TestOptions, env: Record<string, string> = {}): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-attack-'));
  const port = await freePort();
  let admin = await freePort();
  while (admin === port) admin = await freePort();
  const audience = `http://127.0.0.1:${port}/mcp`;
  const issuer = await startIssuer(audience);
  const [config, data] = [join(folder, 'sallyport.yaml'), join(folder, 'data')];
  mkdirSync(join(folder, 'policies'));
  const policy = (text: string): void => writeFileSync(join(folder, 'policies', 'test.cedar'), text);
  const write = (settings: Record<string, unknown>): void => writeFileSync(config, JSON.stringify(settings, null, 1));
  const settings = {
    ...testSettings(options, folder, [port, admin], issuer.issuer),
    log: { level: 'debug' },
    ...options.settings,
  };
  policy(options.policies ?? 'permit (principal, action, resource);');
  write(settings);
  const start = (args: readonly string[], more: Record<string, string> = {}): ChildProcess =>
    spawn(process.execPath, ['--conditions=sallyport-source', program, ...args, '--config', config], {
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...compileCache(), ...env, ...more },
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: folder,
    });
  return {
    folder,
    data,
    config,
    issuer,
    settings,
    policy,
    write,
    spawn: start,
    url: `http://127.0.0.1:${port}`,
    adminUrl: `http://127.0.0.1:${admin}`,
    token: (user, claims = {}) =>
      issuer.token({ sub: user, tenant_id: USERS[user]?.tenant, roles: USERS[user]?.roles, ...claims }),
    command: async (args) => {
      const environment = { PATH: process.env['PATH'] ?? '', HOME: folder, ...env };
      const { code, out, err } = await runHere([...args, '--config', config], { environment });
      return { code, stdout: out, stderr: err };
    },
    run: (args, more = {}) => ended(start(args, more.env), more.input),
    close: async () => {
      await issuer.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ended(child: ChildProcess, input?: string): Promise<CommandResult> {
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin?.end(input);
  return new Promise((resolve) =>
    child.once('close', (code) =>
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
    ),
  );
}

export interface RunningGatewayProcess {
  readonly pid: number;
  /** Everything that it said so far, on both streams. */
  output(): string;
  sendSighup(): void;
  stop(): Promise<void>;
}

/** `sallyport start`, until it says where it listens. @throws Error with what it said when it ends instead. */
export async function startGatewayProcess(installation: Installation): Promise<RunningGatewayProcess> {
  const child = installation.spawn(['start', '--json']);
  const said: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
  const text = (): string => Buffer.concat(said).toString();
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      said.push(chunk);
      if (chunk.includes('gateway_url')) resolve();
    });
    child.once('close', (code) => reject(new Error(`the gateway ended (${code}): ${text()}`)));
  });
  return {
    pid: child.pid ?? 0,
    output: text,
    sendSighup: () => void child.kill('SIGHUP'),
    stop: async () => {
      const timer = setTimeout(() => child.kill('SIGKILL'), 8_000);
      child.kill('SIGTERM');
      await gone;
      clearTimeout(timer);
    },
  };
}
