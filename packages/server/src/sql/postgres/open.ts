/** PostgreSQL for tools: who may be asked for, how long, how much, and whose rows. */
import type { JsonObject } from '@sallyport/guard';
import { ToolError } from '../../errors.ts';
import type { CallContext } from '../../call-context.ts';
import type { SqlDatabase, SqlTransaction, WritableSqlDatabase } from '../database.ts';
import type { Sql } from '../fragment.ts';
import { render } from '../render.ts';
import { checkLimits, checkRange, type RowLimits, type Rows } from '../rows.ts';
import { openPool, type PostgresConnection, type PostgresPool } from './connection.ts';
import { readRows, writeRows } from './read.ts';
import { roleFindings, tenancyFindings } from './role.ts';
import { inTransaction, LOOK_FOR_CLIENT, type Run, type TransactionSettings } from './transaction.ts';
import { createShares } from '../../tenant-shares.ts';

/**
 * Whose rows a statement sees.
 *
 * - `row-level-security`: policies of the database read the setting, which holds the tenant of the call. Everything
 *   that the role can reach must have such a policy, or be listed as shared with its schema (`public.currencies`).
 * - `predicate`: each statement names the tenant (`sql.tenant`), or is not run. For a database without policies. That
 *   the condition is right is up to the author; `@sallyport/server/tenant-data` writes it.
 * - `one`: the database belongs to one tenant; others are refused.
 *
 * @example
 * ```ts
 * const byPolicy: Tenancy = { by: 'row-level-security', setting: 'app.tenant', shared: ['public.currencies'] };
 * ```
 */
export type Tenancy =
  | { readonly by: 'row-level-security'; readonly setting?: string; readonly shared?: readonly string[] }
  | { readonly by: 'predicate' }
  | { readonly by: 'one'; readonly tenant: string };

/**
 * What `openPostgres` needs.
 *
 * @example
 * ```ts
 * const settings: PostgresSettings = {
 *   connection: { host: '/run/postgresql', database: 'shop', user: 'reporting' },
 *   tenancy: { by: 'row-level-security' },
 * };
 * ```
 */
export interface PostgresSettings extends RowLimits {
  /** How to reach the server, or a pool of `pg` that nobody else uses. */
  readonly connection: PostgresConnection | PostgresPool;
  readonly tenancy: Tenancy;
  /** Time limit of a call in the database, from 1 ms to 1 hour; 10,000 ms when absent. */
  readonly timeoutMs?: number;
  /** 1 to 1,000; 10 when absent. One tenant gets at most half of them. A pool has its own maximum. */
  readonly connectionsMax?: number;
  /** Allows `transaction`. When absent, every transaction is read-only. */
  readonly writes?: 'allowed';
}

const TIMEOUT_MS = 10_000;
const TIMEOUT_MS_MAX = 3_600_000;
const CONNECTIONS = 10;
const CONNECTIONS_MAX = 1_000;
const SETTING = 'app.tenant';
const SETTING_NAME = /^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$/;
/** The protocol adds a few bytes to each value, and one row may be more than what fits. */
const RECEIVED_OVERHEAD_BYTES = 1024 * 1024;

const isPool = (connection: PostgresConnection | PostgresPool): connection is PostgresPool => 'connect' in connection;

/** Opens a database whose `transaction` may write; see the next one. */
export function openPostgres(settings: PostgresSettings & { readonly writes: 'allowed' }): Promise<WritableSqlDatabase>;
/**
 * Opens a database and looks at what its role may do.
 *
 * @throws RangeError for a setting out of range; Error when the role is too strong, or reaches rows of all tenants. The
 * message names each table and what to do.
 * @example
 * ```ts
 * const shop = await openPostgres({
 *   connection: { host: '/run/postgresql', database: 'shop', user: 'reporting' },
 *   tenancy: { by: 'row-level-security' },
 * });
 * ```
 */
export function openPostgres(settings: PostgresSettings): Promise<SqlDatabase>;
/** Both of them. */
export async function openPostgres(settings: PostgresSettings): Promise<WritableSqlDatabase> {
  const { connection, tenancy, timeoutMs = TIMEOUT_MS, connectionsMax = CONNECTIONS } = settings;
  checkRange('timeoutMs', timeoutMs, TIMEOUT_MS_MAX);
  checkRange('connectionsMax', connectionsMax, CONNECTIONS_MAX);
  const limits = checkLimits(settings);
  const tenantSetting = tenancy.by === 'row-level-security' ? (tenancy.setting ?? SETTING) : undefined;
  if (tenantSetting !== undefined && !SETTING_NAME.test(tenantSetting))
    throw new RangeError('the setting of the tenant has two names in lower case: app.tenant');
  const pool = isPool(connection) ? connection : await openPool(connection, connectionsMax);
  pool.on('error', () => undefined);
  try {
    await checkRole(pool, tenancy, tenantSetting);
    const transactionSettings = {
      tenantSetting,
      timeoutMs,
      looksForClient: await knowsClientCheck(pool),
      receivedBytesMax: 2 * limits.bytesMax + RECEIVED_OVERHEAD_BYTES,
    };
    return databaseOf(pool, settings, transactionSettings);
  } catch (thrown) {
    if (!isPool(connection)) await pool.end();
    throw thrown;
  }
}

async function checkRole(pool: PostgresPool, tenancy: Tenancy, setting: string | undefined): Promise<void> {
  const shared = new Set(tenancy.by === 'row-level-security' ? tenancy.shared : []);
  const findings = [
    ...(await roleFindings(pool)),
    ...(setting === undefined ? [] : await tenancyFindings(pool, setting, shared)),
  ];
  if (findings.length === 0) return;
  throw new Error(
    `the database is not safe for tools: ${findings.join('; ')}. Use a role without such rights, give each table a ` +
      'policy that compares with the setting of the tenant, or list what all tenants share in tenancy.shared',
  );
}

async function knowsClientCheck(pool: PostgresPool): Promise<boolean> {
  const connection = await pool.connect();
  const isKnown = await connection.query({ text: `select ${LOOK_FOR_CLIENT}` }).then(
    () => true,
    () => false,
  );
  connection.release(true);
  return isKnown;
}

function databaseOf(
  pool: PostgresPool,
  settings: PostgresSettings,
  transactionSettings: Omit<TransactionSettings, 'access'>,
): WritableSqlDatabase {
  const { tenancy, writes } = settings;
  const shares = createShares(Math.max(1, Math.ceil((pool.options.max ?? CONNECTIONS) / 2)));
  const run = async <T>(context: CallContext, access: 'read' | 'write', work: (run: Run) => Promise<T>): Promise<T> => {
    if (tenancy.by === 'one' && tenancy.tenant !== context.tenant.id)
      throw new ToolError('PERMISSION_DENIED', 'This data belongs to somebody else.');
    return shares(context.tenant.id, () => inTransaction(pool, context, { ...transactionSettings, access }, work));
  };
  const rendered = ({ tenant }: CallContext, statement: Sql, access: 'read' | 'write'): ReturnType<typeof render> => {
    const result = render(statement, tenant.id, access, (number) => `$${number}`);
    if (tenancy.by === 'predicate' && !result.namesTenant)
      throw new TypeError('a statement names the tenant: where tenant = ${sql.tenant}');
    return result;
  };
  const limitsOf = (limits: RowLimits | undefined): ReturnType<typeof checkLimits> =>
    checkLimits({ ...settings, ...limits });
  return {
    async read<Row extends JsonObject>(context: CallContext, statement: Sql, limits?: RowLimits) {
      const query = rendered(context, statement, 'read');
      const rows = await run(context, 'read', (send) => readRows(send, query, limitsOf(limits)));
      return rows as Rows<Row>;
    },
    async transaction(context, work) {
      if (writes !== 'allowed') throw new TypeError("this database is read-only: open it with writes: 'allowed'");
      return run(context, 'write', async (send) => {
        let isOpen = true;
        const whileOpen: Run = (query) =>
          isOpen ? send(query) : Promise.reject(new TypeError('the transaction is over: await each statement'));
        const transaction: SqlTransaction = {
          read: async (statement, limits) =>
            (await readRows(whileOpen, rendered(context, statement, 'read'), limitsOf(limits))) as never,
          write: async (statement) =>
            (await writeRows(whileOpen, rendered(context, statement, 'write'), limitsOf({}))) as never,
        };
        try {
          return await work(transaction);
        } finally {
          isOpen = false;
        }
      });
    },
    close: () => pool.end(),
  };
}
