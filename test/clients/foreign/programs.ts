/** Runs programs of others, each as a group of processes that ends as a whole and in time. */
import { spawn, type ChildProcess } from 'node:child_process';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** On a machine that is busy with other work, an installation takes minutes. */
const PROGRAM_TIMEOUT_MS = 900_000;
const OUTPUT_CHARACTERS_MAX = 16 * 1024 * 1024;
/** After a program has ended, for what it wrote last; a process that it left behind may hold its output open. */
const OUTPUT_TIMEOUT_MS = 5_000;

/** For programs that begin with `env node`, the Node.js that runs this comes first; `rustup` puts cargo at the end. */
export const OWN_NODE_FIRST = [
  dirname(process.execPath),
  process.env['PATH'] ?? '',
  join(homedir(), '.cargo', 'bin'),
].join(':');

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** The beginning of a command that compiles for minutes: other work on the machine goes first. */
export const AT_LOW_PRIORITY: readonly string[] = process.platform === 'win32' ? [] : ['nice', '-n', '15'];

/** A line that says why a program failed; most of them write much more. */
const TELLING = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|Error: |error: )/;

/** @throws Error with the line that says why, and the end of what the program wrote. @returns its standard output. */
export async function runProgram(command: readonly string[], options: RunOptions): Promise<string> {
  const { stdout, stderr, code, failed } = await outcomeOf(command, options);
  if (failed === undefined && code === 0) return stdout;
  const said = `${stderr}${stdout}`.trim();
  const why = failed ?? said.split('\n').find((line) => TELLING.test(line)) ?? '';
  const end = said.slice(-600) || `exit code ${String(code)}`;
  throw new Error(`${command.slice(0, 2).join(' ')}: ${why}\n${end}`.trim());
}

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  /** Why it did not run, or was ended. */
  readonly failed?: string;
}

function outcomeOf(command: readonly string[], { cwd, env = {}, timeoutMs }: RunOptions): Promise<Outcome> {
  const child = spawn(command[0] ?? '', command.slice(1), {
    cwd,
    env: { ...process.env, PATH: OWN_NODE_FIRST, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithThisProcess(child);
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] = (written[name] + text).slice(-OUTPUT_CHARACTERS_MAX);
    });
  const limitMs = timeoutMs ?? PROGRAM_TIMEOUT_MS;
  return new Promise((resolve) => {
    let failed: string | undefined;
    const timer = setTimeout(() => {
      failed = `it did not end in ${limitMs / 1_000} s`;
      endGroup(child);
    }, limitMs);
    const settle = (code: number | null): void => {
      clearTimeout(timer);
      resolve({ ...written, code, ...(failed !== undefined && { failed }) });
    };
    child.on('error', (error) => {
      failed ??= error.message;
      settle(null);
    });
    child.on('exit', (code) => {
      endGroup(child);
      setTimeout(() => settle(code), OUTPUT_TIMEOUT_MS).unref();
    });
    child.on('close', settle);
  });
}

/** Ends a program that was started with `detached`, and all that it started. */
export function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has ended.
  }
}

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach(endGroup));

/** A group of its own does not end with Ctrl-C, so this process ends it when it ends itself. */
export function endWithThisProcess(child: ChildProcess): void {
  running.add(child);
  child.once('exit', () => running.delete(child));
}

/** @throws Error that says what did not happen, after the time that is given. */
export async function within<Result>(timeoutMs: number, what: string, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} not done in ${timeoutMs / 1_000} s`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
