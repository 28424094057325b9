/** `sallyport start`: the gateway, the admin listener, or both, until a signal ends them. */
import { aborted } from '../aborted.ts';
import { formatConfigError } from '../config.ts';
import { documentsOf, followConfig, readConfigText, type FollowOptions } from '../config/follow.ts';
import type { CommandContext, CommandDefinition, Role, Signals, StartedGateway } from './command.ts';
import { printJson } from './io.ts';
import { stopSignal } from './stop-signal.ts';

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
    { flags: '--demo', summary: 'start the demo: two servers, two tenants, four users, an authorization server' },
    { flags: '--json', summary: 'print the addresses as one line of JSON, when every server was tried' },
  ],
  example: 'sallyport start --config /etc/sallyport/sallyport.yaml',
  run: (_given, options, context) => (options.demo === true ? startDemo(context) : startConfigured(options, context)),
};

async function startDemo({ io, ports }: CommandContext): Promise<void> {
  const stop = stopSignal(ports.signals);
  const running = await ports.demo(io);
  await aborted(stop);
  await running.close();
}

async function startConfigured(options: StartOptions, context: CommandContext): Promise<void> {
  const { io, configuration, ports } = context;
  const file = configuration.file();
  // Before it is loaded: what changes while the gateway starts is read again afterwards.
  const loadedText = readConfigText(file);
  const snapshot = configuration.load();
  if (snapshot === undefined) return;
  if (snapshot.servers.length === 0 && options.json !== true) io.stderr(NO_SERVERS);
  const stop = stopSignal(ports.signals);
  const isReloadAsked = noteReloads(ports.signals);
  const running = await ports.start(snapshot, options.role, stop, ({ gatewayUrl, adminUrl }) => {
    if (options.json === true) return;
    if (options.role !== 'admin') io.stdout(`gateway  ${gatewayUrl}/mcp\n`);
    if (options.role !== 'gateway') io.stdout(`admin    ${adminUrl}\n`);
  });
  const { gatewayUrl, adminUrl } = running;
  if (options.json === true) printJson(io, { gateway_url: gatewayUrl, admin_url: adminUrl, pid: process.pid });
  else io.stdout('ready    every server was tried; see: sallyport status\n');
  const loaded = { loadedText, documents: documentsOf(snapshot) };
  const stopFollowing = reloadOnChange(running, context, loaded, isReloadAsked);
  await aborted(stop);
  stopFollowing();
  await running.close();
}

const NO_SERVERS =
  'warning: the configuration names no servers, so there is nothing to call; ' +
  'add one with: sallyport add NAME -- COMMAND\n';

/**
 * L9: a SIGHUP would end a process that does not listen for it yet.
 *
 * @returns what ends it, and says whether one came.
 */
function noteReloads(signals: Signals): () => boolean {
  let isAsked = false;
  const note = (): void => {
    isAsked = true;
  };
  signals.on('SIGHUP', note);
  return () => {
    signals.off('SIGHUP', note);
    return isAsked;
  };
}

/** Reloads when the file changes and on SIGHUP, also during the start, until the returned function is called. */
function reloadOnChange(
  { reload, rejected }: StartedGateway,
  { configuration, environment, ports: { signals } }: CommandContext,
  loaded: Pick<FollowOptions, 'loadedText' | 'documents'>,
  isReloadAsked: () => boolean,
): () => void {
  const file = configuration.file();
  if (reload === undefined) return () => undefined;
  const failed = (thrown: unknown): void =>
    rejected?.([`${file}: ${thrown instanceof Error ? thrown.message : String(thrown)}`]);
  const follower = followConfig(file, {
    environment,
    ...loaded,
    onSnapshot: (snapshot) => void (async () => reload(snapshot))().catch(failed),
    onErrors: (errors) => rejected?.(errors.map(formatConfigError)),
  });
  signals.on('SIGHUP', follower.readNow);
  if (isReloadAsked()) follower.readNow();
  return () => {
    signals.off('SIGHUP', follower.readNow);
    follower.stop();
  };
}
