/** A database as a tool sees it, whichever product it is. */
import type { JsonObject } from '@sallyport/guard';
import type { CallContext } from '../call-context.ts';
import type { Sql } from './fragment.ts';
import type { RowLimits, Rows } from './rows.ts';

/**
 * A database that tools read. Each call has a transaction of its own, which cannot write.
 *
 * @example
 * ```ts
 * const countOrders = async (database: SqlDatabase, context: CallContext): Promise<JsonObject> =>
 *   (await database.read(context, sql`select count(*) as orders from orders`)).rows[0] ?? {};
 * ```
 */
export interface SqlDatabase {
  /**
   * Runs one statement for the tenant of the call. It ends, in the database too, when the call is cancelled or its time
   * is over.
   *
   * @param context the call: its tenant is the one whose rows there are.
   * @throws ToolError for what the caller caused: `INVALID_ARGUMENT`, `TOO_LARGE`, `TIMEOUT`, `RATE_LIMITED` when the
   * tenant has too many statements under way. Other errors are the author's or the operator's.
   */
  read<Row extends JsonObject = JsonObject>(
    context: CallContext,
    statement: Sql,
    limits?: RowLimits,
  ): Promise<Rows<Row>>;
  /** Ends what is under way and closes all connections. */
  close(): Promise<void>;
}

/**
 * A transaction that writes. It commits when the function that got it returns, and is undone when that throws.
 *
 * @example
 * ```ts
 * const rename = async (transaction: SqlTransaction, id: number, name: string): Promise<number> =>
 *   (await transaction.write(sql`update customers set name = ${name} where id = ${id} returning id`)).rows.length;
 * ```
 */
export interface SqlTransaction {
  read<Row extends JsonObject = JsonObject>(statement: Sql, limits?: RowLimits): Promise<Rows<Row>>;
  /**
   * Runs one statement that writes. A result that is larger than the limits allow undoes the transaction.
   *
   * @returns the rows of its `returning`, and how many rows it changed.
   */
  write<Row extends JsonObject = JsonObject>(statement: Sql): Promise<Rows<Row> & { readonly changed: number }>;
}

/** A database that was opened with `writes: 'allowed'`. */
export interface WritableSqlDatabase extends SqlDatabase {
  /**
   * Runs statements in one transaction for the tenant of the call.
   *
   * @throws ToolError as `read` does, and `CONFLICT` for what a constraint of the database refuses.
   */
  transaction<T>(context: CallContext, work: (transaction: SqlTransaction) => Promise<T>): Promise<T>;
}
