/** A connection for one statement: read-only, without a way to other files, and with the rows of one tenant. */
import { randomUUID } from 'node:crypto';
import { constants, DatabaseSync } from 'node:sqlite';
import { quoted, type ReadRequest, type TenantTables } from './request.ts';

const HEAP_BYTES_MAX = 256 * 1024 * 1024;
const BUSY_MS_MAX = 1_000;
/** Functions that reach files or the inside of SQLite, where a build has them. */
const FORBIDDEN_FUNCTIONS = new Set(['load_extension', 'readfile', 'writefile', 'edit', 'fts3_tokenizer']);
const TENANT_FUNCTION = 'sallyport_tenant';

/** @throws Error when the file cannot be opened, or lacks a table of the settings. */
export function openConnection({ file, tenant, tenantTables, limits }: ReadRequest): DatabaseSync {
  const database = new DatabaseSync(file, {
    readOnly: true,
    allowExtension: false,
    defensive: true,
    enableDoubleQuotedStringLiterals: false,
    timeout: BUSY_MS_MAX,
    limits: { attach: 0, length: Math.max(1024 * 1024, 2 * limits.bytesMax), exprDepth: 200, likePatternLength: 1_000 },
  });
  try {
    database.exec(`PRAGMA hard_heap_limit = ${HEAP_BYTES_MAX}; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
      PRAGMA mmap_size = 0; PRAGMA query_only = ON`);
    if (tenantTables === undefined) database.setAuthorizer(authorizer(() => true));
    else database.setAuthorizer(authorizer(tenantReads(database, tenant, tenantTables)));
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

/**
 * A view of the same name stands before each table of tenants, and shows the rows of one. SQLite says through which
 * view a table is read. That name is made of chance, because a statement may call a part of itself by any name.
 *
 * @returns the names of the views that may read, by the table that each may read.
 */
function makeViews(database: DatabaseSync, tenant: string, { tables }: TenantTables): ReadonlyMap<string, string> {
  // It gives the same tenant for the whole life of this connection, so that an index can be used.
  database.function(TENANT_FUNCTION, { deterministic: true }, () => tenant);
  database.exec('PRAGMA query_only = OFF');
  const views = Object.entries(tables).map(([table, column]): [string, string] => {
    const view = `rows_of_tenant_${randomUUID()}`;
    database.exec(
      `create temp view ${quoted(view)} as select * from main.${quoted(table)} as t ` +
        `where t.${quoted(column)} = ${TENANT_FUNCTION}();
       create temp view ${quoted(table)} as select * from temp.${quoted(view)}`,
    );
    return [table.toLowerCase(), view];
  });
  database.exec('PRAGMA query_only = ON');
  return new Map(views);
}

/** Whether a table may be read, in the schema and through the view that SQLite names. */
type MayRead = (table: string, schema: string | null, view: string | null) => boolean;

function tenantReads(database: DatabaseSync, tenant: string, tenantTables: TenantTables): MayRead {
  const inFile = new Set(
    database
      .prepare('select lower(name) as name from main.sqlite_schema')
      .all()
      .map(({ name }) => String(name)),
  );
  const views = makeViews(database, tenant, tenantTables);
  const shared = new Set(tenantTables.shared.map((table) => table.toLowerCase()));
  return (name, schema, view) => {
    const table = name.toLowerCase();
    if (table.startsWith('sqlite_')) return false;
    if (schema === 'temp' || shared.has(table)) return true;
    // A table of which no column is read has no schema here; nor has a part of the statement.
    if (schema === null) return views.has(table) || !inFile.has(table);
    return view !== null && views.get(table) === view;
  };
}

/** Everything that is not reading is refused: ATTACH, PRAGMA, transactions, changes. */
function authorizer(mayRead: MayRead): NonNullable<Parameters<DatabaseSync['setAuthorizer']>[0]> {
  return (action, first, second, schema, view) => {
    if (action === constants.SQLITE_SELECT || action === constants.SQLITE_RECURSIVE) return constants.SQLITE_OK;
    if (action === constants.SQLITE_FUNCTION)
      return FORBIDDEN_FUNCTIONS.has((second ?? '').toLowerCase()) ? constants.SQLITE_DENY : constants.SQLITE_OK;
    const isRead = action === constants.SQLITE_READ && mayRead(first ?? '', schema, view);
    return isRead ? constants.SQLITE_OK : constants.SQLITE_DENY;
  };
}
