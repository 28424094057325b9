/**
 * The arguments of bubblewrap. Nothing of the host is there but the system's programs, read-only, and what is listed:
 * no home, no /etc, no /sys, no network but a loopback interface of its own.
 */
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Confinement, Program } from '../confinement.ts';

/** Files that every confined program sees in place of the host's. */
export interface SupportFiles {
  /** Holds `passwd`, `group`, `hosts` and the filters. */
  readonly folder: string;
}

const SYSTEM_FOLDERS = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];
/** What programs of the system need of `/etc`; none of it holds a secret. */
const SYSTEM_FILES = ['/etc/ld.so.cache', '/etc/ld.so.conf', '/etc/ld.so.conf.d', '/etc/alternatives'].concat([
  '/etc/localtime',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
  '/etc/pki/tls/certs',
  '/etc/pki/ca-trust',
]);
/**
 * Parts of `/proc` through which root changes the machine, without any capability: read-only. bubblewrap covers some of
 * them, but not where it runs as root.
 */
const MACHINE_SETTINGS = ['/proc/sys', '/proc/irq', '/proc/bus', '/proc/sysrq-trigger'];
/** Files and folders of `/proc` that describe or change the host: empty. */
const HOST_FILES = [
  'kcore',
  'keys',
  'kmsg',
  'kallsyms',
  'kpagecount',
  'kpageflags',
  'kpagecgroup',
  'latency_stats',
].concat(['mtrr', 'sched_debug', 'slabinfo', 'timer_list', 'vmallocinfo']);
const HOST_FOLDERS = ['acpi', 'asound', 'driver', 'fs', 'pressure', 'scsi'];
/** The user inside. */
const NOBODY = '65534';

/** @param program what runs inside; with `statusDescriptor` bubblewrap writes there when it ran. */
export function bubblewrapArguments(
  confinement: Confinement,
  program: Program,
  { folder }: SupportFiles,
  statusDescriptor: number | undefined,
): readonly string[] {
  return [
    ...['--unshare-user', '--unshare-ipc', '--unshare-pid', '--unshare-net', '--unshare-uts', '--unshare-cgroup-try'],
    ...['--disable-userns', '--uid', NOBODY, '--gid', NOBODY, '--hostname', 'sandbox'],
    ...['--cap-drop', 'ALL', '--new-session', '--die-with-parent'],
    ...(statusDescriptor === undefined ? [] : ['--json-status-fd', String(statusDescriptor)]),
    ...['--seccomp', '3'],
    ...['--ro-bind', '/usr', '/usr', ...SYSTEM_FOLDERS.flatMap(systemFolder)],
    ...SYSTEM_FILES.flatMap((file) => ['--ro-bind-try', file, file]),
    ...['passwd', 'group', 'hosts'].flatMap((name) => ['--ro-bind', join(folder, name), `/etc/${name}`]),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...MACHINE_SETTINGS.filter(existsSync).flatMap((path) => ['--ro-bind', path, path]),
    ...HOST_FILES.map(inProc)
      .filter(existsSync)
      .flatMap((file) => ['--ro-bind', '/dev/null', file]),
    ...HOST_FOLDERS.map(inProc).filter(existsSync).flatMap(emptyFolder),
    ...temporaryFolder('/dev/shm', confinement),
    ...temporaryFolder('/tmp', confinement),
    ...confinement.readOnly.flatMap((path) => ['--ro-bind', path, path]),
    ...confinement.writable.flatMap((path) => ['--bind', path, path]),
    ...confinement.mounts.flatMap(({ source, target }) => ['--ro-bind', source, target]),
    ...['--remount-ro', '/dev', '--remount-ro', '/'],
    ...['--chdir', program.cwd ?? '/tmp', '--', program.command, ...program.args],
  ];
}

const inProc = (name: string): string => `/proc/${name}`;

const emptyFolder = (path: string): readonly string[] => ['--size', '4096', '--tmpfs', path, '--remount-ro', path];

const temporaryFolder = (path: string, { scratchBytes }: Confinement): readonly string[] => [
  ...['--perms', '1777', '--size', String(scratchBytes), '--tmpfs', path],
];

/** `/bin` is a link to `/usr/bin` on most systems, and a folder on others. */
function systemFolder(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
}
