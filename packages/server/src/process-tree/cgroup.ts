/**
 * A control group for each child process, where the gateway may make some (cgroup v2: as root, under systemd with
 * `Delegate=yes`, in a container with a writable cgroup). What a process starts is in its group, whatever becomes of
 * sessions and environments.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { rmdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RUN_ID } from './process-marker.ts';

const REMOVE_ATTEMPTS = 50;
const REMOVE_PAUSE_MS = 20;
/** How the line of cgroup v2 begins: it has neither number nor controllers. */
const VERSION_2 = '0::';

let folder: string | undefined | null = null;
let serial = 0;

/** The folder with the groups of all children; `undefined` where there is none. Made when it is first asked for. */
export function cgroupFolder(): string | undefined {
  if (folder !== null) return folder;
  folder = makeFolder();
  if (folder !== undefined) process.on('exit', killCgroups);
  return folder;
}

/** @returns the folder of a new group; `undefined` where there can be none. */
export function makeCgroup(): string | undefined {
  const parent = cgroupFolder();
  return parent === undefined ? undefined : made(join(parent, String(++serial)));
}

/** Kills everything in the group and removes it. */
export async function endCgroup(group: string): Promise<void> {
  await writeFile(join(group, 'cgroup.kill'), '1').catch(() => undefined);
  for (let attempt = 0; attempt < REMOVE_ATTEMPTS; attempt++) {
    const isRemoved = await rmdir(group).then(
      () => true,
      () => false,
    );
    if (isRemoved) return;
    await sleep(REMOVE_PAUSE_MS, undefined, { ref: false });
  }
}

/** Kills everything in all groups, at the very end of this process, and removes those that are empty. */
function killCgroups(): void {
  if (typeof folder !== 'string') return;
  try {
    writeFileSync(join(folder, 'cgroup.kill'), '1');
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) rmdirSync(join(folder, entry.name));
    rmdirSync(folder);
  } catch {
    // What is left in it is killed and removed by the watchdog.
  }
}

function makeFolder(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const own = ownCgroup();
    return own === undefined ? undefined : withKill(made(join(own, `sallyport-${RUN_ID}`)));
  } catch {
    return undefined;
  }
}

/** Before Linux 5.14 a group cannot be killed as a whole. */
function withKill(group: string | undefined): string | undefined {
  if (group === undefined) return undefined;
  try {
    writeFileSync(join(group, 'cgroup.kill'), '1');
    return group;
  } catch {
    rmdirSync(group);
    return undefined;
  }
}

function made(group: string): string | undefined {
  try {
    mkdirSync(group);
    return group;
  } catch {
    return undefined;
  }
}

/** Where the group of this process is mounted. */
function ownCgroup(): string | undefined {
  const linesOf = (file: string): readonly string[] => readFileSync(file, 'utf8').split('\n');
  const path = linesOf('/proc/self/cgroup').find((line) => line.startsWith(VERSION_2));
  const line = linesOf('/proc/self/mountinfo').find((mount) => mount.includes(' - cgroup2 '));
  const [, , , root = '', mountPoint = ''] = line?.split(' ') ?? [];
  if (path === undefined || line === undefined) return undefined;
  const inside = relative(root, path.slice(VERSION_2.length));
  return inside.startsWith('..') ? undefined : join(mountPoint, inside);
}
