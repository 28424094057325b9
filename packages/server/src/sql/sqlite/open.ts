/** SQLite files for tools: read-only, in a process that can be ended, and one tenant at a time. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { JsonObject } from '@sallyport/guard';
import type { CallContext } from '../../call-context.ts';
import { ToolError } from '../../errors.ts';
import type { SqlDatabase } from '../database.ts';
import type { Sql, SqlValue } from '../fragment.ts';
import { render, type Rendered } from '../render.ts';
import { checkLimits, checkRange, type RowLimits, type Rows } from '../rows.ts';
import { createShares } from '../../tenant-shares.ts';
import { outsideQuotes } from '../text.ts';
import { createReaders } from './readers.ts';
import { quoted, type ReadReply, type ReadRequest, type SqliteValue } from './request.ts';

/**
 * Whose rows a statement sees.
 *
 * - `tables`: each table is listed with the column that holds the tenant, and a statement sees the rows of the tenant
 *   of the call under the table's own name. What is neither listed nor shared cannot be read.
 * - `predicate`: each statement names the tenant (`sql.tenant`), or is not run. That the condition is right is up to
 *   the author.
 * - `one`: the file belongs to one tenant; others are refused.
 *
 * @example
 * ```ts
 * const byTable: SqliteTenancy = { by: 'tables', tables: { orders: 'tenant_id' }, shared: ['currencies'] };
 * ```
 */
export type SqliteTenancy =
  | { readonly by: 'tables'; readonly tables: Readonly<Record<string, string>>; readonly shared?: readonly string[] }
  | { readonly by: 'predicate' }
  | { readonly by: 'one'; readonly tenant: string };

/**
 * What `openSqlite` needs.
 *
 * @example
 * ```ts
 * const settings: SqliteSettings = { file: '/srv/shop.db', tenancy: { by: 'one', tenant: 'acme' } };
 * ```
 */
export interface SqliteSettings extends RowLimits {
  /** An existing file. It is opened read-only for each statement. */
  readonly file: string;
  readonly tenancy: SqliteTenancy;
  /** Time limit of a statement, from 1 ms to 1 hour; 10,000 ms when absent. */
  readonly timeoutMs?: number;
  /**
   * Statements at a time, each in a process of its own: 1 to 64; 4 when absent. One tenant gets at most half of them.
   */
  readonly processesMax?: number;
}

const TIMEOUT_MS = 10_000;
const TIMEOUT_MS_MAX = 3_600_000;
const PROCESSES = 4;
const PROCESSES_MAX = 64;

/**
 * Opens a file and looks whether the tables of its tenants are there.
 *
 * @throws RangeError for a setting out of range; Error when there is no such file, table or column, or when this
 * version of Node.js has no authorizer for SQLite (24.10 or newer has).
 * @example
 * ```ts
 * const shop = await openSqlite({ file: '/srv/shop.db', tenancy: { by: 'tables', tables: { orders: 'tenant_id' } } });
 * ```
 */
export async function openSqlite(settings: SqliteSettings): Promise<SqlDatabase> {
  const { tenancy, timeoutMs = TIMEOUT_MS, processesMax = PROCESSES } = settings;
  checkRange('timeoutMs', timeoutMs, TIMEOUT_MS_MAX);
  checkRange('processesMax', processesMax, PROCESSES_MAX);
  checkLimits(settings);
  const file = resolve(settings.file);
  if (!existsSync(file)) throw new Error(`there is no file ${file}`);
  if (!('setAuthorizer' in DatabaseSync.prototype)) throw new Error('SQLite for tools needs Node.js 24.10 or newer');
  const readers = createReaders(processesMax);
  const shares = createShares(Math.max(1, Math.ceil(processesMax / 2)));
  const tenantTables = tenancy.by === 'tables' ? { tables: tenancy.tables, shared: tenancy.shared ?? [] } : undefined;
  const ask = async (request: Omit<ReadRequest, 'file' | 'tenantTables'>, signal: AbortSignal): Promise<Rows> => {
    const reply = await readers.read({ ...request, file, tenantTables }, signal, timeoutMs);
    return rowsOf(reply);
  };
  const database: SqlDatabase = {
    async read<Row extends JsonObject>(context: CallContext, statement: Sql, limits?: RowLimits) {
      const { text, values } = rendered(statement, context, tenancy);
      const request = { text, values: values.map(boundValue), tenant: context.tenant.id };
      const checked = checkLimits({ ...settings, ...limits });
      const rows = await shares(context.tenant.id, () => ask({ ...request, limits: checked }, context.signal));
      return rows as Rows<Row>;
    },
    async close() {
      readers.close();
    },
  };
  await checkTables(tenancy, ask).catch((thrown: unknown) => {
    readers.close();
    throw thrown;
  });
  return database;
}

async function checkTables(
  tenancy: SqliteTenancy,
  ask: (request: Omit<ReadRequest, 'file' | 'tenantTables'>, signal: AbortSignal) => Promise<Rows>,
): Promise<void> {
  const tables = tenancy.by === 'tables' ? [...Object.keys(tenancy.tables), ...(tenancy.shared ?? [])] : [];
  const text = ['select 1', ...tables.map((table) => `select 1 from (select * from ${quoted(table)} limit 0)`)];
  const request = { text: text.join(' union all '), values: [], tenant: '', limits: checkLimits({}) };
  await ask(request, new AbortController().signal);
}

function rendered(statement: Sql, { tenant }: CallContext, tenancy: SqliteTenancy): Rendered {
  if (tenancy.by === 'one' && tenancy.tenant !== tenant.id)
    throw new ToolError('PERMISSION_DENIED', 'This data belongs to somebody else.');
  const result = render(statement, tenant.id, 'read', (number) => `?${number}`);
  if (tenancy.by === 'predicate' && !result.namesTenant)
    throw new TypeError('a statement names the tenant: where tenant = ${sql.tenant}');
  // SQLite takes a placeholder without a value for null.
  const placeholders = [...outsideQuotes(result.text).matchAll(/[?:@]/g)].length;
  if (placeholders !== result.values.length) throw new TypeError('a statement has values as ${value}, and no ? : @');
  return result;
}

function rowsOf(reply: ReadReply): Rows {
  if ('rows' in reply) return reply.rows;
  if ('refused' in reply) throw new ToolError(reply.refused.code, reply.refused.message);
  throw new Error(`SQLite: ${reply.broken}`);
}

function boundValue(value: SqlValue): SqliteValue {
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'boolean' ? Number(value) : value;
}
