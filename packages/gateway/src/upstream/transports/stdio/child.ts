/**
 * A child process that speaks in lines: started without a shell, with an environment that was listed for it, in a process
 * group of its own so that nothing it starts outlives it.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { oneLine } from '@sallyport/guard/json';
import type { ServerSettings } from '../../../snapshot.ts';
import { cleanLine } from '../failure.ts';
import { createLineSplitter } from '../../../mcp/lines.ts';
import type { Log } from '@sallyport/guard';

export interface Child {
  /** Writes one message, as one line. False when the child is gone or does not read: what it has not taken is bounded. */
  write(message: Buffer): boolean;
  /** Ends the whole group: end of input, then SIGTERM, then SIGKILL. Resolves when it is gone. */
  end(): Promise<void>;
  readonly pid: number | undefined;
}

export interface ChildEvents {
  line(bytes: Buffer): void;
  /** Called once, when the child is gone, could not start or broke the line limit. */
  gone(why: string): void;
}

type Streams = ChildProcessByStdio<Writable, Readable, Readable>;

const MAX_UNREAD = 16 * 1024 * 1024;
const STDERR_LINES = 200;
const STDERR_LINE_BYTES_MAX = 16_384;
const STDERR_WINDOW_MS = 10_000;
const GRACE_MS = 1_000;

const groups = new Set<number>();
let watching = false;

/** A gateway that exits takes its children with it, whatever made it exit. */
function watchExit(): void {
  if (watching) return;
  watching = true;
  process.on('exit', () => {
    for (const pid of groups) killGroup(pid, 'SIGKILL');
  });
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: the group is already gone, which is what was wanted.
  }
}

/** @param maxLine bytes of the longest line accepted; a longer one ends the child (H18). */
export function startChild(
  settings: ServerSettings,
  environment: Readonly<Record<string, string>>,
  options: { maxLine: number; log: Log },
  events: ChildEvents,
): Child {
  if (settings.transport.kind !== 'stdio') throw new TypeError('not a stdio server');
  const { command, args, env, cwd } = settings.transport;
  watchExit();
  const child: Streams = spawn(command, [...args], {
    env: { ...environment, ...env },
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
    shell: false,
    detached: true,
    windowsHide: true,
  });
  if (child.pid !== undefined) groups.add(child.pid);
  const exited = Promise.withResolvers<void>();
  let told = false;
  const gone = (why: string): void => {
    if (told) return;
    told = true;
    events.gone(why);
  };
  let ending: Promise<void> | undefined;
  const end = (): Promise<void> => (ending ??= endGroup(child, exited.promise));
  const splitter = createLineSplitter(options.maxLine);
  child.stdout.on('data', (chunk: Buffer) => {
    for (const line of splitter.split(chunk)) {
      if (line !== undefined) {
        events.line(line);
        continue;
      }
      child.stdout.destroy();
      gone('a line on standard output is longer than the limit');
      return void end();
    }
  });
  logStderr(child.stderr, settings.name, options.log);
  child.stdin.on('error', () => gone('standard input is closed'));
  child.stdout.on('error', () => gone('standard output is broken'));
  child.on('error', (error: NodeJS.ErrnoException) => {
    exited.resolve();
    gone(`the process could not be started (${error.code ?? 'error'})`);
  });
  child.on('exit', () => {
    if (child.pid !== undefined) {
      killGroup(child.pid, 'SIGKILL');
      groups.delete(child.pid);
    }
    exited.resolve();
  });
  // `close` comes after the last output was read, so an answer written just before the exit still counts.
  child.on('close', (code, signal) => gone(`the process ended (${signal ?? `code ${code}`})`));
  return {
    pid: child.pid,
    end,
    write(message) {
      if (told || child.stdin.destroyed || child.stdin.writableLength > MAX_UNREAD) return false;
      child.stdin.write(oneLine(message));
      child.stdin.write('\n');
      return true;
    },
  };
}

async function endGroup(child: Streams, exited: Promise<void>): Promise<void> {
  child.stdin.end();
  if (child.pid === undefined) return;
  const { pid } = child;
  const left = (): Promise<boolean> =>
    Promise.race([
      exited.then(() => true),
      new Promise<boolean>((resolve) => setTimeout(resolve, GRACE_MS, false).unref()),
    ]);
  if (await left()) return;
  killGroup(pid, 'SIGTERM');
  if (await left()) return;
  killGroup(pid, 'SIGKILL');
  await exited;
}

/** Standard error goes to the log, cleaned, a bounded number of lines per window: a flood is counted, not kept. */
function logStderr(stream: Readable, server: string, log: Log): void {
  let window = Number.NEGATIVE_INFINITY;
  let lines = 0;
  let dropped = 0;
  const say = (bytes: Buffer): void => {
    const now = performance.now();
    if (now - window > STDERR_WINDOW_MS) {
      if (dropped > 0) log('warn', 'standard error was too loud', { server, dropped });
      [window, lines, dropped] = [now, 0, 0];
    }
    const text = cleanLine(bytes.subarray(0, 2000).toString('utf8'));
    if (++lines <= STDERR_LINES) {
      if (text !== '') log('debug', 'server standard error', { server, text });
    } else dropped++;
  };
  const splitter = createLineSplitter(STDERR_LINE_BYTES_MAX);
  stream.on('data', (chunk: Buffer) => {
    for (const line of splitter.split(chunk)) if (line !== undefined) say(line);
  });
  stream.on('error', () => undefined);
}
