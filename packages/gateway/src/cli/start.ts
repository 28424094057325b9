/** `sallyport start`: the gateway, the admin listener, or both, until a signal ends them. */
import { formatConfigError } from '../config.ts';
import { followConfig } from '../config/follow.ts';
import type { CommandContext, CommandDefinition, Role, Signals, StartedGateway } from './command.ts';
import { printJson } from './io.ts';

interface StartOptions {
  readonly role: Role;
  readonly demo?: boolean;
  readonly json?: boolean;
}

/** `sallyport start`. */
export const startCommand: CommandDefinition<readonly [], StartOptions> = {
  name: 'start',
  summary: 'start the gateway and the admin listener',
  options: [
    {
      flags: '--role <role>',
      summary: 'what to start in this process',
      choices: ['gateway', 'admin', 'all'],
      default: 'all',
    },
    { flags: '--demo', summary: 'start the demo: two servers, two tenants, three users, an authorization server' },
    { flags: '--json', summary: 'print the addresses as one line of JSON' },
  ],
  example: 'sallyport start --config /etc/sallyport/sallyport.yaml',
  run: (_given, options, context) => (options.demo === true ? startDemo(context) : startConfigured(options, context)),
};

async function startDemo({ io, ports }: CommandContext): Promise<void> {
  const running = await ports.demo(io);
  await untilStopped(ports.signals);
  await running.close();
}

async function startConfigured(options: StartOptions, context: CommandContext): Promise<void> {
  const { io, configuration, ports } = context;
  const snapshot = configuration.load();
  if (snapshot === undefined) return;
  const running = await ports.start(snapshot, options.role);
  // A reader of the addresses may send a signal at once, so signals are handled before they are printed.
  const stopped = untilStopped(ports.signals);
  const { gatewayUrl, adminUrl } = running;
  if (options.json === true) printJson(io, { gateway_url: gatewayUrl, admin_url: adminUrl, pid: process.pid });
  else {
    if (options.role !== 'admin') io.stdout(`gateway  ${gatewayUrl}/mcp\n`);
    if (options.role !== 'gateway') io.stdout(`admin    ${adminUrl}\n`);
  }
  const stopFollowing = reloadOnChange(running, context);
  await stopped;
  stopFollowing();
  await running.close();
}

/** Reloads when the file changes and on SIGHUP, until the returned function is called. */
function reloadOnChange(
  { reload, rejected }: StartedGateway,
  { configuration, environment, ports: { signals } }: CommandContext,
): () => void {
  const file = configuration.file();
  if (file === undefined || reload === undefined) return () => undefined;
  const failed = (thrown: unknown): void =>
    rejected?.([`${file}: ${thrown instanceof Error ? thrown.message : String(thrown)}`]);
  const follower = followConfig(file, {
    environment,
    onSnapshot: (snapshot) => void (async () => reload(snapshot))().catch(failed),
    onErrors: (errors) => rejected?.(errors.map(formatConfigError)),
  });
  signals.on('SIGHUP', follower.readNow);
  return () => {
    signals.off('SIGHUP', follower.readNow);
    follower.stop();
  };
}

/** The first signal starts an orderly end. A second one is left to Node.js, which ends the process at once. */
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
