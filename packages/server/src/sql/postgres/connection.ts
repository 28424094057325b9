/** What is used of the package `pg`, which whoever uses PostgreSQL installs beside this one. */
import type { Duplex } from 'node:stream';

/** A statement and how its result is read. */
export interface Query {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly rowMode?: 'array';
  /** Always the extended protocol, which runs one statement only. */
  readonly queryMode?: 'extended';
  readonly types?: { getTypeParser(oid: number, format?: string): (text: string) => unknown };
}

/** A result in which each row is a list. */
export interface QueryResult {
  readonly rows: readonly (readonly unknown[])[];
  readonly fields: readonly { readonly name: string }[];
  readonly rowCount: number | null;
  /** The first words of what the server says it did. */
  readonly command: string;
}

/** A connection that was taken out of a pool. */
export interface Connection {
  query(query: Query): Promise<QueryResult>;
  /** @param destroy closes it instead of keeping it for the next one. */
  release(destroy?: boolean): void;
  /** Of the protocol in JavaScript; absent with native bindings. */
  readonly connection?: { readonly stream: Duplex };
}

/**
 * A pool of `pg` that nobody else uses: its connections are reset after each call.
 *
 * @example
 * ```ts
 * const size = ({ totalCount }: PostgresPool): number => totalCount;
 * ```
 */
export interface PostgresPool {
  connect(): Promise<Connection>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  readonly totalCount: number;
  readonly options: { readonly max?: number };
}

/**
 * How to reach a PostgreSQL server.
 *
 * @example
 * ```ts
 * const local: PostgresConnection = { host: '/run/postgresql', database: 'shop', user: 'reporting' };
 * ```
 */
export interface PostgresConnection {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  /** 5432 when absent. */
  readonly port?: number;
  readonly database: string;
  readonly user: string;
  readonly password?: string;
  /**
   * TLS with a verified certificate; `{ ca }` for a private authority. Required for a host that is not this machine;
   * `false` there sends the password and all rows in clear text.
   */
  readonly tls?: boolean | { readonly ca: string };
}

const CONNECT_MS_MAX = 5_000;
const LOCAL = /^(\/|localhost$|127\.|::1$)/;

/** @throws RangeError for another machine without a word on TLS; Error when `pg` is not installed. */
export async function openPool(settings: PostgresConnection, connectionsMax: number): Promise<PostgresPool> {
  const { host, port = 5432, database, user, password, tls } = settings;
  if (tls === undefined && !LOCAL.test(host))
    throw new RangeError(`${host} is another machine: set tls: true (or false, which sends all in clear text)`);
  const { default: pg } = await import('pg').catch((cause: unknown) => {
    throw new Error('PostgreSQL needs the package pg: npm install pg', { cause });
  });
  const pool = new pg.Pool({
    host,
    port,
    database,
    user,
    // A function, because `pg` would otherwise look for a password in the environment and in files.
    password: () => password ?? '',
    ssl: tls === undefined || tls === false ? false : { ...(tls === true ? {} : tls), rejectUnauthorized: true },
    max: connectionsMax,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    keepAlive: true,
    application_name: 'sallyport-server',
  });
  // A connection in use breaks with the call that uses it. Without a listener the process would end.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool as unknown as PostgresPool;
}
