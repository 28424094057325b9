/**
 * A child process that writes one message per line. No shell reads its arguments; its environment is what was listed
 * for it, and a mark.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Log } from '@sallyport/guard';
import { oneLine } from '@sallyport/guard/json';
import { hasPipes, openProcessTree, type ProcessTree } from '@sallyport/server/process-tree';
import type { ServerSettings } from '../../../snapshot.ts';
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

/** @param lineBytesMax bytes of the longest accepted line; a longer one ends the child (H18). */
export function startChild(
  settings: ServerSettings,
  environment: Readonly<Record<string, string>>,
  lineBytesMax: number,
  log: Log,
  events: ChildEvents,
): Child {
  const { child, tree } = spawnChild(settings, environment);
  const { promise: exited, resolve: onExited } = Promise.withResolvers<void>();
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
  // A child that ends breaks its standard input first. Its end tells more, so that it is waited for.
  child.stdin.on('error', () => void end());
  child.on('error', (error: NodeJS.ErrnoException) => {
    onExited();
    void tree.killRest(child.pid);
    gone(`the process could not be started (${error.code ?? 'error'})${missing(settings, error)}`);
  });
  child.on('exit', (code, signal) => {
    onExited();
    void tree.killRest(child.pid);
    const reason = `${PROCESS_ENDED} (${signal ?? `code ${code}`})`;
    // A process that left the group may hold the pipes open, so that `close` never comes.
    setTimeout(gone, GRACE_MS, reason).unref();
    // A response that was written just before the exit still counts.
    child.on('close', () => void outputRead.then(() => gone(reason)));
  });
  return {
    end,
    write(message) {
      if (isGone || child.stdin.destroyed || child.stdin.writableLength > UNREAD_BYTES_MAX) return false;
      child.stdin.write(oneLine(message));
      child.stdin.write('\n');
      return true;
    },
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

function spawnChild(
  { transport }: ServerSettings,
  environment: Readonly<Record<string, string>>,
): { readonly child: ChildWithPipes; readonly tree: ProcessTree } {
  if (transport.kind !== 'stdio') throw new TypeError('not a stdio server');
  const { command, args, env, cwd } = transport;
  const tree = openProcessTree(command, args, { ...environment, ...env }, cwd);
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
    throw transportFailure('the process could not be started (no file descriptors are left)', { unsent: true });
  }
  if (child.pid !== undefined) tree.started(child.pid);
  return { child, tree };
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
