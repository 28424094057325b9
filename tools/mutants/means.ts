/** Changes of the safe means: SQL, tenant data, files and programs. */
import { changesIn, type Change } from './change.ts';

const inServer = changesIn('packages/server/src');
const TEMPLATE = ['sql/template.test.ts'];
const POSTGRES = ['test/means/sql-postgres.test.ts'];

const statements: readonly Change[] = [
  ...inServer('sql/text.ts', TEMPLATE, [
    ['if (!Array.isArray(strings) || !Object.isFrozen(strings) || !Object.isFrozen(strings.raw))', 'if (false)'],
    ['if (SETTINGS.test(', 'if (false && SETTINGS.test('],
    ['if (bare.includes(found)) throw', 'if (false) throw'],
    ['if (ESCAPING_PREFIX.test(bare)) throw', 'if (false) throw'],
    ['if (end === -1) throw', 'if (false) throw'],
  ]),
  ...inServer('sql/fragment.ts', TEMPLATE, [
    ['if (found === undefined) throw', 'if (false) throw'],
    ["if (value.includes('\\0') || !value.isWellFormed())", 'if (false)'],
    ['if (value instanceof Uint8Array) return value;', 'return value as SqlValue;'],
    ['if (values.length > VALUES_MAX)', 'if (false)'],
    ['if (fragments.length === 0) throw', 'if (false) throw'],
    ['Object.hasOwn(choices, name) ? choices[name] : undefined', 'choices[name]'],
    ['if (!allowed.includes(name))', 'if (false)'],
    ['if (wrong !== undefined)', 'if (false)'],
    ["replaceAll(/[\\\\%_]/g, '\\\\$&')", "replaceAll('', '')"],
  ]),
  ...inServer('sql/render.ts', TEMPLATE, [
    ["pieces.join(' ')", "pieces.join('')"],
    ['if ((access ===', 'if (true || (access ==='],
  ]),
];

const postgres: readonly Change[] = [
  ...inServer('tenant-shares.ts', POSTGRES, [['if (count >= perTenantMax)', 'if (false)']]),
  ...inServer('sql/rows.ts', POSTGRES, [
    ['if (rows.length === rowsMax)', 'if (false)'],
    ['else if (bytes + size > bytesMax)', 'else if (false)'],
    ["if (whenTooLarge === 'refuse') throw", 'if (false) throw'],
    ['if (Object.keys(row).length !== columns.length)', 'if (false)'],
  ]),
  ...inServer('sql/postgres/transaction.ts', POSTGRES, [
    ["'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'", "'BEGIN'"],
    ["query({ text: 'DISCARD ALL' })", "query({ text: 'select 1' })"],
    ['if (command !== text) throw', 'if (false) throw'],
    ['values.push(tenantSetting, tenant)', "values.push(tenantSetting, 'acme')"],
    [
      'const timer = setTimeout(() => cut(timedOut()), timeoutMs);',
      'const timer = setTimeout(() => undefined, timeoutMs);',
    ],
    ["signal.addEventListener('abort', onAbort, { once: true });\n  socket.on", 'socket.on'],
    ['    socket.destroy();\n    cut(tooLarge', '    cut(tooLarge'],
    ['if (received <= receivedBytesMax) return;', 'return;'],
    ['  signal.throwIfAborted();\n', ''],
  ]),
  ...inServer('sql/postgres/errors.ts', POSTGRES, [
    ["if (code.startsWith('22'))", 'if (false)'],
    ["if (code.startsWith('23'))", 'if (false)'],
  ]),
  ...inServer('sql/postgres/read.ts', POSTGRES, [
    ['Math.min(BATCH_ROWS_MAX, collector.rowsLeft()', 'Math.max(1_000_000, collector.rowsLeft()'],
  ]),
  ...inServer('sql/postgres/role.ts', POSTGRES, [
    ["isSuperuser === true && 'is", "false && 'is"],
    ["bypasses === true && 'has", "false && 'has"],
    ["isStrong === true && 'reaches", "false && 'reaches"],
    [" or pg_has_role(session_user, r.oid, 'MEMBER')", ''],
    ["if (kind === 'm' || kind === 'f')", 'if (false)'],
    ["if (kind === 'v') return isInvoker === true ? undefined :", "if (kind === 'v') return true ? undefined :"],
    ["if (isSecured !== true) return 'has", "if (false) return 'has"],
    ["if (isOwned === true) return 'belongs", "if (false) return 'belongs"],
    ['return isOpen === true ?', 'return false ?'],
    ["or has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE')", ''],
  ]),
  ...inServer('sql/postgres/connection.ts', POSTGRES, [['if (tls === undefined && !LOCAL.test(host))', 'if (false)']]),
  ...inServer('sql/postgres/open.ts', POSTGRES, [
    ['if (findings.length === 0) return;', 'return;'],
    ["if (tenancy.by === 'one' &&", 'if (false &&'],
    ["if (tenancy.by === 'predicate' &&", 'if (false &&'],
    ["if (writes !== 'allowed') throw", 'if (false) throw'],
    ['isOpen ? send(query) :', 'true ? send(query) :'],
    ['!SETTING_NAME.test(tenantSetting)', 'false'],
  ]),
];

const SQLITE = ['sql/sqlite/sqlite.test.ts'];

const sqlite: readonly Change[] = [
  ...inServer('sql/sqlite/connection.ts', SQLITE, [
    ["if (table.startsWith('sqlite_')) return false;", ''],
    ['return views.has(table) || !inFile.has(table);', 'return true;'],
    ['view !== null && views.get(table) === view', 'view !== null && views.has(table)'],
    ['rows_of_tenant_${randomUUID()}', 'of_${table}'],
    ['const isRead = action === constants.SQLITE_READ &&', 'const isRead = action !== constants.SQLITE_READ ||'],
    ['length: Math.max(1024 * 1024, 2 * limits.bytesMax), ', ''],
  ]),
  ...inServer('sql/sqlite/readers.ts', SQLITE, [
    ["      child.kill('SIGKILL');\n      finish(", '      finish('],
    ['AbortSignal.any([signal, timeout.signal])', 'signal'],
  ]),
  ...inServer('sql/sqlite/open.ts', SQLITE, [
    ['if (placeholders !== result.values.length) throw', 'if (false) throw'],
    ["if (tenancy.by === 'one' &&", 'if (false &&'],
    ["if (tenancy.by === 'predicate' &&", 'if (false &&'],
  ]),
];

const FILES = ['files/files.test.ts'];

const files: readonly Change[] = [
  ...inServer('files/path.ts', FILES, [
    ["if (name === '.' || name === '..') return", 'if (false) return'],
    ["if (name === '') return 'The", "if (false) return 'The"],
    ['!name.isWellFormed() || FORBIDDEN.test(name) || ', ''],
    [' || ENCODED.test(name))', ')'],
    ['SEPARATOR.test(name) || SEPARATOR.test(plain) || ', ''],
    ['if (/[. ]$/.test(name) ||', 'if ('],
    ["DEVICE.test(name) ? 'A name is that of a device.' : undefined", 'undefined'],
    ['if (segments.length > SEGMENTS_MAX) throw', 'if (false) throw'],
    ['if (Buffer.byteLength(name) > SEGMENT_BYTES_MAX) return', 'if (false) return'],
    ["if (typeof path !== 'string') throw", 'if (false) throw'],
  ]),
  ...inServer('files/folder.ts', FILES, [
    ['if (before.isSymbolicLink()) throw linkRefused();', ''],
    ['const own = inDescriptors ? `/proc/self/fd/${descriptor}` : path;', 'const own = path;'],
    ['if (names.includes(name)) return;', 'return;'],
    ['  await checkSpelling(folder, name, before);\n', ''],
  ]),
  ...inServer('files/read.ts', FILES, [
    ["if (hardLinks === 'refuse' && stats.nlink > 1)", 'if (false)'],
    [
      "if (!stats.isFile()) throw new ToolError('PERMISSION_DENIED', 'This is no",
      "if (false) throw new ToolError('PERMISSION_DENIED', 'This is no",
    ],
    ['Math.min(bytesMax, size - offset)', 'size - offset'],
    ['fatal: true', 'fatal: false'],
  ]),
  ...inServer('files/write.ts', FILES, [
    ["if (!existing.isFile()) throw new ToolError('PERM", "if (false) throw new ToolError('PERM"],
    ["if (mode === 'create') throw exists();", ''],
    ["if (existing === undefined && mode === 'create') await", 'if (false) await'],
    ['await rm(temporary, { force: true });', ''],
  ]),
  ...inServer('files/list.ts', FILES, [
    ['if (items.length === entriesMax) return STOP;', ''],
    ['depth < 1 || depth > depthMax', 'false'],
    ['items.length === limits.matchesMax || bytesLeft <= 0', 'false'],
  ]),
  ...inServer('files/open.ts', FILES, [
    ["if (tenancy.by === 'one' &&", 'if (false &&'],
    ['if (faultOf(tenant.id) !== undefined) throw', 'if (false) throw'],
    ['  signal.throwIfAborted();\n', ''],
    ["if (writes !== 'allowed') throw", 'if (false) throw'],
    ['if (bytes.length > limits.writeBytesMax) throw', 'if (false) throw'],
    ['if (entry.stats.size > limits.readBytesMax) throw', 'if (false) throw'],
  ]),
  ...inServer('files/glob.ts', FILES, [['pattern.length > PATTERN_MAX', 'false']]),
];

const SHELL = ['shell/shell.test.ts'];

const programs: readonly Change[] = [
  ...inServer('shell/arguments.ts', SHELL, [
    ['if (value === undefined || check(value as never).length > 0) throw', 'if (false) throw'],
    ['pattern: `^(?:${pattern})$`', 'pattern'],
    ["if (value.includes('\\0') || !value.isWellFormed()) throw", 'if (false) throw'],
    ["  if (value.startsWith('-'))\n    throw new ToolError", '  if (false)\n    throw new ToolError'],
    ['if (!Array.isArray(values) || values.length === 0', 'if (!Array.isArray(values) || false'],
    ['async (value) => checkDash(name, String(value))', 'async (value) => String(value)'],
    ["  compileSchema({ type: 'string', pattern });\n", ''],
  ]),
  ...inServer('shell/program.ts', SHELL, [
    ["if (launcher !== 'allowed' &&", 'if (false &&'],
    ['[basename(found), basename(real)]', '[basename(found)]'],
    ['if (isWritableByAll(path)) throw', 'if (false) throw'],
    ['if (!isAbsolute(program) && basename(program) !== program)', 'if (false)'],
  ]),
  ...inServer('shell/run.ts', SHELL, [
    ['const timer = setTimeout(end, run.timeoutMs,', 'const timer = setTimeout(() => undefined, run.timeoutMs,'],
    ["signal.addEventListener('abort', onAbort, { once: true });", ''],
    ["child.once('exit', () => void tree.killRest(child.pid));", ''],
    ['if (budget.bytesLeft < 0) onFull();', ''],
    ['chunk.subarray(0, budget.bytesLeft)', 'chunk'],
  ]),
  ...inServer('shell/open.ts', SHELL, [
    ['if (LOADING.test(name)) throw', 'if (false) throw'],
    ['environment: { ...ENVIRONMENT, ...env }', 'environment: { ...process.env, ...ENVIRONMENT, ...env } as never'],
    ['    `--cpu=${cpuSeconds}:${cpuSeconds + 1}`,\n', ''],
    ['    `--fsize=${fileBytes}`,\n', ''],
    ['  context.signal.throwIfAborted();\n', ''],
    ["if (unknown !== undefined) throw new ToolError('INVALID", "if (false) throw new ToolError('INVALID"],
    ['if (part.isPositional && needsDash)', 'if (false)'],
    ['stripVTControlCharacters(bytes.toString(', '(bytes.toString('],
  ]),
];

const TENANT_DATA = ['tenant-data/tenant-data.test.ts'];

const tenantData: readonly Change[] = [
  ...inServer('tenant-data/scope.ts', TENANT_DATA, [
    ['if (!ROOTS.has(node.kind))', 'if (false)'],
    ['if (REFUSED.has(node.kind))', 'if (false)'],
    ['every((text) => RAW.test(text))', 'every((text) => text.length >= 0)'],
    ['if (FUNCTIONS.test(node.func)) throw', 'if (false) throw'],
    ['froms: node.froms.map((item) => this.#source(item, queryId))', 'froms: node.froms'],
    ['tables: node.tables.map((item) => this.#source(item, queryId))', 'tables: node.tables'],
    ['table: this.#source(node.table, queryId)', 'table: node.table'],
    ['from: node.from, where: this.#ownRows(name, changed.where)', 'from: node.from, where: changed.where'],
    ['    this.#checkUpdates(name, node.updates);\n    const changed', '    const changed'],
    [
      'return { ...changed, where: this.#ownRows(name, changed.where) };\n  }\n\n  protected override transformI',
      'return changed;\n  }\n\n  protected override transformI',
    ],
    ['if (names.includes(tenant)) throw', 'if (false) throw'],
    ['updateWhere: this.#ownRows(name, node.updateWhere)', ''],
    ['updated === undefined || updated === tenant', 'false'],
    ['if (!isSelf) throw notOwner();', ''],
    ['if (schema !== undefined) throw', 'if (false) throw'],
    ['if (ownerAt !== -1 && row.values[ownerAt] !== self) throw notOwner();', ''],
    ["if (rule === 'shared') throw", 'if (false) throw'],
    ['ownLimits.add(limit);', ''],
    [".where(`${name}.${tenant}`, '=', this.#context.tenant.id)", ''],
    ["access === 'read' && read === 'tenant'", "access === 'read'"],
  ]),
  ...inServer('tenant-data/open.ts', TENANT_DATA, [
    ['context.signal.throwIfAborted();', ''],
    ['if (result.rows.length <= rowsMax) return result;', 'return result;'],
  ]),
];

export const means: readonly Change[] = [...statements, ...postgres, ...sqlite, ...files, ...programs, ...tenantData];
