/**
 * The command that starts a program in bubblewrap: a shell enters the control groups and becomes bubblewrap, and inside
 * another one sets resource limits and becomes the program. Neither shell reads an argument of the program.
 */
import type { ConfinedCommand, Confinement, Program } from '../confinement.ts';
import { makeLimitGroup, type LimitGroup } from '../limits/limit-group.ts';
import { watchTree, type ExceededLimit } from '../limits/watch-tree.ts';
import { bubblewrapArguments, type SupportFiles } from './arguments.ts';
import { isFiltered } from '../seccomp/filter.ts';
import { filterFile, keepSupportFiles } from './support-files.ts';

/** A bubblewrap that was tried and works. */
export interface Bubblewrap {
  /** Its path. */
  readonly path: string;
  readonly files: SupportFiles;
  /** Whether limits are set by control groups; else by resource limits and watching. */
  readonly hasGroups: boolean;
  /** How unprivileged programs change to a user that owns nothing; `undefined` = they keep the user of this process. */
  readonly unprivileged: { readonly setpriv: string; readonly id: number } | undefined;
}

/** The shells. bubblewrap binds it, because a system without it has no programs. */
const SHELL = '/bin/sh';
/** `enter FILES… -- COMMAND…`. The filter is descriptor 3. */
const ENTER = `
filter=$1; shift
while [ "$1" != -- ]; do echo 0 > "$1" || exit 125; shift; done
shift
exec 3<"$filter" || exit 125
exec "$@"`;
/** Units of ulimit: -d in KiB. Shells disagree about the letter for processes. A limit that cannot be set ends it. */
const LIMIT = `
limit() { ulimit "$1" "$2" || exit 125; }
limit -c 0
limit -n "$1"
[ "$2" = - ] || limit -d "$2"
[ "$3" = - ] || ulimit -p "$3" 2>/dev/null || limit -u "$3"
[ "$4" = - ] || limit -t "$4"
shift 4
exec "$@"`;
/** What an interpreter may reserve without using it. Of what is used, less is allowed: that is watched. */
const RESERVED_BYTES = 1024 ** 3;
/** Those of bubblewrap. */
const OWN_PROCESSES = 3;
/** How often the use of a tree is looked at. */
const SHORT_RUN_MS = 50;
const LONG_RUN_MS = 250;

/**
 * @param statusDescriptor where bubblewrap writes JSON when the program ran.
 * @throws Error when a limit needs a control group and there is none.
 */
export function openInBubblewrap(
  bubblewrap: Bubblewrap,
  confinement: Confinement,
  program: Program,
  statusDescriptor?: number,
): ConfinedCommand {
  const { memoryBytes, processes, cpus } = confinement;
  if (isFiltered(process.arch)) keepSupportFiles(bubblewrap.files, process.arch);
  const group = bubblewrap.hasGroups ? makeLimitGroup({ memoryBytes, processes, cpus }) : undefined;
  if (cpus !== undefined && group === undefined)
    throw new Error('a share of the processors needs a control group (cgroup), and this process may not make one');
  const inside = { ...program, command: SHELL, args: limitArguments(confinement, program, group) };
  const { unprivileged } = confinement.user === 'unprivileged' ? bubblewrap : { unprivileged: undefined };
  const outside = [
    ...[filterFile(bubblewrap.files, group === undefined), ...(group?.enterFiles ?? []), '--'],
    ...(unprivileged === undefined ? [] : dropUser(unprivileged)),
    ...[bubblewrap.path, ...bubblewrapArguments(confinement, inside, bubblewrap.files, statusDescriptor)],
  ];
  const args = ['-c', ENTER, 'sallyport-sandbox', ...outside];
  const reportsStatus = statusDescriptor !== undefined;
  return { command: SHELL, args, reportsStatus, ...watched(confinement, group, unprivileged === undefined) };
}

/** Every second of processor time is over at the latest at the next whole one. */
function limitArguments(confinement: Confinement, { command, args }: Program, group: LimitGroup | undefined): string[] {
  const { openFiles, memoryBytes, processes, cpuTimeMs } = confinement;
  const limits = [
    openFiles,
    group === undefined ? Math.ceil((memoryBytes + RESERVED_BYTES) / 1024) : '-',
    group === undefined ? processes : '-',
    cpuTimeMs === undefined ? '-' : Math.ceil(cpuTimeMs / 1000),
  ];
  return ['-c', LIMIT, 'sallyport-sandbox', ...limits.map(String), command, ...args];
}

const dropUser = ({ setpriv, id }: { readonly setpriv: string; readonly id: number }): readonly string[] => [
  ...[setpriv, '--reuid', String(id), '--regid', String(id), '--clear-groups', '--'],
];

function watched(
  { memoryBytes, processes, cpuTimeMs }: Confinement,
  group: LimitGroup | undefined,
  isOwnUser: boolean,
): Pick<ConfinedCommand, 'hasGroup' | 'started' | 'exceeded' | 'close'> {
  const isCounted = group === undefined;
  // The kernel does not hold root to a number of processes.
  const isUnlimited = isCounted && isOwnUser && process.getuid?.() === 0;
  const isShort = cpuTimeMs !== undefined;
  const outOfMemory = (): boolean => group?.outOfMemory() === true;
  const exceeded = (): ExceededLimit | undefined => (outOfMemory() ? 'memory' : undefined);
  let stop = (): void => undefined;
  return {
    hasGroup: group !== undefined,
    exceeded,
    started(pid, onExceeded) {
      if (group !== undefined && !isShort) return;
      const limits = {
        memoryBytes: isCounted ? memoryBytes : undefined,
        processes: isUnlimited ? processes + OWN_PROCESSES : undefined,
        cpuTimeMs,
      };
      stop = watchTree(pid, limits, isShort ? SHORT_RUN_MS : LONG_RUN_MS, outOfMemory, onExceeded);
    },
    async close() {
      stop();
      await group?.close();
      return exceeded();
    },
  };
}
