/** Runs a confined command to its end: output that is bounded, a time limit, and the reason for which it ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfinedCommand } from './confinement.ts';
import type { EndedBy } from './sandbox.ts';

/** What ended, and what it wrote. */
export interface Supervised {
  /** `undefined` when it was ended. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly endedBy: EndedBy;
  /** What was written to the status descriptor; empty when there is none. */
  readonly status: string;
}

/** How long it may run, and how much it may write. */
export interface SupervisedLimits {
  readonly timeoutMs: number;
  /** Of each of the two outputs. */
  readonly outputBytesMax: number;
}

/** The descriptor of the child on which bubblewrap writes its status. */
export const STATUS_DESCRIPTOR = 4;
const STATUS_BYTES_MAX = 4_096;
const STATUS_WAIT_MS = 2_000;
const GONE_LOOKS_MAX = 500;
const GONE_PAUSE_MS = 10;
/** A shell adds this to the number of the signal that ended a program. */
const SIGNALS_FROM = 128;
const SIGXCPU = 24;

/** Never rejects for what the program does. @param input what it reads from standard input. */
export async function supervise(
  confined: ConfinedCommand,
  environment: Readonly<Record<string, string>>,
  input: string,
  limits: SupervisedLimits,
  signal: AbortSignal | undefined,
): Promise<Supervised> {
  const child = spawn(confined.command, [...confined.args], {
    env: environment,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe', 'ignore', 'pipe'],
    shell: false,
    detached: true,
  });
  let endedBy: EndedBy | undefined;
  let status = '';
  const end = (reason: EndedBy): void => {
    if (endedBy !== undefined) return;
    endedBy = reason;
    if (!confined.reportsStatus || insideOf(status) !== undefined) return kill(child, status);
    // A first process inside that still waits for its parent would be left: its number comes in a moment.
    child.stdio[STATUS_DESCRIPTOR]?.on('data', () => kill(child, status));
    setTimeout(kill, STATUS_WAIT_MS, child, '').unref();
  };
  const onAbort = (): void => end('cancelled');
  const timer = setTimeout(end, limits.timeoutMs, 'time');
  try {
    const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    readStatus(child, (text) => (status += text));
    const outputs = [child.stdout, child.stderr].map((stream) => collect(stream, limits.outputBytesMax, end));
    child.stdin?.on('error', () => undefined).end(input);
    if (child.pid !== undefined) confined.started(child.pid, end);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    const [code] = await closed;
    await untilGone(insideOf(status));
    const [stdout = '', stderr = ''] = outputs.map((read) => read());
    const ofKernel = await confined.close(code);
    const reason = endedBy ?? ofKernel ?? reasonOf(code);
    return {
      exitCode: endedBy === undefined ? (code ?? undefined) : undefined,
      stdout,
      stderr,
      endedBy: reason,
      status,
    };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    await confined.close();
  }
}

/** The first process inside ends everything inside; those outside are in a process group. */
function kill(child: ChildProcess, status: string): void {
  const { pid: outside } = child;
  if (outside === undefined) return;
  for (const pid of [insideOf(status), -outside]) {
    try {
      if (pid === undefined) continue;
      process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone.
    }
  }
}

const insideOf = (status: string): number | undefined => {
  const pid = Number(/"child-pid": (\d+)/.exec(status)?.[1] ?? 0);
  return pid > 0 ? pid : undefined;
};

/** bubblewrap ends a moment before the first process inside, which ends after everything inside. */
async function untilGone(pid: number | undefined): Promise<void> {
  for (let look = 0; look < GONE_LOOKS_MAX && pid !== undefined && isThere(pid); look++) await sleep(GONE_PAUSE_MS);
}

function isThere(pid: number): boolean {
  try {
    // A zombie has ended.
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function readStatus(child: ChildProcess, add: (text: string) => void): void {
  const stream = child.stdio[STATUS_DESCRIPTOR] as Readable | null;
  let bytes = 0;
  stream
    ?.on('error', () => undefined)
    .on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= STATUS_BYTES_MAX) add(chunk.toString());
    });
}

/** @returns reads what was collected so far, at most the limit. */
function collect(stream: Readable | null, bytesMax: number, end: (reason: EndedBy) => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream
    ?.on('error', () => undefined)
    .on('data', (chunk: Buffer) => {
      const free = bytesMax - bytes;
      bytes += chunk.length;
      if (free > 0) chunks.push(chunk.subarray(0, free));
      if (bytes > bytesMax) end('output');
    });
  return () => Buffer.concat(chunks).toString('utf8');
}

function reasonOf(code: number | null): EndedBy {
  if (code === SIGNALS_FROM + SIGXCPU) return 'cpu';
  return code === null || code > SIGNALS_FROM ? 'signal' : 'exit';
}
