/** SQL without injection, for one tenant at a time, read-only unless asked for by name, and never without an end. */
export type { SqlDatabase, SqlTransaction, WritableSqlDatabase } from './database.ts';
export { sql, type Sql, type SqlValue } from './fragment.ts';
export type { PostgresConnection, PostgresPool } from './postgres/connection.ts';
export { openPostgres, type PostgresSettings, type Tenancy } from './postgres/open.ts';
export type { RowLimits, Rows } from './rows.ts';
export { openSqlite, type SqliteSettings, type SqliteTenancy } from './sqlite/open.ts';
