/**
 * A control group with limits for one confined program and everything that it starts: version 2 where it is delegated
 * to this process, else version 1 where this process may write. Both count the memory of the whole tree, files in
 * temporary file systems included.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync, existsSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a group limits. */
export interface GroupLimits {
  readonly memoryBytes: number;
  /** Processes and threads. */
  readonly processes: number;
  /** Processors, such as 0.5; `undefined` = no limit. */
  readonly cpus: number | undefined;
}

/** A group with limits, or the groups of several controllers. */
export interface LimitGroup {
  /** A process enters by writing `0` into each of these files. */
  readonly enterFiles: readonly string[];
  /** True when something in it was killed for want of memory. */
  outOfMemory(): boolean;
  /** Removes it, once it is empty. */
  close(): Promise<void>;
}

const PREFIX = 'sallyport-sandbox-';
const CPU_PERIOD_US = 100_000;
const REMOVE_ATTEMPTS = 50;
const REMOVE_PAUSE_MS = 20;
const CONTROLLERS_2 = ['memory', 'pids', 'cpu'] as const;

let serial = 0;
let isSwept = false;

/** @returns `undefined` where this process may make no group, or none with all of these limits. */
export function makeLimitGroup(limits: GroupLimits): LimitGroup | undefined {
  if (process.platform !== 'linux') return undefined;
  const name = `${PREFIX}${process.pid}-${++serial}`;
  return attempt((made) => makeVersion2(name, limits, made)) ?? attempt((made) => makeVersion1(name, limits, made));
}

function attempt(make: (made: string[]) => LimitGroup | undefined): LimitGroup | undefined {
  const made: string[] = [];
  try {
    return make(made);
  } catch {
    for (const folder of made) removeNow(folder);
    return undefined;
  }
}

function makeVersion2(name: string, limits: GroupLimits, made: string[]): LimitGroup | undefined {
  const own = folderOf(
    (line) => line.startsWith('0::'),
    (mount) => mount.includes(' - cgroup2 '),
  );
  // Only a group without processes of its own can hand controllers on, so that the parent may be the place.
  const parent = own === undefined ? undefined : [own, dirname(own)].find(handsControllersOn);
  if (parent === undefined) return undefined;
  const folder = makeFolder(parent, name, made);
  write(folder, 'memory.max', limits.memoryBytes);
  if (existsSync(join(folder, 'memory.swap.max'))) write(folder, 'memory.swap.max', 0);
  write(folder, 'memory.oom.group', 1);
  write(folder, 'pids.max', limits.processes);
  if (limits.cpus !== undefined)
    write(folder, 'cpu.max', `${Math.round(limits.cpus * CPU_PERIOD_US)} ${CPU_PERIOD_US}`);
  return groupOf(made, () => killsIn(join(folder, 'memory.events')));
}

function handsControllersOn(folder: string): boolean {
  try {
    write(folder, 'cgroup.subtree_control', CONTROLLERS_2.map((name) => `+${name}`).join(' '));
    return true;
  } catch {
    return false;
  }
}

function makeVersion1(name: string, limits: GroupLimits, made: string[]): LimitGroup | undefined {
  const memoryParent = controllerFolder('memory');
  const pidsParent = controllerFolder('pids');
  const cpuParent = controllerFolder('cpu');
  if (memoryParent === undefined || pidsParent === undefined) return undefined;
  const memory = makeFolder(memoryParent, name, made);
  write(memory, 'memory.limit_in_bytes', limits.memoryBytes);
  if (existsSync(join(memory, 'memory.memsw.limit_in_bytes')))
    write(memory, 'memory.memsw.limit_in_bytes', limits.memoryBytes);
  write(makeFolder(pidsParent, name, made), 'pids.max', limits.processes);
  if (limits.cpus !== undefined) {
    if (cpuParent === undefined) throw new Error('there is no cpu controller');
    const cpu = makeFolder(cpuParent, name, made);
    write(cpu, 'cpu.cfs_period_us', CPU_PERIOD_US);
    write(cpu, 'cpu.cfs_quota_us', Math.round(limits.cpus * CPU_PERIOD_US));
  }
  return groupOf(made, () => killsIn(join(memory, 'memory.oom_control')));
}

const controllerFolder = (controller: string): string | undefined =>
  folderOf(
    (line) => (line.split(':')[1] ?? '').split(',').includes(controller),
    (mount) => mount.includes(' - cgroup ') && (mount.split(' ').at(-1) ?? '').split(',').includes(controller),
  );

/** Where the group of this process is mounted: the line of `/proc/self/cgroup`, and that of the mount. */
function folderOf(isGroup: (line: string) => boolean, isMount: (line: string) => boolean): string | undefined {
  const linesOf = (file: string): readonly string[] => readFileSync(file, 'utf8').trim().split('\n');
  const path = linesOf('/proc/self/cgroup').find(isGroup)?.split(':').slice(2).join(':');
  const [, , , root = '', mountPoint = ''] = linesOf('/proc/self/mountinfo').find(isMount)?.split(' ') ?? [];
  if (path === undefined || mountPoint === '') return undefined;
  const inside = relative(root, path);
  return inside.startsWith('..') ? undefined : join(mountPoint, inside);
}

function makeFolder(parent: string, name: string, made: string[]): string {
  if (!isSwept) sweep(parent);
  const folder = join(parent, name);
  mkdirSync(folder);
  made.push(folder);
  return folder;
}

/** The kernel makes the files of a group. One that is not there limits nothing, and must not be made. */
const write = (folder: string, file: string, value: string | number): void =>
  writeFileSync(join(folder, file), String(value), { flag: 'r+' });

/** `oom_kill 3`, in the files of both versions. */
function killsIn(file: string): boolean {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 0) > 0;
  } catch {
    return false;
  }
}

function groupOf(folders: readonly string[], readOutOfMemory: () => boolean): LimitGroup {
  isSwept = true;
  let wasOutOfMemory = false;
  const outOfMemory = (): boolean => (wasOutOfMemory ||= readOutOfMemory());
  return {
    enterFiles: folders.map((folder) => join(folder, 'cgroup.procs')),
    outOfMemory,
    async close() {
      outOfMemory();
      await Promise.all(folders.map(removeWhenEmpty));
    },
  };
}

async function removeWhenEmpty(folder: string): Promise<void> {
  for (let attempt = 0; attempt < REMOVE_ATTEMPTS; attempt++) {
    const isGone = await rmdir(folder).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
    );
    if (isGone) return;
    await sleep(REMOVE_PAUSE_MS);
  }
}

/** Removes what a process that was killed left behind. A group with processes in it cannot be removed. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const [pid = ''] = name.startsWith(PREFIX) ? name.slice(PREFIX.length).split('-') : [];
    if (pid !== '' && !existsSync(`/proc/${pid}`)) removeNow(join(parent, name));
  }
}

function removeNow(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody is still in it, or it is gone.
  }
}
