/** What the pool keeps, and how a session leaves it. */
import type { Clock, Era, Log } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import type { Endpoint } from '../transports/transport-kind.ts';
import type { ServerInitiated } from '../transports/transport.ts';
import type { Backoff } from './backoff.ts';
import type { Owner, SessionState, UpstreamSession } from './session.ts';

/** What the pool uses. */
export interface SessionPoolDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** The environment variables that every child process gets besides its settings. */
  readonly environment: Readonly<Record<string, string>>;
  readonly servers: () => readonly ServerSettings[];
  /** @returns the handler of what a server sends outside a response. `state` is that of the session that opens. */
  serverInitiated(settings: ServerSettings, owner: Owner, state: SessionState): ServerInitiated;
  /** True while a session has subscribers: then it is never idle. */
  hasSubscribers(session: UpstreamSession): boolean;
}

/** A session that is being opened: whoever needs it meanwhile waits for the same promise. */
export interface Opening {
  readonly server: string;
  readonly owner: Owner;
  readonly session: Promise<UpstreamSession>;
}

/** The sessions, and everything that the pool remembers about servers. */
export interface PoolState extends SessionPoolDeps {
  readonly sessions: Map<string, UpstreamSession>;
  readonly openings: Map<string, Opening>;
  readonly endpoints: Map<string, Endpoint>;
  readonly backoff: Backoff;
  /** By server: the era that it spoke last; forgotten when the server stops speaking it. */
  readonly eras: Map<string, Era>;
  /** Servers that speak 2026-07-28 and were found to have no session for a legacy client; forgotten with the era. */
  readonly withoutSessions: Set<string>;
  /** By server: why the last attempt to open a session failed. */
  readonly failures: Map<string, { readonly reason: string; readonly atMs: number }>;
  onOpened: (session: UpstreamSession) => Promise<void>;
  onLost: (session: UpstreamSession) => void;
  /** Aborted when the pool is closed. */
  readonly closing: AbortController;
}

/** Takes a session out of the pool and closes it. */
export function removeSession(state: PoolState, session: UpstreamSession): void {
  if (state.sessions.get(session.key) === session) state.sessions.delete(session.key);
  void session.connection.close().catch(() => undefined);
}
