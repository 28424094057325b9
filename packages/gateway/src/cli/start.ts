/** `sallyport start`: the gateway, the admin listener, or both, until a signal ends them. */
import { Option, type Command } from 'commander';
import { formatConfigError, type Environment } from '../config.ts';
import { followConfig } from '../config/follow.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Configuration } from './configuration.ts';
import type { CliIo } from './io.ts';

export type Role = 'gateway' | 'admin' | 'all';

export interface RunningGateway {
  readonly gatewayUrl: string;
  readonly adminUrl: string;
  close(): Promise<void>;
  /** Takes over a new snapshot. Without it a changed file takes effect at the next start. */
  readonly reload?: (snapshot: Snapshot) => void | Promise<void>;
  /** Told why a changed file is not taken over. */
  readonly rejected?: (errors: readonly string[]) => void;
}

export interface StartSource {
  readonly environment: Environment;
  readonly configuration: Configuration;
  readonly start: (snapshot: Snapshot, options: { readonly role: Role }) => Promise<RunningGateway>;
  /** The demo, in place of a configuration. */
  readonly demo: (io: CliIo) => Promise<Pick<RunningGateway, 'close'>>;
  readonly signals: Signals;
}

/** The part of `process` that ends and reloads. */
export interface Signals {
  on(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP', listener: () => void): unknown;
}

interface StartOptions {
  readonly role: Role;
  readonly demo?: boolean;
  readonly json?: boolean;
}

export function registerStart(program: Command, io: CliIo, source: StartSource): void {
  program
    .command('start')
    .description('start the gateway and the admin listener')
    .addOption(
      new Option('--role <role>', 'what to start in this process').choices(['gateway', 'admin', 'all']).default('all'),
    )
    .option('--demo', 'start the demo: two servers, two tenants, three users, an authorization server')
    .option('--json', 'print the addresses as one line of JSON')
    .addHelpText('after', '\nExample:\n  sallyport start --config /etc/sallyport/sallyport.yaml\n')
    .action((options: StartOptions) =>
      options.demo === true ? runDemo(io, source) : runConfigured(io, source, options),
    );
}

async function runDemo(io: CliIo, source: StartSource): Promise<void> {
  const running = await source.demo(io);
  await untilStopped(source.signals);
  await running.close();
}

async function runConfigured(io: CliIo, source: StartSource, options: StartOptions): Promise<void> {
  const snapshot = source.configuration.load();
  if (snapshot === undefined) return;
  const running = await source.start(snapshot, { role: options.role });
  // Whoever reads the addresses may send a signal at once.
  const stopped = untilStopped(source.signals);
  const { gatewayUrl, adminUrl } = running;
  if (options.json === true)
    io.stdout(`${JSON.stringify({ gateway_url: gatewayUrl, admin_url: adminUrl, pid: process.pid })}\n`);
  else {
    if (options.role !== 'admin') io.stdout(`gateway  ${gatewayUrl}/mcp\n`);
    if (options.role !== 'gateway') io.stdout(`admin    ${adminUrl}\n`);
  }
  const stopFollowing = follow(source, running);
  await stopped;
  stopFollowing();
  await running.close();
}

/** @returns a function that stops it. */
function follow(source: StartSource, { reload, rejected }: RunningGateway): () => void {
  const file = source.configuration.file();
  if (file === undefined || reload === undefined) return () => undefined;
  const failed = (thrown: unknown): void =>
    rejected?.([`${file}: ${thrown instanceof Error ? thrown.message : String(thrown)}`]);
  const followed = followConfig(file, {
    environment: source.environment,
    onSnapshot: (snapshot) => void (async () => reload(snapshot))().catch(failed),
    onErrors: (errors) => rejected?.(errors.map(formatConfigError)),
  });
  source.signals.on('SIGHUP', followed.again);
  return () => {
    source.signals.off('SIGHUP', followed.again);
    followed.stop();
  };
}

/** The first signal asks for an orderly end; Node's own handling of a second one ends at once. */
function untilStopped(signals: Signals): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      signals.off('SIGINT', stop);
      signals.off('SIGTERM', stop);
      resolve();
    };
    signals.on('SIGINT', stop);
    signals.on('SIGTERM', stop);
  });
}
