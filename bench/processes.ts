/** The processes of one bench run: started, waited for, and ended by their process id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export interface Started {
  readonly pid: number;
  stop(): Promise<void>;
}

export const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** One core for what is measured; load and server share the other. */
export interface Cores {
  readonly measured: number;
  readonly others: number;
}
export const PINNED: Cores = { measured: 0, others: 1 };

/** A command that runs on one core only. @param core `undefined` for any. */
export const onCore = (
  core: number | undefined,
  command: string,
  args: readonly string[],
): readonly [string, readonly string[]] =>
  core === undefined ? [command, args] : ['taskset', ['--cpu-list', String(core), command, ...args]];

/** Starts a command and waits until it prints something on standard output (or until `ready` answers). */
export async function start(
  command: string,
  args: readonly string[],
  ready?: () => Promise<boolean>,
): Promise<Started> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/bin', HOME: '/tmp' },
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4_000)));
  const gone = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${command} ${args.join(' ')} ended with ${code}: ${stderr}`)));
  });
  gone.catch(() => {});
  await Promise.race([gone, ready === undefined ? firstOutput(child) : until(ready)]);
  child.stdout.resume();
  return { pid: child.pid ?? 0, stop: () => stop(child) };
}

const firstOutput = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => child.stdout?.once('data', () => resolve()));

export async function until(ready: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline;) {
    if (await ready().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`nothing answered within ${timeoutMs} ms`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(timer);
}

/** Microseconds of CPU time that a process has used, in its own code and in the kernel. Linux only. */
export function cpuMicroseconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // After the name, which may contain spaces: utime and stime are the 12th and 13th field, in ticks of 10 ms.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** Resident memory of a process in MiB. */
export function residentMiB(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(line ?? 0) / 1024;
}

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
