/**
 * Everything that a child process starts: nothing of it outlives the child, and no child outlives the gateway. A child
 * leads a process group, and has a control group where there can be one; elsewhere a mark finds what has left the
 * process group.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { endCgroup, makeCgroup } from './cgroup.ts';
import { killMarked, MARKER, RUN_ID } from './process-marker.ts';
import { unwatchGroup, watchGroup } from './watchdog.ts';

/** How a program is started, so that everything that it starts can be ended. */
export interface ProcessTree {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Remembers the group that the started process leads. */
  started(pid: number): void;
  /** Sends a signal to the whole group. */
  signal(pid: number, signal: NodeJS.Signals): void;
  /** Called when the process is gone: kills what it left, once. Resolves when nothing was found any more. */
  killRest(pid: number | undefined): Promise<void>;
}

/**
 * Enters the control group and becomes the program. The process does it itself, because nothing that it starts before
 * could be moved; the arguments are passed on as they are, and none of them is read by the shell.
 */
const ENTER_CGROUP = 'echo 0 > "$1/cgroup.procs"; shift; exec "$@"';
/** Variables that a shell adds to the environment. */
const OF_THE_SHELL = ['PWD', 'OLDPWD', 'SHLVL'];
const SHELL = '/bin/sh';

const groups = new Set<number>();
let serial = 0;
let killsAtExit = false;

/** @param environment the whole environment of the program. */
export function openProcessTree(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  cwd: string | undefined,
): ProcessTree {
  const mark = `${RUN_ID}.${++serial}`;
  // A program that cannot be found is started without the shell, so that the error names it.
  const group = existsSync(SHELL) && isExecutable(command, environment, cwd) ? makeCgroup() : undefined;
  let rest: Promise<void> | undefined;
  const start =
    group === undefined
      ? { command, args }
      : { command: SHELL, args: ['-c', enterCgroup(environment), 'sallyport', group, command, ...args] };
  return {
    ...start,
    environment: { ...environment, [MARKER]: mark },
    started: addGroup,
    signal: signalGroup,
    killRest: (pid) => (rest ??= killRest(pid, mark, group)),
  };
}

async function killRest(pid: number | undefined, mark: string, cgroup: string | undefined): Promise<void> {
  if (pid !== undefined) signalGroup(pid, 'SIGKILL');
  await (cgroup === undefined ? killMarked(mark) : endCgroup(cgroup));
  if (pid !== undefined) removeGroup(pid);
}

function enterCgroup(environment: Readonly<Record<string, string>>): string {
  const added = OF_THE_SHELL.filter((name) => !Object.hasOwn(environment, name));
  return `unset ${added.join(' ')}; ${ENTER_CGROUP}`;
}

function addGroup(pid: number): void {
  groups.add(pid);
  watchGroup(pid);
  if (killsAtExit) return;
  killsAtExit = true;
  // What has left its group is found by the watchdog.
  process.on('exit', () => {
    for (const group of groups) signalGroup(group, 'SIGKILL');
  });
}

function removeGroup(pid: number): void {
  groups.delete(pid);
  unwatchGroup(pid);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: the group is gone already.
  }
}

function isExecutable(
  command: string,
  { PATH = '' }: Readonly<Record<string, string>>,
  cwd: string | undefined,
): boolean {
  const folders = command.includes('/') ? [cwd ?? '.'] : PATH.split(delimiter);
  return folders.some((folder) => {
    try {
      accessSync(resolve(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
