/** What a kind of transport must provide: one row of the table in `transports.ts`. */
import type { Era, JsonObject, Log } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import type { Connection, ServerInitiated } from './transport.ts';

/** One kind of transport. */
export interface TransportKind {
  /**
   * Opens what all connections to one server share. Connects to nothing yet.
   *
   * @param environment variables that a child process gets besides those of its settings.
   */
  openEndpoint(settings: ServerSettings, environment: Readonly<Record<string, string>>): Endpoint;
  /** After a failed start: the next call tries `at once`, or it must wait longer after each failure (`backoff`). */
  readonly restart: 'at once' | 'backoff';
  /** Eras in which a connection carries neither session nor identity, so that one connection serves all principals. */
  readonly sharedEras: ReadonlySet<Era>;
}

/** One server, as its connections reach it. */
export interface Endpoint {
  /** @throws GuardError `upstream_failed` or `upstream_timeout`; nothing stays open then. */
  connect(options: ConnectOptions): Promise<Connection>;
  /** Frees what the connections share. */
  close(): Promise<void>;
}

/** What a connection is opened with. */
export interface ConnectOptions {
  readonly settings: ServerSettings;
  /** What `initialize` declares in the client's name. */
  readonly capabilities: JsonObject;
  /**
   * What `server/discover` declares, whoever the session is for: its answer holds for all callers of a connection that
   * they share (B11). Later requests declare the capabilities of their own clients.
   */
  readonly ownCapabilities: JsonObject;
  /** The era that the server spoke last, if it is known: a legacy server is not asked for 2026-07-28 again. */
  readonly era: Era | undefined;
  readonly log: Log;
  /** Aborts when the gateway closes: a start that runs then ends. */
  readonly closing: AbortSignal;
  readonly serverInitiated: ServerInitiated;
}
