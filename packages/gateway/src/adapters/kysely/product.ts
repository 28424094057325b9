/** In what SQLite and PostgreSQL differ for the tables that they have alike. */
import type { Dialect, Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/** A database product, opened. */
export interface Product {
  readonly dialect: Dialect;
  /**
   * Whether processes with data folders of their own use it: then keys, pins and sessions are in it as well. SQLite has
   * them in tables that answer at once (`adapters/sqlite/store.ts`).
   */
  readonly isShared: boolean;
  hasTable(database: Kysely<Tables>, name: string): Promise<boolean>;
  /** Keeps other processes from changing the schema until the transaction ends. */
  lockSchema(transaction: Kysely<Tables>): Promise<void>;
}
