/** Process groups of children: nothing that a child starts outlives it, and no child outlives the gateway. */

const groups = new Set<number>();
let killsAtExit = false;

/** Remembers the group that a detached child leads. */
export function addGroup(pid: number): void {
  groups.add(pid);
  if (killsAtExit) return;
  killsAtExit = true;
  process.on('exit', () => {
    for (const group of groups) signalGroup(group, 'SIGKILL');
  });
}

/** Kills what is left of a group whose leader has exited. */
export function removeGroup(pid: number): void {
  signalGroup(pid, 'SIGKILL');
  groups.delete(pid);
}

/** Sends a signal to all processes of a group. A group that is gone is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: the group is gone already.
  }
}
