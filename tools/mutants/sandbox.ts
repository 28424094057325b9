/** Changes of the sandbox for untrusted code. */
import { changesIn, type Change } from './change.ts';

const inSandbox = changesIn('packages/server/src/sandbox');
const ATTACKS = ['attacks.test.ts'];

const inConfig = changesIn('packages/gateway/src/config');
const STDIO = ['packages/gateway/src/upstream/transports/stdio/sandbox.test.ts'];

const QUICKJS = ['quickjs/quickjs.test.ts'];
const CONTAINER = ['container/container.test.ts'];

const otherKinds: readonly Change[] = [
  ...inSandbox('quickjs/interpreter.ts', QUICKJS, [
    ['  runtime.setInterruptHandler(isSpent);\n', ''],
    ["if (left[stream] <= 0) ended ??= 'output';", ''],
  ]),
  ...inSandbox('quickjs/run.ts', QUICKJS, [
    ['  checkFiles(files);\n', ''],
    ["setTimeout(end, limits.timeoutMs, 'time')", "setTimeout(end, limits.timeoutMs * 1000, 'time')"],
    ['if (other !== undefined) return', 'if (false) return'],
  ]),
  ...inSandbox('container/run.ts', CONTAINER, [
    ["'--network', 'none', '--read-only'", "'--read-only'"],
    ["'--network', 'none', '--read-only'", "'--network', 'none'"],
    ["'--pids-limit', String(processes)", "'--pids-limit', '-1'"],
    ["'--cap-drop', 'ALL', ", ''],
    ["'--security-opt', 'no-new-privileges', ", ''],
    ["await run(engine.path, ['rm',", "await run(engine.path, ['version',"],
  ]),
];

const ofServers: readonly Change[] = [
  ...inConfig(
    'sandbox.ts',
    ['sandbox.test.ts'],
    [
      [
        'own.some((folder) => isWithin(path, folder) || isWithin(folder, path))',
        'own.some((folder) => isWithin(folder, path))',
      ],
      [
        "const MACHINE_FOLDERS = ['/proc', '/sys', '/dev', '/run',",
        "const MACHINE_FOLDERS = ['/proc', '/sys', '/dev',",
      ],
      ['other !== text && isWithin(resolve(input.folder, other), path)', 'false'],
      ['const LOADER_VARIABLE = /^(?:LD_|', 'const LOADER_VARIABLE = /^(?:'],
    ],
  ),
  ...inConfig(
    'downloaded-package.ts',
    ['sandbox.test.ts'],
    [
      ["withoutScripts: { [NPM_SETTING]: 'true' }", 'withoutScripts: {}'],
      ["packageOptions: ['-p', '--package']", "packageOptions: ['-p']"],
      ["moreOptions: ['--with']", 'moreOptions: []'],
    ],
  ),
  ...changesIn('packages/gateway/src/upstream/transports/stdio')('confined.ts', STDIO, [
    [
      'if (sandbox === undefined) return undefined;',
      'if (sandbox === undefined || sandbox !== undefined) return undefined;',
    ],
  ]),
  ...inSandbox('confiner.ts', ['confiner.test.ts'], [['if (network.length === 0)', 'if (true)']]),
  ...inSandbox(
    'network/connect-proxy.ts',
    ['confiner.test.ts'],
    [
      ['host === destination?.host && port === destination.port', 'host === destination?.host'],
      ['if (isIP(host) !== 0) refuseAddress(host, true);', ''],
    ],
  ),
];

export const sandbox: readonly Change[] = [
  ...ofServers,
  ...otherKinds,
  ...inSandbox('bubblewrap/arguments.ts', ATTACKS, [
    ["'--unshare-pid', ", ''],
    ["'--unshare-net', ", ''],
    ["'--disable-userns', ", ''],
    ["'--die-with-parent'", "'--unshare-cgroup-try'"],
    ["    ...['--seccomp', '3'],\n", ''],
    ["['--remount-ro', '/dev', '--remount-ro', '/']", "['--remount-ro', '/dev']"],
    ["['--remount-ro', '/dev', '--remount-ro', '/']", "['--remount-ro', '/']"],
    ["['/proc/sys', '/proc/irq', '/proc/bus', '/proc/sysrq-trigger']", '[] as string[]'],
    ["'--size', String(scratchBytes), '--tmpfs'", "'--tmpfs'"],
    [
      "...confinement.mounts.flatMap(({ source, target }) => ['--ro-bind'",
      "...confinement.mounts.flatMap(({ source, target }) => ['--bind'",
    ],
  ]),
  ...inSandbox('bubblewrap/launch.ts', ATTACKS, [
    ['limit -n "$1"\n', ''],
    ['processes: isUnlimited ? processes + OWN_PROCESSES : undefined', 'processes: undefined'],
    ['memoryBytes: isCounted ? memoryBytes : undefined', 'memoryBytes: undefined'],
    ['filterFile(bubblewrap.files, group === undefined)', 'filterFile(bubblewrap.files, false)'],
    ['[ "$3" = - ] || ulimit -p "$3" 2>/dev/null || limit -u "$3"\n', ''],
  ]),
  ...inSandbox('limits/limit-group.ts', ATTACKS, [
    ["write(memory, 'memory.limit_in_bytes', limits.memoryBytes);", ''],
    ["write(makeFolder(pidsParent, name, made), 'pids.max', limits.processes);", 'makeFolder(pidsParent, name, made);'],
  ]),
  ...inSandbox('limits/watch-tree.ts', ATTACKS, [
    ["if (use.cpuTimeMs > (limits.cpuTimeMs ?? Infinity)) return 'cpu';", ''],
    ['open.push(...tasks.flatMap((task) => childrenOf(next, task)));', 'open.push();'],
  ]),
  ...inSandbox(
    'seccomp/filter.ts',
    ['seccomp/filter.test.ts'],
    [
      ['result(KILL_PROCESS)', 'result(ALLOW)'],
      [
        "architecture === 'x64' ? [unless(IF_AT_LEAST, X32_FIRST, 1), result(errorWith(ENOSYS))]",
        "architecture === 'x64' ? []",
      ],
      ['const NEW_NAMESPACES = 0x7e02_0080', 'const NEW_NAMESPACES = 0x6e02_0080'],
      ['const SOCKET_FAMILIES = [1, 2, 10, 16]', 'const SOCKET_FAMILIES = [1, 2, 10, 16, 40]'],
      ['const TERMINAL_INPUT = [0x5412, 0x541c]', 'const TERMINAL_INPUT = [0x541c]'],
    ],
  ),
  ...inSandbox('stage-files.ts', ATTACKS, [
    ["part !== '' && part !== '.' && part !== '..' && ", "part !== '' && part !== '.' && "],
    ['/^[^\\0-\\x1f\\x7f\\\\]+$/.test(name)', 'true'],
  ]),
  ...inSandbox('supervise.ts', ATTACKS, [
    ["if (bytes > bytesMax) end('output');", ''],
    ['if (free > 0) chunks.push(chunk.subarray(0, free));', 'chunks.push(chunk);'],
    ['    await untilGone(insideOf(status));\n', ''],
  ]),
];
