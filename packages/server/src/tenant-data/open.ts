/** Queries that always have a tenant: there is no way to write one without. */
import { Kysely, type Dialect, type KyselyPlugin } from 'kysely';
import type { CallContext } from '../call-context.ts';
import { ToolError } from '../errors.ts';
import type { AnyRule, TableRules, TenantTables } from './rules.ts';
import { TenantScope, withOwnLimit, type ScopeSettings } from './scope.ts';

/**
 * The beginnings of queries. What follows is written as ever with Kysely.
 *
 * @example
 * ```ts
 * const titles = async (queries: TenantQueries<{ documents: { title: string } }>): Promise<readonly string[]> =>
 *   (await queries.selectFrom('documents').select('title').execute()).map(({ title }) => title);
 * ```
 */
export type TenantQueries<DB> = Pick<Kysely<DB>, 'selectFrom' | 'insertInto' | 'updateTable' | 'deleteFrom'>;

/**
 * A database that is asked for a tenant only.
 *
 * @example
 * ```ts
 * const count = async (data: TenantData<{ documents: { id: number } }>, context: CallContext): Promise<number> =>
 *   (await data.for(context).selectFrom('documents').select('id').execute()).length;
 * ```
 */
export interface TenantData<DB> {
  /**
   * Queries of one call. Every table in them, joined, nested or changed, is the rows of its tenant, and by the rule of
   * ownership those of its user. A query throws TypeError when it has raw SQL, a table without a rule, or a change of
   * the tenant, and ToolError `PERMISSION_DENIED` or `TOO_LARGE`.
   */
  for(context: CallContext): TenantQueries<DB>;
  /** Several of them, of which all happen or none. */
  transaction<T>(context: CallContext, work: (queries: TenantQueries<DB>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Settings that have a default.
 *
 * @example
 * ```ts
 * const byEmail: TenantDataOptions = { ownerOf: ({ principal }) => String(principal.user.claims['email']) };
 * ```
 */
export interface TenantDataOptions {
  /** How the column of the owner names a user; the subject when absent. */
  readonly ownerOf?: (context: CallContext) => string;
  /** Rows of a result, 1 to 100,000; 1,000 when absent. */
  readonly rowsMax?: number;
}

const ROWS = 1_000;
const ROWS_MAX = 100_000;

/**
 * Opens a database for queries of tenants. The connection belongs to it, so that nobody has another way to it.
 *
 * @example
 * ```ts
 * interface Tables { documents: { id: number; tenant_id: string; owner: string; title: string } }
 * const open = (dialect: Dialect) => tenantData<Tables>(dialect).tables({
 *   documents: { tenant: 'tenant_id', owner: 'owner', managers: ['manager'] },
 * });
 * ```
 */
export function tenantData<DB>(
  dialect: Dialect,
  options: TenantDataOptions = {},
): {
  /** Each table needs its rule. @throws RangeError for a maximum that is out of range. */
  readonly tables: <const Rules extends TableRules<DB>>(rules: Rules) => TenantData<TenantTables<DB, Rules>>;
} {
  return { tables: (rules) => openData(dialect, new Map(Object.entries<AnyRule>(rules as never)), options) };
}

function openData<DB>(
  dialect: Dialect,
  rules: ReadonlyMap<string, AnyRule>,
  { ownerOf = ({ principal }) => principal.user.subject, rowsMax = ROWS }: TenantDataOptions,
): TenantData<DB> {
  if (!(Number.isInteger(rowsMax) && rowsMax >= 1 && rowsMax <= ROWS_MAX))
    throw new RangeError(`rowsMax must be a whole number from 1 to ${ROWS_MAX}`);
  const database = new Kysely<DB>({ dialect });
  const settings: ScopeSettings = { rules, ownerOf, plain: database as never };
  const pluginOf = (context: CallContext): KyselyPlugin => scopePlugin(settings, context, rowsMax);
  return {
    for: (context) => queriesOf(database.withPlugin(pluginOf(context))),
    transaction: (context, work) =>
      database
        .withPlugin(pluginOf(context))
        .transaction()
        .execute((transaction) => work(queriesOf(transaction))),
    close: () => database.destroy(),
  };
}

/** Only these four: an instance of Kysely could be asked for one without plugins. */
const queriesOf = <DB>(database: Kysely<DB>): TenantQueries<DB> =>
  Object.freeze({
    selectFrom: database.selectFrom.bind(database),
    insertInto: database.insertInto.bind(database),
    updateTable: database.updateTable.bind(database),
    deleteFrom: database.deleteFrom.bind(database),
  });

function scopePlugin(settings: ScopeSettings, context: CallContext, rowsMax: number): KyselyPlugin {
  return {
    transformQuery({ node }) {
      context.signal.throwIfAborted();
      // One more than there may be tells that there are too many.
      return withOwnLimit(new TenantScope(settings, context).scoped(node), rowsMax + 1);
    },
    async transformResult({ result }) {
      if (result.rows.length <= rowsMax) return result;
      throw new ToolError('TOO_LARGE', `The result has more than ${rowsMax} rows.`, { suggestion: 'Ask for fewer.' });
    },
  };
}
