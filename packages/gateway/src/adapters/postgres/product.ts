/** PostgreSQL as the database of the gateway, for several processes on several machines. */
import { sql, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { Product } from '../kysely/product.ts';
import type { PostgresSettings } from '../../snapshot.ts';

/** Calls read keys, pins and sessions from memory; what is left is few, and each change waits for the one before it. */
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

/**
 * @param lost is told when a connection that was idle breaks; the next use opens another.
 * @param statementMsMax only tests wait for less.
 */
export function openPostgres(
  settings: PostgresSettings,
  lost: (message: string) => void,
  statementMsMax = STATEMENT_MS_MAX,
): Product {
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
    statement_timeout: statementMsMax,
    lock_timeout: statementMsMax,
    idle_in_transaction_session_timeout: statementMsMax,
    // The network may take the answer away without a word.
    query_timeout: 2 * statementMsMax,
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
    dialect: new PostgresDialect({ pool: usableConnections(pool) }),
    isShared: true,
    async hasTable(database, name) {
      const { rows } = await sql<{ found: string | null }>`select to_regclass(${name}) as found`.execute(database);
      return rows[0]?.found != null;
    },
    async lockSchema(transaction) {
      await sql`select pg_advisory_xact_lock(${sql.lit(SCHEMA_LOCK)})`.execute(transaction);
    },
  };
}

/**
 * L8: a pool without the connections that did not answer. `pg` keeps one whose query ran out of time, and whoever gets
 * it next waits behind that query; when the network swallowed it, until TCP gives up after a quarter of an hour. A
 * transaction that began meanwhile would still be open in it.
 */
const usableConnections = (pool: pg.Pool): PostgresPool => ({
  options: pool.options,
  end: () => pool.end(),
  async connect() {
    const client = await pool.connect();
    let isUsable = true;
    const query = async (text: string, parameters: readonly unknown[]): Promise<unknown> => {
      if (!isUsable) throw new Error('the connection to the database did not answer');
      try {
        return await client.query(text, [...parameters]);
      } catch (thrown) {
        // Anything else than an answer of the server leaves open what it did.
        isUsable = thrown instanceof pg.DatabaseError;
        throw thrown;
      }
    };
    return {
      query: query as PostgresPoolClient['query'],
      release: (isDiscarded = false) => client.release(isDiscarded || !isUsable),
    };
  },
});
