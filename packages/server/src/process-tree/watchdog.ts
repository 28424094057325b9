/**
 * A small process that outlives a gateway that is killed, and then ends the children that the gateway could not end. It
 * notices the end by its standard input, whose other end only the gateway holds.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { cgroupFolder } from './cgroup.ts';
import { hasPipes } from './has-pipes.ts';
import { MARKER, RUN_ID } from './process-marker.ts';

const SHELL = '/bin/sh';
/** Each pass may find processes that were started during the one before it. */
const PASSES_MAX = 20;

/**
 * Reads `add GROUP` and `remove GROUP` until the end of its input. What is left then had its own end of input, and gets
 * a second for it, SIGTERM and another second.
 */
const SCRIPT = `
groups=' '
while read -r what group; do
  case $what in
    add) groups="$groups$group " ;;
    remove) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
signal() {
  for group in $groups; do kill -s "$1" -- "-$group" 2>/dev/null; done
  [ -d /proc/self ] || return 1
  found=$(grep -ls "${MARKER}=$run" /proc/[0-9]*/environ 2>/dev/null)
  for file in $found; do pid=\${file#/proc/}; kill -s "$1" "\${pid%/environ}" 2>/dev/null; done
  [ -n "$found" ]
}
if [ "$groups" != ' ' ]; then
  sleep 1
  signal TERM
  sleep 1
  [ -z "$cgroup" ] || echo 1 > "$cgroup/cgroup.kill"
  pass=0
  while signal KILL && [ $pass -lt ${PASSES_MAX} ]; do pass=$((pass + 1)); done
fi
[ -z "$cgroup" ] || for try in 1 2 3 4 5; do rmdir "$cgroup"/*/ "$cgroup" && break; sleep 1; done
`;

/** Groups that are alive. A watchdog that takes the place of one that was killed has to know all of them. */
const groups = new Set<number>();
let watchdog: Watchdog | undefined;

type Watchdog = ChildProcessByStdio<Writable, null, null>;

/** Tells the watchdog of the process group that a child leads. The first one starts it. */
export function watchGroup(pid: number): void {
  groups.add(pid);
  writeLine(`add ${pid}`);
}

/** The group is gone. */
export function unwatchGroup(pid: number): void {
  groups.delete(pid);
  writeLine(`remove ${pid}`);
}

function writeLine(line: string): void {
  if (watchdog !== undefined) return void watchdog.stdin.write(`${line}\n`);
  watchdog = start();
  for (const group of groups) watchdog?.stdin.write(`add ${group}\n`);
}

function start(): Watchdog | undefined {
  if (!existsSync(SHELL)) return undefined;
  const started = spawn(
    SHELL,
    ['-c', `run=${RUN_ID} cgroup=$1\n${SCRIPT}`, 'sallyport-watchdog', cgroupFolder() ?? ''],
    {
      env: { PATH: '/usr/bin:/bin' },
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
      // In a session of its own: a signal to the group of the gateway does not reach it.
      detached: true,
    },
  );
  const lost = (): void => {
    if (watchdog === started) watchdog = undefined;
  };
  started.on('error', lost).on('exit', lost).unref();
  if (!hasPipes(started)) return undefined;
  started.stdin.on('error', lost);
  if (started.stdin instanceof Socket) started.stdin.unref();
  return started;
}
