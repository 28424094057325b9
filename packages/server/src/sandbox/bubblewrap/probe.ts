/** Tries bubblewrap: is it there, and is a program in it confined? Says what is wrong, and what to do. */
import { existsSync } from 'node:fs';
import type { Confinement } from '../confinement.ts';
import { isFiltered } from '../seccomp/filter.ts';
import { STATUS_DESCRIPTOR, supervise } from '../supervise.ts';
import { openInBubblewrap, type Bubblewrap } from './launch.ts';
import { supportFiles } from './support-files.ts';

/** What a trial found: a sandbox that works, or why there is none. */
export type Probed<Engine> = { readonly engine: Engine } | { readonly reason: string };

/** Where programs of the system are. The environment is not asked, because whoever sets it could name another one. */
const PROGRAM_FOLDERS = ['/usr/bin', '/usr/local/bin', '/bin', '/run/current-system/sw/bin'];
/** Above the users that systems give out. The second is everywhere. */
const UNPRIVILEGED_IDS = [1_900_000_000, 65_534];
/** It checks from inside what the arguments promise. */
const CHECK = `
while read -r name value; do
  case $name in
    CapPrm:|CapEff:|CapBnd:) [ "$value" = 0000000000000000 ] || exit 11 ;;
    NoNewPrivs:) [ "$value" = 1 ] || exit 12 ;;
    Seccomp:) [ "$value" = 2 ] || exit 13 ;;
  esac
done < /proc/self/status
while read -r name rest; do
  case $name in lo:|Inter-*|face) ;; *) exit 14 ;; esac
done < /proc/net/dev
[ ! -e /etc/shadow ] && [ ! -e /home ] && [ ! -e /root ] && [ ! -e /sys ] || exit 15
echo confined`;
const TRIAL: Confinement = {
  readOnly: [],
  writable: [],
  mounts: [],
  memoryBytes: 64 * 1024 ** 2,
  processes: 32,
  scratchBytes: 1024 ** 2,
  openFiles: 64,
  user: 'unprivileged',
};
const TRIAL_LIMITS = { timeoutMs: 20_000, outputBytesMax: 4_096 };

/** The path of a program of the system. */
export const findProgram = (name: string): string | undefined =>
  PROGRAM_FOLDERS.map((folder) => `${folder}/${name}`).find(existsSync);

/** Prefers control groups and a user that owns nothing, and goes on without them where they cannot be had. */
export async function probeBubblewrap(): Promise<Probed<Bubblewrap>> {
  if (process.platform !== 'linux') return { reason: 'bubblewrap runs on Linux only' };
  if (!isFiltered(process.arch))
    return { reason: `there is no filter of system calls for processors of the kind ${process.arch}` };
  const path = findProgram('bwrap');
  if (path === undefined)
    return {
      reason: 'bubblewrap is not installed (apt-get install bubblewrap, dnf install bubblewrap, apk add bubblewrap)',
    };
  const files = supportFiles(process.arch);
  let reason = '';
  for (const unprivileged of unprivilegedUsers())
    for (const hasGroups of [true, false]) {
      const engine = { path, files, hasGroups, unprivileged };
      const failure = await trial(engine);
      if (failure === undefined) return { engine };
      reason = failure;
    }
  return { reason };
}

function unprivilegedUsers(): readonly Bubblewrap['unprivileged'][] {
  const setpriv = findProgram('setpriv');
  if (process.getuid?.() !== 0 || setpriv === undefined) return [undefined];
  return [...UNPRIVILEGED_IDS.map((id) => ({ setpriv, id })), undefined];
}

/** @returns why it does not work. */
async function trial(engine: Bubblewrap): Promise<string | undefined> {
  const program = { command: '/bin/sh', args: ['-c', CHECK] };
  const confined = openInBubblewrap(engine, TRIAL, program, STATUS_DESCRIPTOR);
  if (engine.hasGroups && !confined.hasGroup) return 'there are no control groups';
  const { stdout, stderr, exitCode } = await supervise(confined, {}, '', TRIAL_LIMITS, undefined);
  return stdout === 'confined\n' ? undefined : explain(stderr, exitCode);
}

function explain(stderr: string, exitCode: number | undefined): string {
  const line = stderr.trim().split('\n')[0]?.slice(0, 300) ?? '';
  const known = ADVICE.find(([pattern]) => pattern.test(stderr));
  return `bubblewrap does not work here (${line === '' ? `exit code ${exitCode}` : line})${known?.[1] ?? ''}`;
}

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /mount proc/i,
    ': the container around this process hides parts of /proc; start it with --security-opt systempaths=unconfined',
  ],
  [/disable-userns|unknown option/i, ': it is too old; version 0.8 or newer is needed'],
  [
    /namespace|uid map|RTM_NEWADDR|Operation not permitted|No space left|Permission denied/i,
    ': user namespaces are forbidden. Allow them: sysctl user.max_user_namespaces and, where they exist, ' +
      'kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0 (or an AppArmor profile ' +
      'for bwrap); in a container, a seccomp profile that allows unshare and mount',
  ],
];
