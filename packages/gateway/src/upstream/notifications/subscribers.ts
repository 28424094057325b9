/** The callers that wait for notifications of servers: their `stream/listen` and `subscriptions/listen` calls. */
import type { DefinitionKind, JsonObject } from '@sallyport/guard';
import { capabilityChangedBy, changeNotificationOf } from '@sallyport/server/mcp/lists';
import { META, metaOf } from '@sallyport/server/mcp/meta-keys';
import { isTaskNotification, NOTIFICATION } from '@sallyport/server/mcp/notifications';
import type { ServerCall } from '../calls/server-call.ts';
import { ownerKey, type Owner } from '../sessions/session.ts';
import { sealRelatedTask, sealTask } from '../tasks/task-ids.ts';
import { matches, type SubscriptionFilter } from './subscription-filter.ts';

/** One caller at one server. */
export interface Subscriber {
  readonly call: ServerCall;
  readonly filter: SubscriptionFilter;
}

/** All callers that wait, by server and owner. */
export interface Subscribers {
  /** @returns a function that removes the subscriber. */
  add(subscriber: Subscriber): () => void;
  /**
   * Sends a server's notification to the subscribers of an owner who want it. Of a server of which nothing is approved,
   * no text passes (B13).
   */
  publish(server: string, owner: Owner, method: string, params: JsonObject): void;
  /** Tells all subscribers of a server who want it that its list of a kind has changed. */
  publishListChanged(server: string, kind: DefinitionKind): void;
  /** The newest who takes requests of a server; nobody takes those of a server of which nothing is approved. */
  asked(server: string, owner: Owner): Subscriber | undefined;
  /** Oldest first. */
  of(server: string, owner: Owner): readonly Subscriber[];
  /** @param owner `undefined` for any. */
  has(server: string, owner: Owner | undefined): boolean;
  readonly size: number;
}

const keyOf = (server: string, owner: Owner): string => `${server} ${ownerKey(owner)}`;

/** None at first. @param isServed whether anything of a server is approved. */
export function createSubscribers(isServed: (server: string) => boolean): Subscribers {
  const byOwner = new Map<string, Set<Subscriber>>();
  const byServer = new Map<string, Set<Subscriber>>();
  return {
    add(subscriber) {
      const { name: server } = subscriber.call.settings;
      const key = keyOf(server, subscriber.call.owner);
      addTo(byOwner, key, subscriber);
      addTo(byServer, server, subscriber);
      return () => {
        removeFrom(byOwner, key, subscriber);
        removeFrom(byServer, server, subscriber);
      };
    },
    publish(server, owner, method, params) {
      if (hasText(method) && !isServed(server)) return;
      for (const { call, filter } of byOwner.get(keyOf(server, owner)) ?? [])
        if (matches(filter, method, params)) notifyOf(call, method, params);
    },
    publishListChanged(server, kind) {
      if (kind === 'server') return;
      const method = changeNotificationOf(kind);
      for (const { call, filter } of byServer.get(server) ?? [])
        if (matches(filter, method, {})) call.channel.notify(method, {});
    },
    asked: (server, owner) =>
      isServed(server)
        ? [...(byOwner.get(keyOf(server, owner)) ?? [])].findLast(({ call }) => call.channel.request !== undefined)
        : undefined,
    of: (server, owner) => [...(byOwner.get(keyOf(server, owner)) ?? [])],
    has: (server, owner) => (owner === undefined ? byServer.has(server) : byOwner.has(keyOf(server, owner))),
    get size() {
      return [...byOwner.values()].reduce((sum, subscribers) => sum + subscribers.size, 0);
    },
  };
}

function addTo(map: Map<string, Set<Subscriber>>, key: string, subscriber: Subscriber): void {
  const subscribers = map.get(key) ?? new Set();
  map.set(key, subscribers.add(subscriber));
}

function removeFrom(map: Map<string, Set<Subscriber>>, key: string, subscriber: Subscriber): void {
  const subscribers = map.get(key);
  if (subscribers?.delete(subscriber) === true && subscribers.size === 0) map.delete(key);
}

/** The state of a task that the client does not know is no news for it. */
function notifyOf(call: ServerCall, method: string, params: JsonObject): void {
  const shown = clientParams(call, method, params);
  if (shown !== undefined) call.channel.notify(method, shown);
}

/** The other notifications say that a list or a resource has changed, and nothing else passes in them. */
const hasText = (method: string): boolean =>
  capabilityChangedBy(method) === undefined && method !== NOTIFICATION.resourceUpdated;

/** A notification's params as the client gets them: with sealed task ids, without the gateway's own subscription id. */
function clientParams({ taskSeal }: ServerCall, method: string, params: JsonObject): JsonObject | undefined {
  if (method === NOTIFICATION.resourceUpdated) return { uri: params['uri'] ?? null };
  if (!hasText(method)) return {};
  const related = sealRelatedTask(taskSeal, params);
  const sealed = isTaskNotification(method) ? sealTask(taskSeal, related) : related;
  if (sealed === undefined) return undefined;
  const meta = Object.entries(metaOf(sealed) ?? {}).filter(([key]) => key !== META.subscriptionId);
  const { _meta, ...rest } = sealed;
  return meta.length === 0 ? rest : { ...rest, _meta: Object.fromEntries(meta) };
}
