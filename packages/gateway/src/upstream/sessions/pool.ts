/**
 * The links to all servers. One per server, principal and session, never shared between principals (invariant 7); a
 * modern HTTP server has no sessions, so there is nothing in its link that could be shared.
 */
import { GuardError, type Clock, type JsonObject } from '@sallyport/guard';
import { canonicalize } from '@sallyport/guard/json';
import type { ServerSettings } from '../../snapshot.ts';
import type { Log } from '@sallyport/guard';
import { openEndpoint, type Endpoint } from '../transports/http/endpoint.ts';
import { transportFailure, publicReasonOf, reasonOf } from '../transports/failure.ts';
import type { ServerInitiated } from '../transports/transport.ts';
import { createBackoff, type Backoff } from './backoff.ts';
import { openConnection, type Eras } from './open-connection.ts';
import { createUpstreamSession, type Owner, type SessionTraffic, type UpstreamSession } from '../sessions/session.ts';

export interface SessionPoolDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string>>;
  readonly servers: () => readonly ServerSettings[];
  /** Handles the messages of a server that belong to no request of the gateway. */
  serverInitiated(settings: ServerSettings, owner: Owner, traffic: SessionTraffic): ServerInitiated;
  /** True while a session has subscribers: then it is never idle. */
  hasSubscribers(session: UpstreamSession): boolean;
}

export interface SessionPool {
  /** A seat with `busy` raised, at once where a link is open; give it back with `leave`. @throws GuardError `upstream_failed`, `upstream_timeout` or `rate_limited`. */
  acquire(settings: ServerSettings, owner: Owner, capabilities: JsonObject): UpstreamSession | Promise<UpstreamSession>;
  release(seat: UpstreamSession): void;
  /** The open seats of an owner at one server. */
  sessionsOf(server: string, owner: Owner): readonly UpstreamSession[];
  /** After a failure that makes one doubt what is known of the server. */
  discard(seat: UpstreamSession): void;
  /** Why the server could not be reached lately; `undefined` when it could, or when nobody tried for a while. */
  lastFailure(server: string): string | undefined;
  readonly eras: Eras;
  count(server: string): number;
  /** Called once with every session that was opened. */
  onOpened(listener: (session: UpstreamSession) => void): void;
  /** Called with every session that ended by itself while it had subscribers. */
  onLost(listener: (session: UpstreamSession) => void): void;
  close(): Promise<void>;
}

interface PoolState extends SessionPoolDeps {
  readonly seats: Map<string, UpstreamSession>;
  readonly opening: Map<
    string,
    { readonly server: string; readonly principal: string; readonly seat: Promise<UpstreamSession> }
  >;
  readonly endpoints: Map<string, Endpoint>;
  readonly backoff: Backoff;
  readonly eras: Eras;
  readonly reasons: Map<string, { readonly why: string; readonly at: number }>;
  onOpened: (session: UpstreamSession) => void;
  onLost: (session: UpstreamSession) => void;
  closed: boolean;
}

const REAP_MS = 1_000;
/** A failure that nobody repeats must not keep a gateway from being ready: then nobody would ever repeat it. */
const REASON_MS = 30_000;

export function createSessionPool(deps: SessionPoolDeps): SessionPool {
  const rooms: PoolState = {
    ...deps,
    seats: new Map(),
    opening: new Map(),
    endpoints: new Map(),
    backoff: createBackoff(deps.clock),
    eras: new Map(),
    reasons: new Map(),
    onOpened: () => undefined,
    onLost: () => undefined,
    closed: false,
  };
  const reaper = setInterval(() => reap(rooms), REAP_MS);
  reaper.unref();
  return {
    acquire: (settings, owner, capabilities) => take(rooms, { settings, owner, capabilities }),
    release: (seat) => {
      seat.useCount--;
      seat.lastUsedAtMs = deps.clock.now();
      // A seat that was given up while others still used it ends with the last of them.
      if (seat.useCount <= 0 && rooms.seats.get(seat.key) !== seat) void seat.connection.close().catch(() => undefined);
    },
    sessionsOf: (server, owner) =>
      [...rooms.seats.values()].filter(
        (seat) =>
          seat.settings.name === server &&
          (seat.owner === undefined ||
            (seat.owner.principal === owner.principal && seat.owner.session === owner.session)),
      ),
    discard: (seat) => {
      rooms.eras.delete(seat.settings.name);
      if (seat.useCount <= 0) drop(rooms, seat);
      else rooms.seats.delete(seat.key);
      if (rooms.hasSubscribers(seat)) rooms.onLost(seat);
    },
    lastFailure: (server) => {
      const last = rooms.reasons.get(server);
      return last !== undefined && deps.clock.now() - last.at <= REASON_MS ? last.why : undefined;
    },
    eras: rooms.eras,
    count: (server) => [...rooms.seats.values()].filter((seat) => seat.settings.name === server).length,
    onOpened: (listener) => {
      rooms.onOpened = listener;
    },
    onLost: (listener) => {
      rooms.onLost = listener;
    },
    close: async () => {
      rooms.closed = true;
      clearInterval(reaper);
      await Promise.allSettled([...rooms.opening.values()].map(({ seat }) => seat));
      await Promise.allSettled([...rooms.seats.values()].map((seat) => seat.connection.close()));
      rooms.seats.clear();
      await Promise.allSettled([...rooms.endpoints.values()].map((endpoint) => endpoint.close()));
    },
  };
}

interface Wanted {
  readonly settings: ServerSettings;
  readonly owner: Owner;
  readonly capabilities: JsonObject;
}

/** A changed transport is another server: its links must not be mistaken for the old ones. */
function transportKey(settings: ServerSettings): string {
  let key = transportKeys.get(settings);
  if (key === undefined) transportKeys.set(settings, (key = `${settings.name} ${JSON.stringify(settings.transport)}`));
  return key;
}

/** Settings are immutable, and their key is asked for with every call. */
const transportKeys = new WeakMap<ServerSettings, string>();

const sharedKey = (settings: ServerSettings): string => `* ${transportKey(settings)}`;

const ownKey = ({ settings, owner, capabilities }: Wanted): string =>
  JSON.stringify([transportKey(settings), owner.principal, owner.session, canonicalize(capabilities)]);

function take(rooms: PoolState, wanted: Wanted): UpstreamSession | Promise<UpstreamSession> {
  if (rooms.closed) throw transportFailure('the gateway is closing');
  const shared = rooms.seats.get(sharedKey(wanted.settings));
  if (shared !== undefined && !shared.connection.isClosed()) return sit(rooms, shared);
  const key = ownKey(wanted);
  const there = rooms.seats.get(key);
  if (there !== undefined) {
    if (!there.connection.isClosed()) return sit(rooms, there);
    drop(rooms, there);
  }
  let opening = rooms.opening.get(key);
  if (opening === undefined) {
    makeRoom(rooms, wanted);
    opening = { server: wanted.settings.name, principal: wanted.owner.principal, seat: open(rooms, key, wanted) };
    rooms.opening.set(key, opening);
    // The promise that callers wait for is this one, so its bookkeeping must not be an unhandled rejection of its own.
    void opening.seat.catch(() => undefined).finally(() => rooms.opening.delete(key));
  }
  return opening.seat.then((seat) => sit(rooms, seat));
}

function sit(rooms: PoolState, seat: UpstreamSession): UpstreamSession {
  seat.useCount++;
  seat.lastUsedAtMs = rooms.clock.now();
  return seat;
}

async function open(
  rooms: PoolState,
  key: string,
  { settings, owner, capabilities }: Wanted,
): Promise<UpstreamSession> {
  const again = JSON.stringify([settings.name, owner.principal]);
  const waitMs = rooms.backoff.waitMs(again);
  if (waitMs > 0)
    throw transportFailure(`the server failed to start; next attempt in ${Math.ceil(waitMs / 1000)} s`, {
      unexecuted: false,
    });
  const traffic: SessionTraffic = { activeCalls: [], verifications: new Map() };
  let seat: UpstreamSession;
  try {
    const link = await openConnection({
      settings,
      capabilities,
      endpoint: endpointOf(rooms, settings),
      eras: rooms.eras,
      environment: rooms.environment,
      log: rooms.log,
      unattached: rooms.serverInitiated(settings, owner, traffic),
    });
    rooms.backoff.succeeded(again);
    rooms.reasons.delete(settings.name);
    const shared = link.era === 'modern' && link.transport === 'http';
    const found = shared ? rooms.seats.get(sharedKey(settings)) : undefined;
    if (found !== undefined) return found;
    seat = createUpstreamSession({
      key: shared ? sharedKey(settings) : key,
      settings,
      owner: shared ? undefined : owner,
      link,
      traffic,
      now: rooms.clock.now(),
    });
  } catch (thrown) {
    if (settings.transport.kind === 'stdio') rooms.backoff.failed(again);
    rooms.reasons.set(settings.name, { why: publicReasonOf(thrown), at: rooms.clock.now() });
    rooms.log('warn', 'a server could not be reached', { server: settings.name, why: reasonOf(thrown) });
    throw thrown;
  }
  rooms.seats.set(seat.key, seat);
  rooms.onOpened(seat);
  if (rooms.closed) await seat.connection.close();
  return seat;
}

function endpointOf(rooms: PoolState, settings: ServerSettings): Endpoint | undefined {
  if (settings.transport.kind !== 'http') return undefined;
  const key = transportKey(settings);
  let endpoint = rooms.endpoints.get(key);
  if (endpoint === undefined) rooms.endpoints.set(key, (endpoint = openEndpoint(settings)));
  return endpoint;
}

/** Room for one more link, by ending the one that was idle longest. A busy link is never taken from anybody. */
function makeRoom(rooms: PoolState, { settings, owner }: Wanted): void {
  const { name, sessions: links } = settings;
  const openings = [...rooms.opening.values()].filter(({ server }) => server === name);
  const mine = [...rooms.seats.values()].filter((seat) => seat.settings.name === name && seat.owner !== undefined);
  const own = mine.filter((seat) => seat.owner?.principal === owner.principal);
  const ownOpening = openings.filter(({ principal }) => principal === owner.principal);
  if (own.length + ownOpening.length >= links.maxPerPrincipal) evict(rooms, own, 'too many connections of this caller');
  else if (mine.length + openings.length >= links.max) evict(rooms, mine, 'too many connections');
}

function evict(rooms: PoolState, seats: readonly UpstreamSession[], why: string): void {
  const idle = seats.filter(({ useCount: busy }) => busy === 0).sort((a, b) => a.lastUsedAtMs - b.lastUsedAtMs)[0];
  if (idle === undefined)
    throw new GuardError('rate_limited', {
      message: `The server behind the gateway has ${why}.`,
      retryAfterSeconds: 1,
    });
  drop(rooms, idle);
}

function drop(rooms: PoolState, seat: UpstreamSession): void {
  if (rooms.seats.get(seat.key) === seat) rooms.seats.delete(seat.key);
  void seat.connection.close().catch(() => undefined);
}

function reap(rooms: PoolState): void {
  const now = rooms.clock.now();
  const wanted = new Set(rooms.servers().map(transportKey));
  for (const seat of rooms.seats.values()) {
    const idle =
      seat.useCount <= 0 && now - seat.lastUsedAtMs > seat.settings.sessions.idleMs && !rooms.hasSubscribers(seat);
    if (seat.connection.isClosed() || idle || (seat.useCount <= 0 && !wanted.has(transportKey(seat.settings))))
      drop(rooms, seat);
    if (seat.connection.isClosed() && rooms.hasSubscribers(seat)) rooms.onLost(seat);
  }
  for (const [key, endpoint] of rooms.endpoints) {
    if (wanted.has(key) || [...rooms.seats.values()].some((seat) => transportKey(seat.settings) === key)) continue;
    rooms.endpoints.delete(key);
    void endpoint.close();
  }
}
