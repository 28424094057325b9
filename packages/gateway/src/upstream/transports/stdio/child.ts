/**
 * A child process that writes one message per line. No shell reads its arguments; its environment is what was listed
 * for it, and a mark.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Log } from '@sallyport/guard';
import { oneLine } from '@sallyport/guard/json';
import { hasPipes, openProcessTree, type ProcessTree } from '@sallyport/server/process-tree';
import type { Confiner, ExceededLimit, PreparedProgram } from '@sallyport/server/sandbox';
import type { ServerSettings } from '../../../snapshot.ts';
import { prepareConfined } from './confined.ts';
import { transportFailure } from '../failure.ts';
import { readLines } from './read-lines.ts';
import { logStderr } from './stderr-log.ts';

/** A running child process. */
export interface Child {
  /** Writes one message, as one line. False when the child is gone, or when too much waits to be read by it. */
  write(message: Buffer): boolean;
  /** Ends the whole process tree: end of input, then SIGTERM, then SIGKILL. Resolves when it is gone. */
  end(): Promise<void>;
  /** What it wrote last to standard error; `undefined` when it wrote nothing. */
  stderr(): string | undefined;
}

/** What happens to a child process. */
export interface ChildEvents {
  /** @returns how many messages of the line nobody asked for. */
  onLine(line: Buffer): number;
  /**
   * Called once, when the child is gone, could not start or broke a limit.
   *
   * @param stderr what it wrote last to standard error.
   */
  onGone(reason: string, stderr: string | undefined): void;
}

type ChildWithPipes = ChildProcessByStdio<Writable, Readable, Readable>;

/** How the reason of a child that ended begins. */
export const PROCESS_ENDED = 'the process ended';

const UNREAD_BYTES_MAX = 16 * 1024 * 1024;
/** Between end of input, SIGTERM and SIGKILL. */
const GRACE_MS = 1_000;

/**
 * @param lineBytesMax bytes of the longest accepted line; a longer one ends the child (H18).
 * @param confiner needed where the settings have a sandbox.
 * @throws GuardError `upstream_failed` when the child could not be started.
 */
export function startChild(
  settings: ServerSettings,
  environment: Readonly<Record<string, string>>,
  lineBytesMax: number,
  log: Log,
  events: ChildEvents,
  confiner?: Confiner,
): Child {
  const { child, tree, confined } = spawnChild(settings, environment, log, confiner);
  const { promise: exited, resolve } = Promise.withResolvers<void>();
  const onExited = (): void => {
    resolve();
    void freeConfined(tree.killRest(child.pid), confined);
  };
  let isGone = false;
  const gone = (reason: string): void => {
    if (isGone) return;
    isGone = true;
    events.onGone(reason, stderr.lastLines());
  };
  let ending: Promise<void> | undefined;
  const end = (): Promise<void> => {
    ending ??= endTree(child, tree, exited);
    return ending;
  };
  const cutOff = (reason: string): void => {
    gone(reason);
    child.stdout.destroy();
    child.stderr.destroy();
    void end();
  };
  const onFlood = (): void => cutOff('the process floods standard error');
  const stderr = logStderr(child.stderr, settings.name, secretsOf(settings), log, onFlood);
  const outputRead = readLines(child.stdout, lineBytesMax, events.onLine).then(
    (reason) => reason !== undefined && cutOff(reason),
    () => cutOff('standard output is broken'),
  );
  // A child that ends breaks its standard input first. Its end says more, so that it is waited for.
  child.stdin.on('error', () => void end());
  if (child.pid !== undefined) confined?.started(child.pid, (limit) => cutOff(beyond(limit)));
  child.on('error', (error: NodeJS.ErrnoException) => {
    onExited();
    gone(`the process could not be started (${error.code ?? 'error'})${missing(settings, error)}`);
  });
  child.on('exit', (code, signal) => {
    onExited();
    const reason = `${PROCESS_ENDED} (${signal ?? `code ${code}`})${ofKernel(confined)}`;
    // A process that left the group may hold the pipes open, so that `close` never comes.
    setTimeout(gone, GRACE_MS, reason).unref();
    // A response that was written just before the exit still counts.
    child.on('close', () => void outputRead.then(() => gone(reason)));
  });
  return {
    end,
    write: (message) => !isGone && writeLine(child.stdin, message),
    stderr: () => stderr.lastLines(),
  };
}

/** Node.js says ENOENT of a program that is not there and of a working folder that is not. */
function missing({ transport }: ServerSettings, { code }: NodeJS.ErrnoException): string {
  if (code !== 'ENOENT' || transport.kind !== 'stdio') return '';
  const folder = transport.cwd === undefined ? '' : `, or no folder ${transport.cwd}`;
  return `: there is no program ${transport.command}${folder}`;
}

const secretsOf = ({ transport }: ServerSettings): readonly string[] =>
  transport.kind === 'stdio' ? Object.values(transport.env) : [];

function writeLine(stdin: Writable, message: Buffer): boolean {
  if (stdin.destroyed || stdin.writableLength > UNREAD_BYTES_MAX) return false;
  stdin.write(oneLine(message));
  stdin.write('\n');
  return true;
}

async function freeConfined(killed: Promise<void>, confined: PreparedProgram | undefined): Promise<void> {
  await killed;
  await confined?.close();
}

const beyond = (limit: ExceededLimit): string => `the process exceeded its sandbox (${limit})`;

function ofKernel(confined: PreparedProgram | undefined): string {
  const limit = confined?.exceeded();
  return limit === undefined ? '' : `: ${beyond(limit)}`;
}

interface SpawnedChild {
  readonly child: ChildWithPipes;
  readonly tree: ProcessTree;
  readonly confined: PreparedProgram | undefined;
}

function spawnChild(
  { name, transport }: ServerSettings,
  environment: Readonly<Record<string, string>>,
  log: Log,
  confiner: Confiner | undefined,
): SpawnedChild {
  if (transport.kind !== 'stdio') throw new TypeError('not a stdio server');
  const confined = prepareConfined(name, transport, environment, log, confiner);
  const { command, args } = confined ?? transport;
  // What starts the sandbox must not run in a folder that the program could have changed.
  const cwd = confined === undefined ? transport.cwd : '/';
  const tree = openProcessTree(command, args, { ...environment, ...confined?.environment, ...transport.env }, cwd);
  const child = spawn(tree.command, [...tree.args], {
    env: tree.environment,
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
    shell: false,
    detached: true,
    windowsHide: true,
  });
  if (!hasPipes(child)) {
    child.on('error', () => undefined);
    void tree.killRest(undefined);
    void confined?.close();
    throw transportFailure('the process could not be started (no file descriptors are left)', { unsent: true });
  }
  if (child.pid !== undefined) tree.started(child.pid);
  return { child, tree, confined };
}

async function endTree(child: ChildWithPipes, tree: ProcessTree, exited: Promise<void>): Promise<void> {
  child.stdin.end();
  const { pid } = child;
  if (pid === undefined) return;
  if (!(await exitsInTime(exited))) {
    tree.signal(pid, 'SIGTERM');
    if (!(await exitsInTime(exited))) tree.signal(pid, 'SIGKILL');
  }
  await exited;
  await tree.killRest(pid);
}

function exitsInTime(exited: Promise<void>): Promise<boolean> {
  const expired = new Promise<boolean>((resolve) => setTimeout(resolve, GRACE_MS, false).unref());
  return Promise.race([exited.then(() => true), expired]);
}
