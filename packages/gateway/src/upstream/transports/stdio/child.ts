/**
 * A child process that writes one message per line. It starts without a shell, with the environment that was listed for
 * it, in a process group of its own.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Log } from '@sallyport/guard';
import { oneLine } from '@sallyport/guard/json';
import { createLineSplitter } from '../../../mcp/lines.ts';
import type { ServerSettings } from '../../../snapshot.ts';
import { addGroup, removeGroup, signalGroup } from './process-group.ts';
import { logStderr } from './stderr-log.ts';

/** A running child process. */
export interface Child {
  /** Writes one message, as one line. False when the child is gone, or when too much waits to be read by it. */
  write(message: Buffer): boolean;
  /** Ends the whole group: end of input, then SIGTERM, then SIGKILL. Resolves when it is gone. */
  end(): Promise<void>;
}

/** What happens to a child process. */
export interface ChildEvents {
  onLine(line: Buffer): void;
  /** Called once, when the child is gone, could not start or broke the line limit. */
  onGone(reason: string): void;
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
  const child = spawnChild(settings, environment);
  const { promise: exited, resolve: onExited } = Promise.withResolvers<void>();
  let isGone = false;
  const gone = (reason: string): void => {
    if (isGone) return;
    isGone = true;
    events.onGone(reason);
  };
  let ending: Promise<void> | undefined;
  const end = (): Promise<void> => {
    ending ??= endGroup(child, exited);
    return ending;
  };
  readLines(child.stdout, lineBytesMax, events.onLine, () => {
    gone('a line on standard output is longer than the limit');
    void end();
  });
  logStderr(child.stderr, settings.name, log);
  child.stdin.on('error', () => gone('standard input is closed'));
  child.stdout.on('error', () => gone('standard output is broken'));
  child.on('error', (error: NodeJS.ErrnoException) => {
    onExited();
    gone(`the process could not be started (${error.code ?? 'error'})`);
  });
  child.on('exit', () => {
    if (child.pid !== undefined) removeGroup(child.pid);
    onExited();
  });
  // `close` comes after the last output was read, so a response that was written just before the exit still counts.
  child.on('close', (code, signal) => gone(`${PROCESS_ENDED} (${signal ?? `code ${code}`})`));
  return {
    end,
    write(message) {
      if (isGone || child.stdin.destroyed || child.stdin.writableLength > UNREAD_BYTES_MAX) return false;
      child.stdin.write(oneLine(message));
      child.stdin.write('\n');
      return true;
    },
  };
}

function spawnChild({ transport }: ServerSettings, environment: Readonly<Record<string, string>>): ChildWithPipes {
  if (transport.kind !== 'stdio') throw new TypeError('not a stdio server');
  const { command, args, env, cwd } = transport;
  const child = spawn(command, [...args], {
    env: { ...environment, ...env },
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
    shell: false,
    detached: true,
    windowsHide: true,
  });
  if (child.pid !== undefined) addGroup(child.pid);
  return child;
}

function readLines(
  stdout: Readable,
  lineBytesMax: number,
  onLine: (line: Buffer) => void,
  onTooLong: () => void,
): void {
  const splitter = createLineSplitter(lineBytesMax);
  stdout.on('data', (chunk: Buffer) => {
    for (const line of splitter.split(chunk)) {
      if (line === undefined) {
        stdout.destroy();
        return onTooLong();
      }
      onLine(line);
    }
  });
}

async function endGroup(child: ChildWithPipes, exited: Promise<void>): Promise<void> {
  child.stdin.end();
  const { pid } = child;
  if (pid === undefined) return;
  if (await exitsInTime(exited)) return;
  signalGroup(pid, 'SIGTERM');
  if (await exitsInTime(exited)) return;
  signalGroup(pid, 'SIGKILL');
  await exited;
}

function exitsInTime(exited: Promise<void>): Promise<boolean> {
  const expired = new Promise<boolean>((resolve) => setTimeout(resolve, GRACE_MS, false).unref());
  return Promise.race([exited.then(() => true), expired]);
}
