/** The processes that read SQLite files: kept for the next statement, killed with the one that has no end. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { timedOut } from '../timed-out.ts';
import type { ReadReply, ReadRequest } from './request.ts';

/** Runs statements, some at a time. */
export interface Readers {
  /**
   * @param signal ends the wait, and the statement.
   * @param timeoutMs of the statement, from when its process is there.
   * @throws the reason of the signal; ToolError `TIMEOUT`; Error when the process ended.
   */
  read(request: ReadRequest, signal: AbortSignal, timeoutMs: number): Promise<ReadReply>;
  /** Ends all of them. */
  close(): void;
}

const READER = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './reader.ts' : './reader.js', import.meta.url));
const HEAP_MIB_MAX = 256;

/** Processes are started when they are needed. */
export function createReaders(processesMax: number): Readers {
  const idle: ChildProcess[] = [];
  const running = new Set<ChildProcess>();
  const waiting: (() => void)[] = [];
  let isClosed = false;
  const take = async (signal: AbortSignal): Promise<{ readonly child: ChildProcess; readonly isNew: boolean }> => {
    for (;;) {
      signal.throwIfAborted();
      if (isClosed) throw new Error('the database is closed');
      const kept = idle.pop();
      const child = kept ?? (running.size < processesMax ? start() : undefined);
      if (child !== undefined) {
        running.add(child);
        return { child, isNew: kept === undefined };
      }
      await nextFree(waiting, signal);
    }
  };
  const give = (child: ChildProcess): void => {
    running.delete(child);
    if (isClosed || child.killed || !child.connected) child.kill('SIGKILL');
    else idle.push(child);
    waiting.shift()?.();
  };
  return {
    async read(request, signal, timeoutMs) {
      const { child, isNew } = await take(signal);
      const timeout = new AbortController();
      let timer: NodeJS.Timeout | undefined;
      try {
        if (isNew) await replyOf(child, signal, () => undefined);
        timer = setTimeout(() => timeout.abort(timedOut()), timeoutMs);
        const ended = AbortSignal.any([signal, timeout.signal]);
        return (await replyOf(child, ended, (sent) => child.send(request, sent))) as ReadReply;
      } finally {
        clearTimeout(timer);
        give(child);
      }
    },
    close() {
      isClosed = true;
      for (const child of [...idle.splice(0), ...running]) child.kill('SIGKILL');
      for (const wake of waiting.splice(0)) wake();
    },
  };
}

function start(): ChildProcess {
  const child = fork(READER, [], {
    // The parent's conditions of resolving, and nothing of its environment.
    execArgv: [
      ...process.execArgv.filter((flag) => flag.startsWith('--conditions=')),
      `--max-old-space-size=${HEAP_MIB_MAX}`,
    ],
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
    detached: true,
  });
  child.on('error', () => undefined);
  // A program that has nothing else to do may end; the child then sees that its parent is gone.
  child.unref();
  child.channel?.unref();
  return child;
}

/** The next message of a process. When the signal comes first, the process is killed. */
function replyOf(
  child: ChildProcess,
  signal: AbortSignal,
  send: (sent: (error: Error | null) => void) => void,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      child.kill('SIGKILL');
      finish(() => reject(signal.reason as Error));
    };
    const onExit = (): void => finish(() => reject(new Error('the process that reads the database ended')));
    const onMessage = (reply: unknown): void => finish(() => resolve(reply));
    const finish = (settle: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      child.off('exit', onExit).off('error', onExit).off('message', onMessage);
      child.channel?.unref();
      settle();
    };
    child.on('exit', onExit).on('error', onExit).on('message', onMessage);
    signal.addEventListener('abort', onAbort, { once: true });
    child.channel?.ref();
    if (signal.aborted) onAbort();
    else send((error) => error !== null && onExit());
  });
}

function nextFree(waiting: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      signal.removeEventListener('abort', wake);
      const at = waiting.indexOf(wake);
      if (at !== -1) waiting.splice(at, 1);
      resolve();
    };
    waiting.push(wake);
    signal.addEventListener('abort', wake, { once: true });
  });
}
