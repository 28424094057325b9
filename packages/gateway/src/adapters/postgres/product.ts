/** PostgreSQL as the database of the gateway, for several processes on several machines. */
import { sql, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Product } from '../kysely/product.ts';
import type { PostgresSettings } from '../../snapshot.ts';

/** Requests for approval are few, and each change waits for the one before it. */
const CONNECTIONS_MAX = 8;
const CONNECT_MS_MAX = 5_000;
/** A process that stops in the middle of a change must not hold up the others for longer. */
const STATEMENT_MS_MAX = 5_000;
const IDLE_MS = 60_000;
/** Any number that no other program takes: `sallyport` in ASCII has more bytes than 63 bits hold. */
const SCHEMA_LOCK = 0x73616c6c;
/** 64-bit integers are counts and milliseconds here, which a double holds exactly. */
const INT8 = 20;
const FLOAT_NUMERIC = 1700;

/** @param lost is told when a connection that was idle breaks; the next use opens another. */
export function openPostgres(settings: PostgresSettings, lost: (message: string) => void): Product {
  const pool = new pg.Pool({
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    // A function, because `pg` would otherwise look for one in the environment and in files.
    password: () => settings.password ?? '',
    ssl: settings.tls === undefined ? false : { ...settings.tls, rejectUnauthorized: true },
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    idleTimeoutMillis: IDLE_MS,
    statement_timeout: STATEMENT_MS_MAX,
    lock_timeout: STATEMENT_MS_MAX,
    idle_in_transaction_session_timeout: STATEMENT_MS_MAX,
    // The network may take the answer away without a word.
    query_timeout: 2 * STATEMENT_MS_MAX,
    keepAlive: true,
    // U4: a crash of the server must not forget that an approval was used, whatever its configuration says.
    options: '-c synchronous_commit=on',
    application_name: 'sallyport',
    types: {
      getTypeParser: (oid: number) => (oid === INT8 || oid === FLOAT_NUMERIC ? Number : pg.types.getTypeParser(oid)),
    },
  });
  // Without listeners the process would end: the first is for connections at rest, the second for those in use.
  pool.on('error', ({ message }) => lost(message));
  pool.on('connect', (client) => client.on('error', ({ message }) => lost(message)));
  return {
    dialect: new PostgresDialect({ pool }),
    async hasTable(database, name) {
      const { rows } = await sql<{ found: string | null }>`select to_regclass(${name}) as found`.execute(database);
      return rows[0]?.found != null;
    },
    async lockSchema(transaction) {
      await sql`select pg_advisory_xact_lock(${sql.lit(SCHEMA_LOCK)})`.execute(transaction);
    },
  };
}
