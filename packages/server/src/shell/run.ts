/** Runs a program to its end, and ends it when its time, its output or its call is over. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { openProcessTree } from '../process-tree/index.ts';

/** What is run, as it is: no shell reads it. */
export interface Run {
  readonly program: string;
  readonly texts: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly timeoutMs: number;
  /** Of both outputs together. */
  readonly outputBytesMax: number;
}

/** What was written, and why it ended. */
export interface Ended {
  /** `undefined` when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly endedBy: 'itself' | 'time' | 'output' | 'cancelled';
}

/** @throws Error when it could not be started. */
export async function runToEnd(run: Run, signal: AbortSignal): Promise<Ended> {
  const tree = openProcessTree(run.program, run.texts, run.environment, run.cwd);
  const child = spawn(tree.command, [...tree.args], {
    env: tree.environment,
    cwd: run.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: false,
    // It leads a process group.
    detached: true,
    windowsHide: true,
  });
  const closed = closing(child);
  if (child.pid !== undefined) tree.started(child.pid);
  let endedBy: Ended['endedBy'] = 'itself';
  const end = (reason: Ended['endedBy']): void => {
    if (endedBy !== 'itself') return;
    endedBy = reason;
    void tree.killRest(child.pid);
  };
  const onAbort = (): void => end('cancelled');
  const timer = setTimeout(end, run.timeoutMs, 'time');
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  // What it left running may hold the outputs open: it ends with the program.
  child.once('exit', () => void tree.killRest(child.pid));
  const budget = { bytesLeft: run.outputBytesMax };
  const outputs = [child.stdout, child.stderr].map((stream) => collect(stream, budget, () => end('output')));
  try {
    const [code, killedBy] = await closed;
    const [stdout, stderr] = outputs.map((chunks) => Buffer.concat(chunks)) as [Buffer, Buffer];
    return { exitCode: code ?? undefined, signal: killedBy ?? undefined, stdout, stderr, endedBy };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    await tree.killRest(child.pid);
  }
}

async function closing(child: ChildProcess): Promise<readonly [number | null, NodeJS.Signals | null]> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return [code, signal];
}

function collect(stream: Readable | null, budget: { bytesLeft: number }, onFull: () => void): readonly Buffer[] {
  const chunks: Buffer[] = [];
  stream
    ?.on('error', () => undefined)
    .on('data', (chunk: Buffer) => {
      if (budget.bytesLeft > 0) chunks.push(chunk.subarray(0, budget.bytesLeft));
      budget.bytesLeft -= chunk.length;
      if (budget.bytesLeft < 0) onFull();
    });
  return chunks;
}
