/** Confines programs that somebody else wrote and that run for long, such as stdio servers. */
import { accessSync, constants, realpathSync } from 'node:fs';
import { extname, join, relative, resolve } from 'node:path';
import { openInBubblewrap, type Bubblewrap } from './bubblewrap/launch.ts';
import { probeBubblewrap } from './bubblewrap/probe.ts';
import { enforcementOf } from './bubblewrap/run.ts';
import { SandboxUnavailable, type ConfinedCommand, type Confinement, type Enforcements } from './confinement.ts';
import { openConnectProxy, type Destination } from './network/connect-proxy.ts';

/**
 * A program that is to be confined.
 *
 * @example
 * ```ts
 * const program: ConfinedProgram = {
 *   command: 'node', args: ['/srv/server/index.js'], path: '/usr/bin:/bin', readOnly: ['/srv/server'], writable: [],
 *   network: [], memoryBytes: 128 * 1024 ** 2, processes: 64, scratchBytes: 16 * 1024 ** 2, openFiles: 1024,
 * };
 * ```
 */
export interface ConfinedProgram extends Pick<
  Confinement,
  'readOnly' | 'writable' | 'memoryBytes' | 'processes' | 'cpus' | 'scratchBytes' | 'openFiles'
> {
  /** A path, or a name that is looked up in `path`. */
  readonly command: string;
  readonly args: readonly string[];
  /** Working folder: absolute, and among the declared ones; `/tmp` when absent. */
  readonly cwd?: string;
  /** The variable PATH of the program. */
  readonly path: string;
  /** What it may reach; nothing when empty. */
  readonly network: readonly Destination[];
  /** Called with a place that it tried to reach and may not. */
  readonly onRefused?: (destination: string) => void;
}

/** A confined program that is ready to be started. */
export interface PreparedProgram extends ConfinedCommand {
  /** Variables that it needs besides its own. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Confines programs on this machine.
 *
 * @example
 * ```ts
 * const { command, args } = (await createConfiner()).prepare(program);
 * ```
 */
export interface Confiner {
  readonly enforcement: Enforcements;
  /** @throws Error when a limit cannot be enforced here: the message says what is missing. */
  prepare(program: ConfinedProgram): PreparedProgram;
}

/** Folders that every confined program sees. */
const SYSTEM_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib64'];
const PROXY_PORT = 3128;
const INSIDE = '/run/sandbox';
const BRIDGE = `bridge${extname(import.meta.filename)}`;
const PROXY = `http://127.0.0.1:${PROXY_PORT}`;
const PROXY_VARIABLES = {
  HTTPS_PROXY: PROXY,
  https_proxy: PROXY,
  HTTP_PROXY: PROXY,
  http_proxy: PROXY,
  NODE_USE_ENV_PROXY: '1',
  NO_PROXY: 'localhost,127.0.0.1',
};

let serial = 0;

/**
 * Tries the sandbox by really running something in it.
 *
 * @throws SandboxUnavailable when it does not work: the message says why, and what to do.
 * @example
 * ```ts
 * const confiner = await createConfiner();
 * ```
 */
export async function createConfiner(): Promise<Confiner> {
  const probed = await probeBubblewrap();
  if ('reason' in probed) throw new SandboxUnavailable(`The program cannot be confined here: ${probed.reason}.`);
  return confinerOf(probed.engine);
}

/** @param engine one that was tried. */
export function confinerOf(engine: Bubblewrap): Confiner {
  return { enforcement: enforcementOf(engine), prepare: (program) => prepare(engine, program) };
}

function prepare(engine: Bubblewrap, program: ConfinedProgram): PreparedProgram {
  const { cwd, network, onRefused = () => undefined } = program;
  const found = findCommand(program);
  const folders = [...SYSTEM_FOLDERS, ...program.readOnly, ...program.writable];
  const isInside = [found, realOf(found)].every((path) => folders.some((folder) => holds(folder, path)));
  const mounts = isInside ? [] : [{ source: realpathSync(found), target: found }];
  const shown = { ...(cwd !== undefined && { cwd }), command: found, args: program.args };
  const confinement = { ...program, mounts, user: 'own' } as const;
  if (network.length === 0)
    return { ...openInBubblewrap(engine, confinement, shown), environment: { HOME: '/tmp', TMPDIR: '/tmp' } };
  const socket = join(engine.files.folder, `proxy-${++serial}`);
  const bridge = { source: join(import.meta.dirname, 'network', BRIDGE), target: `${INSIDE}/${BRIDGE}` };
  const node = { source: realpathSync(process.execPath), target: `${INSIDE}/node` };
  const more = [bridge, node, { source: socket, target: `${INSIDE}/proxy` }];
  const args = [bridge.target, `${INSIDE}/proxy`, String(PROXY_PORT), shown.command, ...shown.args];
  const bridged = { ...shown, command: node.target, args };
  const confined = openInBubblewrap(engine, { ...confinement, mounts: [...mounts, ...more] }, bridged);
  const proxy = openConnectProxy(socket, network, onRefused);
  return {
    ...confined,
    environment: { HOME: '/tmp', TMPDIR: '/tmp', ...PROXY_VARIABLES },
    async close() {
      proxy.close();
      return confined.close();
    },
  };
}

/** Where a command is on this machine; the command itself when it is nowhere, so that the sandbox says so. */
function findCommand({ command, path, cwd = '/' }: ConfinedProgram): string {
  const places = command.includes('/')
    ? [resolve(cwd, command)]
    : path.split(':').map((folder) => join(folder, command));
  return places.filter((place) => place.startsWith('/')).find(isExecutable) ?? command;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const holds = (folder: string, path: string): boolean =>
  path.startsWith('/') && !relative(folder, path).startsWith('..');

function realOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
