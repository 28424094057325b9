/**
 * What is subscribed at servers in an owner's name. A legacy server is subscribed resource by resource over the owner's
 * link; a modern one gets one listening stream with everything that the owner's listeners want.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isObject, type JsonObject } from '@sallyport/guard';
import { modernMeta } from '../sessions/meta.ts';
import { ownerKey, type Owner, type UpstreamSession } from '../sessions/session.ts';
import { remoteErrorOf, reasonOf } from '../transports/failure.ts';
import { gatewayRequest } from '../transports/transport.ts';
import { noteChange } from './list-changed.ts';
import type { CallDeps } from '../calls/run.ts';
import { TASKS_EXTENSION } from '../../mcp/meta-keys.ts';
import { LIST_CAPABILITIES, LIST_CHANGES } from '../../mcp/lists.ts';

export interface UpstreamSubscriptions {
  /** A legacy client subscribes; remembered, so that a new link of the session is subscribed too. */
  subscribe(server: string, owner: Owner, uri: string): void;
  unsubscribe(server: string, owner: Owner, uri: string): void;
  /** The listeners or subscriptions of an owner changed, or a link of it was opened. */
  refresh(bridge: CallDeps, server: string, owner: Owner): void;
  close(): void;
}

interface Stream {
  readonly filter: string;
  readonly abort: AbortController;
}

interface Room {
  readonly uris: Map<string, Set<string>>;
  readonly streams: Map<string, Stream>;
}

const OWNERS_MAX = 10_000;
const URIS_MAX = 1_000;
const RETRY_MS = 500;
const RETRY_MAX_MS = 30_000;

const keyOf = (server: string, owner: Owner): string => `${server} ${ownerKey(owner)}`;

export function createUpstreamSubscriptions(): UpstreamSubscriptions {
  const room: Room = { uris: new Map(), streams: new Map() };
  return {
    subscribe(server, owner, uri) {
      const key = keyOf(server, owner);
      const uris = room.uris.get(key) ?? new Set();
      room.uris.delete(key);
      if (uris.size < URIS_MAX) room.uris.set(key, uris.add(uri));
      const oldest = room.uris.keys().next().value;
      if (room.uris.size > OWNERS_MAX && oldest !== undefined) room.uris.delete(oldest);
    },
    unsubscribe(server, owner, uri) {
      const key = keyOf(server, owner);
      if (room.uris.get(key)?.delete(uri) === true && room.uris.get(key)?.size === 0) room.uris.delete(key);
    },
    refresh: (bridge, server, owner) => refresh(room, bridge, server, owner),
    close: () => {
      for (const { abort } of room.streams.values()) abort.abort();
      room.streams.clear();
    },
  };
}

function refresh(room: Room, bridge: CallDeps, server: string, owner: Owner): void {
  const key = keyOf(server, owner);
  const ears = bridge.ears.of(server, owner);
  const uris = new Set([...(room.uris.get(key) ?? []), ...ears.flatMap(({ wishes }) => [...wishes.uris])]);
  const tasks = new Set(ears.flatMap(({ wishes }) => [...wishes.tasks]));
  const seat = bridge.links.sessionsOf(server, owner).find(({ connection: link }) => !link.isClosed());
  if (seat?.connection.era === 'legacy') return void subscribeAll(bridge, seat, uris);
  const filter: JsonObject =
    ears.length === 0
      ? {}
      : {
          ...Object.fromEntries(
            LIST_CAPABILITIES.filter((capability) => ears.some(({ wishes }) => wishes[capability])).map(
              (capability) => [LIST_CHANGES[capability].filter, true],
            ),
          ),
          ...(uris.size > 0 ? { resourceSubscriptions: [...uris].sort() } : {}),
          ...(tasks.size > 0 ? { taskIds: [...tasks].sort() } : {}),
        };
  const text = JSON.stringify(filter);
  const running = room.streams.get(key);
  if (running?.filter === text && seat !== undefined) return;
  running?.abort.abort();
  room.streams.delete(key);
  if (text === '{}' || seat === undefined) return;
  const abort = new AbortController();
  room.streams.set(key, { filter: text, abort });
  void listen(bridge, { server, owner, filter, abort }).finally(() => {
    if (room.streams.get(key)?.abort === abort) room.streams.delete(key);
  });
}

/** Brings a legacy link to what is wanted. Failures are the server's business: the next change tries again. */
async function subscribeAll(bridge: CallDeps, seat: UpstreamSession, uris: ReadonlySet<string>): Promise<void> {
  const capability = seat.connection.profile.capabilities['resources'];
  if (!isObject(capability) || capability['subscribe'] !== true) return;
  const say = (method: string, uri: string): Promise<unknown> =>
    seat.connection.request(gatewayRequest(method, { uri }, seat.settings.timeoutMs, 64 * 1024));
  for (const uri of uris) {
    if (seat.subscribedUris.has(uri)) continue;
    seat.subscribedUris.add(uri);
    await say('resources/subscribe', uri).catch((thrown: unknown) => {
      seat.subscribedUris.delete(uri);
      bridge.log('debug', 'a subscription failed', { server: seat.settings.name, why: reasonOf(thrown) });
    });
  }
  for (const uri of [...seat.subscribedUris]) {
    if (uris.has(uri)) continue;
    seat.subscribedUris.delete(uri);
    await say('resources/unsubscribe', uri).catch(() => undefined);
  }
}

interface Listening {
  readonly server: string;
  readonly owner: Owner;
  readonly filter: JsonObject;
  readonly abort: AbortController;
}

/** Keeps one `subscriptions/listen` stream open until it is no longer wanted. */
async function listen(bridge: CallDeps, { server, owner, filter, abort }: Listening): Promise<void> {
  const { signal } = abort;
  for (let failures = 0; !signal.aborted; failures++) {
    const seat = bridge.links.sessionsOf(server, owner).find(({ connection: link }) => !link.isClosed());
    if (seat === undefined) return;
    const seal = { sealer: bridge.sealer, server, principal: owner.principal };
    const capabilities = filter['taskIds'] === undefined ? {} : { extensions: { [TASKS_EXTENSION]: {} } };
    const params = { notifications: filter, _meta: modernMeta(capabilities) };
    seat.useCount++;
    try {
      await seat.connection.request({
        ...gatewayRequest('subscriptions/listen', params, 0, 1024 * 1024),
        timeoutMs: undefined,
        signal,
        onNotification: (method, notice) => {
          failures = 0;
          noteChange(seat.verifications, method);
          bridge.ears.hear(server, owner, { method, params: notice, seal });
        },
      });
    } catch (thrown) {
      // A server without the method will not learn it; one that broke the stream may be back soon.
      if (remoteErrorOf(thrown) !== undefined) return;
    } finally {
      bridge.links.release(seat);
    }
    await sleep(Math.min(RETRY_MS * 2 ** Math.min(failures, 6), RETRY_MAX_MS), undefined, { signal, ref: false }).catch(
      () => undefined,
    );
  }
}
