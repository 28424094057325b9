/**
 * Finds the processes that a child started, also those that left its process group and session (setsid, double fork):
 * they inherit a variable of its environment. Linux only, because elsewhere the environment of a process cannot be read
 * without native code.
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

/** The variable that marks a child process and everything that it starts. */
export const MARKER = 'SALLYPORT_CHILD';
/** Of this gateway process. Nobody can guess it, so that no other process is taken for a child. */
export const RUN_ID = randomUUID();

/** A process may start others while it is looked for. */
const PASSES_MAX = 10;

const ended = new Set<string>();
let next: Promise<void> | undefined;
let running: Promise<void> = Promise.resolve();

/** Kills all processes with one of these values. Children that end at the same time are looked for together. */
export function killMarked(value: string): Promise<void> {
  if (process.platform !== 'linux') return Promise.resolve();
  ended.add(value);
  next ??= running.then(() => {
    next = undefined;
    const values = [...ended];
    ended.clear();
    running = killAll(values);
    return running;
  });
  return next;
}

async function killAll(values: readonly string[]): Promise<void> {
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const found = await findMarked(values).catch(() => []);
    if (found.length === 0) return;
    for (const pid of found) kill(pid);
  }
}

async function findMarked(values: readonly string[]): Promise<readonly number[]> {
  const found: number[] = [];
  const markers = values.map((value) => `${MARKER}=${value}\0`);
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    // What belongs to another user cannot be read, and is no child.
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (markers.some((marker) => environment.includes(marker))) found.push(pid);
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: it is gone already.
  }
}
