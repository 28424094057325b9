/**
 * Counts what a process and everything below it use, and reports the first limit that is exceeded. For what no control
 * group limits: a program can use more than its limit for the time of one look.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** A limit that a tree of processes has exceeded. */
export type ExceededLimit = 'memory' | 'processes' | 'cpu';

/** What is counted; `undefined` is not. */
export interface TreeLimits {
  readonly memoryBytes: number | undefined;
  readonly processes: number | undefined;
  readonly cpuTimeMs: number | undefined;
}

/** What a tree of processes uses. */
export interface TreeUse {
  readonly memoryBytes: number;
  /** Threads too, as the kernel counts. */
  readonly processes: number;
  readonly cpuTimeMs: number;
}

/** Linux counts times in `/proc` in hundredths of a second on every architecture. */
const MS_PER_TICK = 10;

/**
 * @param isOutOfMemory asked as well with each look.
 * @returns stops watching.
 */
export function watchTree(
  pid: number,
  limits: TreeLimits,
  intervalMs: number,
  isOutOfMemory: () => boolean,
  onExceeded: (limit: ExceededLimit) => void,
): () => void {
  const timer = setInterval(() => {
    const exceeded = isOutOfMemory() ? 'memory' : exceededBy(treeUse(pid), limits);
    if (exceeded === undefined) return;
    clearInterval(timer);
    onExceeded(exceeded);
  }, intervalMs).unref();
  return () => clearInterval(timer);
}

function exceededBy(use: TreeUse, limits: TreeLimits): ExceededLimit | undefined {
  if (use.memoryBytes > (limits.memoryBytes ?? Infinity)) return 'memory';
  if (use.processes > (limits.processes ?? Infinity)) return 'processes';
  if (use.cpuTimeMs > (limits.cpuTimeMs ?? Infinity)) return 'cpu';
  return undefined;
}

/** Sums up a process and its descendants. What left its parent is below the first process of its namespace. */
export function treeUse(pid: number): TreeUse {
  let memoryBytes = 0;
  let processes = 0;
  let ticks = 0;
  const seen = new Set<number>();
  const open = [pid];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    memoryBytes += memoryOf(next);
    ticks += ticksOf(next);
    const tasks = tasksOf(next);
    processes += tasks.length;
    open.push(...tasks.flatMap((task) => childrenOf(next, task)));
  }
  return { memoryBytes, processes, cpuTimeMs: ticks * MS_PER_TICK };
}

/** Own and shared memory without files. Memory that several processes share is counted for each. */
function memoryOf(pid: number): number {
  const status = read(`/proc/${pid}/status`);
  return [...status.matchAll(/^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB$/gm)].reduce(
    (sum, [, kilobytes]) => sum + Number(kilobytes) * 1024,
    0,
  );
}

/** Its own time, and that of its children that have ended. */
function ticksOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  // The name of the program may hold spaces and parentheses. Fields 14 to 17 of proc(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

const childrenOf = (pid: number, task: string): readonly number[] =>
  read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number);

function tasksOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // The process has ended.
    return '';
  }
}
