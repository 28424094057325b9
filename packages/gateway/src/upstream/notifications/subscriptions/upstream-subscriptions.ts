/**
 * What is subscribed to at the servers, for each owner: at a legacy server one resource after the other, over the
 * owner's session; at a modern server one stream with everything that the owner's subscribers want.
 */
import { BoundedMap, type Log } from '@sallyport/guard';
import type { SessionPool } from '../../sessions/pool.ts';
import { ownerKey, type Owner } from '../../sessions/session.ts';
import type { Subscribers } from '../subscribers.ts';
import { joinFilters } from '../subscription-filter.ts';
import { keepListening } from './listen-stream.ts';
import { syncResourceSubscriptions } from './resource-subscriptions.ts';

/** The subscriptions of all owners at all servers. */
export interface UpstreamSubscriptions {
  /** Remembers that a legacy client subscribed to a resource: a new session of the owner is subscribed to it, too. */
  add(server: string, owner: Owner, uri: string): void;
  /** Whether it can be remembered: one that is forgotten later would fall silent. */
  hasSpaceFor(server: string, owner: Owner, uri: string): boolean;
  remove(server: string, owner: Owner, uri: string): void;
  /** Brings the server in line: the subscribers or resources of an owner changed, or a session of it was opened. */
  refresh(server: string, owner: Owner): void;
  /** Ends all streams. */
  close(): void;
}

interface ListenStream {
  /** As JSON text. */
  readonly filter: string;
  readonly abort: AbortController;
}

interface SubscriptionsState {
  readonly pool: SessionPool;
  readonly subscribers: Subscribers;
  readonly log: Log;
  /** Resources that legacy clients subscribed to, by server and owner. */
  readonly uris: Map<string, Set<string>>;
  /** Streams to modern servers, by server and owner. */
  readonly streams: Map<string, ListenStream>;
}

const OWNERS_MAX = 10_000;
const URIS_MAX = 1_000;

const keyOf = (server: string, owner: Owner): string => `${server} ${ownerKey(owner)}`;

/** None at first. @param log gets subscriptions that a legacy server refuses. */
export function createUpstreamSubscriptions(
  pool: SessionPool,
  subscribers: Subscribers,
  log: Log,
): UpstreamSubscriptions {
  const state: SubscriptionsState = { pool, subscribers, log, uris: new BoundedMap(OWNERS_MAX), streams: new Map() };
  return {
    add(server, owner, uri) {
      const key = keyOf(server, owner);
      const uris = state.uris.get(key) ?? new Set();
      // Deleted first, so that the owner whose last subscription is oldest is the first to be dropped.
      state.uris.delete(key);
      state.uris.set(key, uris.add(uri));
    },
    hasSpaceFor(server, owner, uri) {
      const uris = state.uris.get(keyOf(server, owner));
      return uris === undefined || uris.has(uri) || uris.size < URIS_MAX;
    },
    remove(server, owner, uri) {
      const key = keyOf(server, owner);
      const uris = state.uris.get(key);
      if (uris?.delete(uri) === true && uris.size === 0) state.uris.delete(key);
    },
    refresh: (server, owner) => refresh(state, server, owner),
    close() {
      for (const { abort } of state.streams.values()) abort.abort();
      state.streams.clear();
    },
  };
}

function refresh(state: SubscriptionsState, server: string, owner: Owner): void {
  const filters = state.subscribers.of(server, owner).map(({ filter }) => filter);
  const legacyUris = state.uris.get(keyOf(server, owner)) ?? [];
  const uris = new Set([...legacyUris, ...filters.flatMap((filter) => [...filter.uris])]);
  const session = state.pool.sessionsOf(server, owner).find(({ connection }) => !connection.isClosed());
  const isLegacy = session?.connection.era === 'legacy';
  if (isLegacy) void syncResourceSubscriptions(state.log, session, uris);
  // A server of both eras may have been listened to before the owner's session was opened.
  refreshStream(state, server, owner, session === undefined || isLegacy ? {} : joinFilters(filters, uris));
}

/** Replaces the stream of an owner when what is wanted of it has changed. @param filter `{}` for no stream. */
function refreshStream(
  { pool, subscribers, streams }: SubscriptionsState,
  server: string,
  owner: Owner,
  filter: ReturnType<typeof joinFilters>,
): void {
  const key = keyOf(server, owner);
  const text = JSON.stringify(filter);
  const running = streams.get(key);
  if (running?.filter === text) return;
  running?.abort.abort();
  streams.delete(key);
  if (text === '{}') return;
  const abort = new AbortController();
  streams.set(key, { filter: text, abort });
  void keepListening(pool, subscribers, server, owner, filter, abort.signal).finally(() => {
    if (streams.get(key)?.abort === abort) streams.delete(key);
  });
}
