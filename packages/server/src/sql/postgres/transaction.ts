/** One transaction for one call: its tenant, its time, its bytes, and a connection that remembers nothing of it. */
import { ToolError } from '../../errors.ts';
import type { CallContext } from '../../call-context.ts';
import { tooLarge } from '../rows.ts';
import { timedOut } from '../timed-out.ts';
import type { Connection, PostgresPool, Query, QueryResult } from './connection.ts';
import { callerError } from './errors.ts';

/** What a transaction may take. */
export interface TransactionSettings {
  readonly access: 'read' | 'write';
  /** The setting that holds the tenant; `undefined` when no policy of the database reads it. */
  readonly tenantSetting: string | undefined;
  readonly timeoutMs: number;
  /** Whether the server can look if the client is still there, while it works. */
  readonly looksForClient: boolean;
  /** Bytes that the server may send in all, before the connection is cut: one row can be larger than the memory. */
  readonly receivedBytesMax: number;
}

/** Ends what the server does for a process that was killed or is out of reach. PostgreSQL 14 on Linux knows it. */
export const LOOK_FOR_CLIENT = "set_config('client_connection_check_interval', '1s', true)";

/** Runs one statement in the transaction. */
export type Run = (query: Query) => Promise<QueryResult>;

/** @throws ToolError for what the caller caused; the reason of the signal when the call was cancelled. */
export async function inTransaction<T>(
  pool: PostgresPool,
  { tenant, signal }: CallContext,
  settings: TransactionSettings,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const connection = await connect(pool, signal, settings.timeoutMs);
  const watched = watch(connection, signal, settings, (pid) => cancelStatement(pool, pid));
  let isClean = false;
  try {
    await begin(connection, tenant.id, settings, watched);
    const result = await work((query) => connection.query(query));
    watched.throwIfCut();
    await end(connection, settings.access);
    watched.throwIfCut();
    isClean = await reset(connection);
    return result;
  } catch (thrown) {
    watched.throwIfCut();
    isClean = await rollBack(connection);
    throw callerError(thrown);
  } finally {
    await watched.end();
    connection.release(!isClean);
  }
}

/** @throws Error when the work went on after a statement had failed: PostgreSQL then undoes instead of committing. */
async function end(connection: Connection, access: 'read' | 'write'): Promise<void> {
  const text = access === 'write' ? 'COMMIT' : 'ROLLBACK';
  const { command } = await connection.query({ text });
  if (command !== text) throw new Error('the transaction was undone, because one of its statements had failed');
}

const rollBack = (connection: Connection): Promise<boolean> =>
  connection.query({ text: 'ROLLBACK' }).then(
    () => reset(connection),
    () => false,
  );

/** Settings, locks, temporary tables and prepared statements of one tenant must not meet the next one. */
const reset = (connection: Connection): Promise<boolean> =>
  connection.query({ text: 'DISCARD ALL' }).then(
    () => true,
    () => false,
  );

async function begin(
  connection: Connection,
  tenant: string,
  { access, tenantSetting, timeoutMs, looksForClient }: TransactionSettings,
  watched: Watched,
): Promise<void> {
  const isRead = access === 'read';
  await connection.query({ text: isRead ? 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' : 'BEGIN READ WRITE' });
  const values: unknown[] = [`${timeoutMs}ms`];
  const set = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'].map(
    (name) => `set_config('${name}', $1, true)`,
  );
  if (looksForClient) set.push(LOOK_FOR_CLIENT);
  if (tenantSetting !== undefined) {
    values.push(tenantSetting, tenant);
    set.push('set_config($2, $3, true)');
  }
  const text = `select pg_backend_pid(), current_setting('transaction_read_only'), ${set.join(', ')},
    set_config('DateStyle', 'ISO', true), set_config('TimeZone', 'UTC', true)`;
  const { rows } = await connection.query({ text, values, rowMode: 'array', queryMode: 'extended' });
  const [pid, readOnly] = rows[0] ?? [];
  // A connection that came with an open transaction would keep the mode of that one.
  if (readOnly !== (isRead ? 'on' : 'off'))
    throw new Error('the connection was left in a transaction by somebody else');
  watched.started(Number(pid));
}

async function connect(pool: PostgresPool, signal: AbortSignal, timeoutMs: number): Promise<Connection> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason as Error);
  const timer = setTimeout(
    () =>
      aborted.reject(
        new ToolError('TIMEOUT', 'All connections to the database are in use.', { suggestion: 'Try again later.' }),
      ),
    timeoutMs,
  );
  signal.addEventListener('abort', onAbort, { once: true });
  const connecting = pool.connect();
  try {
    return await Promise.race([connecting, aborted.promise]);
  } catch (thrown) {
    // It may still come, and belongs to the pool then.
    void connecting.then(
      (late) => late.release(),
      () => undefined,
    );
    throw thrown;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    aborted.promise.catch(() => undefined);
  }
}

/** Ends what a backend runs. Roles may do that to their own backends. A connection of its own waits for no other. */
async function cancelStatement(pool: PostgresPool, pid: number): Promise<void> {
  const { Client, options } = pool as PostgresPool & {
    readonly Client: new (options: unknown) => {
      connect(): Promise<void>;
      query(query: Query): Promise<unknown>;
      end(): Promise<void>;
      on(event: 'error', listener: () => void): unknown;
    };
  };
  const client = new Client(options);
  client.on('error', () => undefined);
  await client.connect();
  await client.query({ text: 'select pg_cancel_backend($1)', values: [pid], queryMode: 'extended' });
  await client.end();
}

interface Watched {
  /** From now on there is a backend whose statement can be cancelled. */
  started(pid: number): void;
  /** @throws why the connection was cut off, when it was. */
  throwIfCut(): void;
  /** Resolves when nothing more is done to the backend. */
  end(): Promise<void>;
}

/** Cuts the connection off when the call is cancelled, its time is over or it received too much. */
function watch(
  { connection }: Connection,
  signal: AbortSignal,
  { timeoutMs, receivedBytesMax }: TransactionSettings,
  cancel: (pid: number) => Promise<void>,
): Watched {
  const socket = connection?.stream;
  if (socket === undefined) throw new TypeError('the pool must be one of pg without native bindings');
  const cancelled = Promise.withResolvers<void>();
  let pid: number | undefined;
  let reason: { readonly error: unknown } | undefined;
  const cut = (error: unknown): void => {
    if (reason !== undefined) return;
    reason = { error };
    // A cancel request that came late must not meet the next statement of another call: the connection is never used
    // again, and it is closed when the request was answered.
    const sent = pid === undefined ? Promise.resolve() : cancel(pid);
    void sent
      .catch(() => undefined)
      .then(() => socket.destroy())
      .then(() => cancelled.resolve());
  };
  const onAbort = (): void => cut(signal.reason);
  const timer = setTimeout(() => cut(timedOut()), timeoutMs);
  let received = 0;
  const onData = (chunk: Buffer): void => {
    received += chunk.length;
    if (received <= receivedBytesMax) return;
    // What is on its way must not fill the memory while the request to cancel is.
    socket.destroy();
    cut(tooLarge(`${receivedBytesMax} bytes`));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  socket.on('data', onData);
  return {
    started(backend) {
      pid = backend;
    },
    throwIfCut() {
      if (reason !== undefined) throw reason.error;
    },
    async end() {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('data', onData);
      if (reason !== undefined) await cancelled.promise;
    },
  };
}
