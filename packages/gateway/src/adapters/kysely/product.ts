/** In what SQLite and PostgreSQL differ for the tables that they have alike. */
import type { Dialect, Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/** A database product, opened. */
export interface Product {
  readonly dialect: Dialect;
  hasTable(database: Kysely<Tables>, name: string): Promise<boolean>;
  /** Keeps other processes from changing the schema until the transaction ends. */
  lockSchema(transaction: Kysely<Tables>): Promise<void>;
}
