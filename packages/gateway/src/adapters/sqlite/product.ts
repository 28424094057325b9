/** SQLite as the database of the gateway: one file in the data folder. */
import { sql } from 'kysely';
import type { Product } from '../kysely/product.ts';
import { createSqliteDialect } from './kysely-driver.ts';
import { openFile } from './open-file.ts';

/** @param file is created when it does not exist. @throws Error that names the file when it cannot be opened. */
export function openSqlite(file: string): Product {
  const database = openFile(file);
  // L8: nothing may wait inside SQLite.
  database.exec('PRAGMA busy_timeout = 0');
  return {
    dialect: createSqliteDialect(database),
    isShared: false,
    async hasTable(reader, name) {
      const { rows } = await sql`select 1 from sqlite_schema where type = 'table' and name = ${name}`.execute(reader);
      return rows.length > 0;
    },
    // The transaction holds the only write lock of the file from its begin on.
    lockSchema: async () => {},
  };
}
