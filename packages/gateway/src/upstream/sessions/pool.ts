/**
 * The sessions to all servers. Each belongs to one server, principal and client session: no two principals share one
 * (invariant 7). Only a connection that carries neither session nor identity serves everybody.
 */
import type { Era, JsonObject } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import { transportFailure } from '../transports/failure.ts';
import { createBackoff } from './backoff.ts';
import { sessionToEvict } from './caps.ts';
import { openSession } from './open-session.ts';
import { removeSession, type PoolState, type SessionPoolDeps } from './pool-state.ts';
import { reap } from './reaping.ts';
import { ownedSessionKey, sharedSessionKey } from './session-key.ts';
import type { Owner, UpstreamSession } from './session.ts';

/** Gives sessions to calls, and takes them back. */
export interface SessionPool {
  /**
   * A session with `useCount` raised, at once when one is open. Give it back with `release`.
   *
   * @param capabilities what the session declares in the client's name.
   * @param needsSession of two eras the legacy one is taken, because only its sessions carry requests of the server.
   * @throws GuardError `upstream_failed`, `upstream_timeout` or `rate_limited`.
   */
  acquire(
    settings: ServerSettings,
    owner: Owner,
    capabilities: JsonObject,
    needsSession: boolean,
  ): UpstreamSession | Promise<UpstreamSession>;
  release(session: UpstreamSession): void;
  /** The open sessions that carry an owner's calls to a server: its own, else those that all callers share. */
  sessionsOf(server: string, owner: Owner): readonly UpstreamSession[];
  /** Gives up a session after a failure that casts doubt on it. Calls that still use it may finish. */
  discard(session: UpstreamSession): void;
  /** Why the server could not be reached lately; `undefined` when it could, or when nobody tried for a while. */
  lastFailure(server: string): string | undefined;
  /** By server: the era that it spoke last. */
  readonly eras: ReadonlyMap<string, Era>;
  /** How many sessions to the server are open. */
  count(server: string): number;
  /** Sets what runs once for every session that was opened, before its first call. */
  onOpened(listener: (session: UpstreamSession) => Promise<void>): void;
  /** Sets what runs for every session that ended by itself, or was discarded, while it had subscribers. */
  onLost(listener: (session: UpstreamSession) => void): void;
  close(): Promise<void>;
}

const REAP_INTERVAL_MS = 1_000;
/**
 * A failure that nobody repeats must not keep a gateway from being ready: then nobody would ever repeat it. Longer than
 * the longest wait of `backoff.ts`, during which nothing is tried.
 */
const FAILURE_REMEMBERED_MS = 60_000;

/** Opens no session: the first `acquire` does. */
export function createSessionPool(deps: SessionPoolDeps): SessionPool {
  const state: PoolState = {
    ...deps,
    sessions: new Map(),
    openings: new Map(),
    endpoints: new Map(),
    backoff: createBackoff(deps.clock),
    eras: new Map(),
    withoutSessions: new Set(),
    failures: new Map(),
    onOpened: () => Promise.resolve(),
    onLost: () => undefined,
    closing: new AbortController(),
  };
  const reaper = setInterval(() => reap(state), REAP_INTERVAL_MS);
  reaper.unref();
  return {
    acquire: (settings, owner, capabilities, needsSession) =>
      acquire(state, settings, owner, capabilities, needsSession),
    release: (session) => release(state, session),
    sessionsOf: (server, owner) => sessionsOf(state, server, owner),
    discard: (session) => discard(state, session),
    lastFailure: (server) => lastFailure(state, server),
    eras: state.eras,
    count: (server) => [...state.sessions.values()].filter(({ settings }) => settings.name === server).length,
    onOpened: (listener) => {
      state.onOpened = listener;
    },
    onLost: (listener) => {
      state.onLost = listener;
    },
    close: () => {
      clearInterval(reaper);
      return close(state);
    },
  };
}

function acquire(
  state: PoolState,
  settings: ServerSettings,
  owner: Owner,
  capabilities: JsonObject,
  needsSession: boolean,
): UpstreamSession | Promise<UpstreamSession> {
  if (state.closing.signal.aborted) throw transportFailure('the gateway is closing');
  const asksForLegacy = needsSession && settings.era === 'auto' && !state.withoutSessions.has(settings.name);
  const shared = asksForLegacy ? undefined : state.sessions.get(sharedSessionKey(settings));
  if (shared !== undefined && !shared.connection.isClosed()) return use(state, shared);
  const key = ownedSessionKey(settings, owner, capabilities);
  const owned = state.sessions.get(key);
  if (owned !== undefined && !owned.connection.isClosed()) return use(state, owned);
  if (owned !== undefined) removeSession(state, owned);
  const opening =
    state.openings.get(key)?.session ?? startOpening(state, key, settings, owner, capabilities, asksForLegacy);
  return opening.then((session) => use(state, session));
}

function use(state: PoolState, session: UpstreamSession): UpstreamSession {
  session.useCount++;
  session.lastUsedAtMs = state.clock.now();
  return session;
}

function release(state: PoolState, session: UpstreamSession): void {
  session.useCount--;
  session.lastUsedAtMs = state.clock.now();
  // A session that was discarded while others used it ends with the last of them.
  if (session.useCount <= 0 && state.sessions.get(session.key) !== session)
    void session.connection.close().catch(() => undefined);
}

function sessionsOf(state: PoolState, server: string, owner: Owner): readonly UpstreamSession[] {
  const isFor = (of: Owner | undefined): boolean =>
    of === undefined || (of.principal === owner.principal && of.session === owner.session);
  const usable = [...state.sessions.values()].filter(
    (session) => session.settings.name === server && isFor(session.owner),
  );
  const owned = usable.filter((session) => session.owner !== undefined && !session.connection.isClosed());
  return owned.length > 0 ? owned : usable;
}

function discard(state: PoolState, session: UpstreamSession): void {
  state.eras.delete(session.settings.name);
  state.withoutSessions.delete(session.settings.name);
  if (session.useCount <= 0) removeSession(state, session);
  else state.sessions.delete(session.key);
  if (state.hasSubscribers(session)) state.onLost(session);
}

function lastFailure(state: PoolState, server: string): string | undefined {
  const last = state.failures.get(server);
  if (last === undefined) return undefined;
  // An attempt may take longer than that: while it lasts, the one before it is what is known.
  const isTriedAgain = [...state.openings.values()].some((opening) => opening.server === server);
  return isTriedAgain || state.clock.now() - last.atMs <= FAILURE_REMEMBERED_MS ? last.reason : undefined;
}

/** Makes space for a session and starts to open it; everybody who needs it meanwhile waits for the same promise. */
function startOpening(
  state: PoolState,
  key: string,
  settings: ServerSettings,
  owner: Owner,
  capabilities: JsonObject,
  asksForLegacy: boolean,
): Promise<UpstreamSession> {
  const evicted = sessionToEvict(settings, owner, state.sessions.values(), state.openings.values());
  if (evicted !== undefined) removeSession(state, evicted);
  const session = openSession(state, key, settings, owner, capabilities, asksForLegacy);
  state.openings.set(key, { server: settings.name, owner, session });
  // Callers wait for `session` itself; this second chain must not become an unhandled rejection of its own.
  void session.catch(() => undefined).finally(() => state.openings.delete(key));
  return session;
}

async function close(state: PoolState): Promise<void> {
  state.closing.abort();
  await Promise.allSettled([...state.openings.values()].map(({ session }) => session));
  await Promise.allSettled([...state.sessions.values()].map(({ connection }) => connection.close()));
  state.sessions.clear();
  await Promise.allSettled([...state.endpoints.values()].map((endpoint) => endpoint.close()));
}
