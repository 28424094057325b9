/** Changes of the audit log: what is durable when, what a start and `audit verify` compare, and whose keys sign. */
import { changesIn, type Change } from './change.ts';

const inSegments = changesIn('packages/server/src/segments');
const RECOVERY = ['damaged-log.test.ts', 'resume.test.ts', 'torn-tail.test.ts'];
const VERIFY = ['damaged-log.test.ts', 'torn-tail.test.ts'];

const writing: readonly Change[] = [
  ...inSegments(
    'tenant-log.ts',
    ['test/crash/crash.test.ts'],
    [
      [
        '      const owed = open.owed.slice(0, OWED_IN_COMMIT_MAX);\n',
        '      const owed = open.owed.slice(0, OWED_IN_COMMIT_MAX);\n' +
          '      for (const { resolve } of batch) resolve();\n',
      ],
    ],
  ),
  ...inSegments(
    'tenant-log.ts',
    ['segments.test.ts'],
    [['  if (lastNote === undefined && frontier.size > 0) checkpoint', '  if (frontier.size < 0) checkpoint']],
  ),
  ...inSegments(
    'files.ts',
    ['durable.test.ts'],
    [
      ['sync: promisify(fdatasync)', 'sync: () => Promise.resolve()'],
      ['syncAll: promisify(fsync)', 'syncAll: () => Promise.resolve()'],
      ['FOLDER_MODE = 0o700', 'FOLDER_MODE = 0o755'],
    ],
  ),
  ...inSegments(
    'checkpoint-files.ts',
    ['durable.test.ts'],
    [
      ['    await file.sync();\n', ''],
      ['if (isNew) await syncFolder(files, dirname(path));', ''],
      [
        "      await writeAt(files, join(folder, 'leaves'), leaves, leavesEnd);\n",
        "      await replaceFile(files, join(folder, 'checkpoint'), note, true);\n" +
          "      await writeAt(files, join(folder, 'leaves'), leaves, leavesEnd);\n",
      ],
      ['note, true);', 'note, false);'],
    ],
  ),
  ...inSegments('checkpoint-files.ts', VERIFY, [
    ["grown ? `${note}\\n` : ''", '`${note}\\n`'],
    ['if (list.end >= listBytesMax && grown)', 'if (false)'],
  ]),
  ...inSegments(
    'log-file.ts',
    ['durable.test.ts'],
    [
      ['    if (durable) await file.syncAll();\n', ''],
      ['  if (durable) await syncFolder(files, dirname(path));\n', ''],
      ['FILE_MODE = 0o600', 'FILE_MODE = 0o644'],
      ['(file) => file.syncAll());', '() => Promise.resolve());'],
    ],
  ),
  ...inSegments('log-file.ts', ['gone.test.ts'], [['a.inode === b.inode &&', '']]),
  ...inSegments('log-file.ts', ['faults.test.ts'], [['      owned = undefined;\n', '']]),
  ...inSegments('open-log.ts', ['durable.test.ts'], [['    await syncFolder(files, folder);\n', '']]),
  ...inSegments(
    'set-aside.ts',
    ['durable.test.ts'],
    [
      ['  await to.syncAll();\n', ''],
      ['    await syncFolder(files, folder);\n', ''],
      ['    await from.syncAll();\n', ''],
    ],
  ),
  ...inSegments('set-aside.ts', ['torn-tail.test.ts'], [['    await from.truncate(end);\n', '']]),
  ...inSegments(
    'tenant-log.ts',
    ['durable.test.ts', 'segments.test.ts'],
    [
      ['  await deps.diskWaits.sync(segment.file, batch.length + log.pending.length === 1);\n', ''],
      ['for (const { reject } of batch) reject(cause);', 'for (const { resolve } of batch) resolve();'],
      ['if (log.isClosed) return Promise.reject(new AuditLogClosed());', ''],
      ['if (bytes.length > RECORD_BYTES_MAX) return', 'if (false) return'],
      ['if (log.pending.length >= PENDING_MAX) return', 'if (false) return'],
    ],
  ),
  ...inSegments(
    'tenant-log.ts',
    ['gone.test.ts'],
    [
      ['  if (gone !== undefined) throw gone;\n  for', '  for'],
      ['  if (gone !== undefined) throw gone;\n  await', '  await'],
      ['if (isInPlace(deps, open)) {', 'if (true) {'],
    ],
  ),
  ...inSegments(
    'tenant-log.ts',
    ['durable.test.ts', 'gone.test.ts'],
    [
      ['size === open.checkpointedSize && !force', 'size === open.checkpointedSize'],
      ['pause.begin(isDamaged);', 'void isDamaged;'],
      ['if (!log.pause.isOver()) throw log.failure;', ''],
    ],
  ),
  ...inSegments(
    'log.ts',
    ['durable.test.ts'],
    [
      ['log.checkpoint(isHeartbeat)', 'log.checkpoint(false)'],
      ['deps.heartbeatMs ?? 60_000', 'deps.heartbeatMs ?? 60_000_000'],
      ['deps.checkpointEveryMs ?? 1_000', 'deps.checkpointEveryMs ?? 1_000_000'],
    ],
  ),
  ...inSegments(
    'log.ts',
    ['gone.test.ts'],
    [['if (!isSameFile(files.status(folder), status)) throw', 'if (false) throw']],
  ),
  ...inSegments(
    'log.ts',
    ['durable.test.ts', 'test/attacks/key-files.test.ts'],
    [["    checkSigningKey(tenantDeps(deps, folder, keys, '_', deps.files ?? realFiles, createDiskWaits()));\n", '']],
  ),
  ...inSegments(
    'commit-timing.ts',
    ['commit-timing.test.ts'],
    [
      ['        file.syncNow();\n', ''],
      ['      await file.sync();\n', ''],
      ['QUICK_MS = 0.5', 'QUICK_MS = 500'],
      ['        quickCommits = 0;\n', ''],
    ],
  ),
  ...inSegments('retry-pause.ts', ['gone.test.ts'], [['IO_MS_MAX = 2_000', 'IO_MS_MAX = 2_000_000']]),
];

const reading: readonly Change[] = [
  ...inSegments('recover.ts', RECOVERY, [
    ['if (!leaf.equals(storedLeaf(recovery, index)))', 'if (false)'],
    ['if (end.index < acknowledged) {', 'if (false) {'],
    ['Math.max(end.proven, provenByLeaves(recovery), ...', 'Math.max(provenByLeaves(recovery), ...'],
    ['Math.max(end.proven, provenByLeaves(recovery), ...', 'Math.max(end.proven, ...'],
    ['...trees.map((tree) => tree.size));', '0);'],
    ['    recovery.newLeaves.push(leaf);\n    checkRoot(recovery);', '    recovery.newLeaves.push(leaf);'],
    ['if (checkpoint === undefined)\n    throw', 'if (false)\n    throw'],
    ['  await setAside(files, path, end.bytes);\n', ''],
    ['if (first !== (number === 0 ? from.segment : end.index))', 'if (false)'],
    ['if (end.fault !== undefined && name !== names.at(-1))', 'if (false)'],
    ['if (names.length === 0 && from.index > 0) throw', 'if (false) throw'],
  ]),
  ...inSegments(
    'recover.ts',
    ['durable.test.ts'],
    [
      ['if (end.bytes > 0) await withFile(files, path, OPEN.change, (file) => file.syncAll());', ''],
      ['    await file.sync();\n', ''],
    ],
  ),
  ...inSegments(
    'resume.ts',
    ['resume.test.ts'],
    [
      ['      resume.size <= size &&\n', ''],
      ["      resume.size * HASH_BYTES <= bytesOf('leaves') &&\n", ''],
      ['peaks.length !== peakCount(read.size) ||', ''],
    ],
  ),
  ...inSegments(
    'frames.ts',
    ['damaged-log.test.ts', 'torn-tail.test.ts', 'segments.test.ts'],
    [
      ["    return 'the checksum does not match';", '    void 0;'],
      ['index === expected ? undefined :', 'true ? undefined :'],
      ["if (length > RECORD_BYTES_MAX) return 'the length is impossible';", ''],
      ['proven = Math.max(proven, frame.commit)', 'proven = 0'],
    ],
  ),
  ...inSegments('lock.ts', ['segments.test.ts'], [['COMMIT; BEGIN IMMEDIATE`', 'COMMIT`']]),
  ...inSegments('verify.ts', VERIFY, [
    ['if (!verification.due.root.equals(root())) {', 'if (false) {'],
    ['if (due === undefined) return;', 'return;'],
    ['if (leaves.count < checkpointed)', 'if (false)'],
    ['if (leaves.count > records)', 'if (false)'],
    ['if (leaves.isTorn) add', 'if (false) add'],
    ['leaves.next()?.equals(hash) === false', 'leaves.next()?.equals(hash) === undefined'],
    ['      if (same) return;', '      return;'],
    ['const beyond = [...waiting.values()].map', 'const beyond = [...waiting.values()].slice(0, 0).map'],
    ["return size < last ? 'is smaller than the one before it' : undefined;", 'return undefined;'],
    ["if (size === last) return 'repeats the one before it';", ''],
    ['else if (checkpoint.size < last)', 'else if (false)'],
    ["if (listed) missing('checkpoint');", ''],
    ['    missing(FIRST_LIST);\n', ''],
    ['if (problems.length === 0) problems.push(...unsignedProblems(folder, frontier.size));', ''],
    ["if (resume === undefined && listed) missing('resume');", ''],
    ['const fault = checkpoint === undefined ?', 'const fault = false ?'],
    ["if (!isRoot) return 'its hashes are not those of the records';", ''],
    ["return isPlace ? undefined : 'it points at no record';", 'return undefined;'],
    ["if (!existsSync(file) || readFileSync(file, 'utf8') === `${vkey.trim()}\\n`) return [];", 'return [];'],
  ]),
  ...inSegments('read-log.ts', VERIFY, [['    if (first !== next) {', '    if (false) {']]),
];

const keys: readonly Change[] = [
  ...inSegments(
    'keys.ts',
    ['keys.test.ts'],
    [
      ["hkdfSync('sha256', master, purpose, tenant, 32)", "hkdfSync('sha256', master, purpose, '', 32)"],
      ["hkdfSync('sha256', master, purpose, tenant, 32)", "hkdfSync('sha256', master, '', tenant, 32)"],
      ['if (master.length !== MASTER_KEY_BYTES) throw', 'if (false) throw'],
      ['if (new Set(master).size < DISTINCT_BYTES_MIN)', 'if (false)'],
      ['if ((statSync(file).mode & 0o077) !== 0) throw', 'if (false) throw'],
      ["openSync(draft, 'wx', 0o600)", "openSync(draft, 'wx', 0o644)"],
    ],
  ),
  ...inSegments('layout.ts', ['keys.test.ts'], [['return [origin, tenantName, ...', 'return [origin, ...']]),
];

export const audit: readonly Change[] = [...writing, ...reading, ...keys];
