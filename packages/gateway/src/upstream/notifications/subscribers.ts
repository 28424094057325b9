/** Who listens to what servers say on their own: the long sends `stream/listen` and `subscriptions/listen`. */
import type { DefinitionKind, JsonObject, Permitted, ClientChannel } from '@sallyport/guard';
import { ownerKey, type Owner } from '../sessions/session.ts';
import { sealRelated, sealTask, type TaskSeal } from '../calls/tasks.ts';
import { META } from '../../mcp/meta-keys.ts';
import { capabilityChangedBy, changeNotificationOf } from '../../mcp/lists.ts';
import { isTaskNotification, NOTIFICATION } from '../../mcp/notifications.ts';

export interface SubscriptionFilter {
  readonly tools: boolean;
  readonly prompts: boolean;
  readonly resources: boolean;
  /** URIs of resources whose updates are wanted. */
  readonly uris: ReadonlySet<string>;
  /** Ids of tasks, as the server knows them, whose states are wanted (the tasks extension of 2026-07-28). */
  readonly tasks: ReadonlySet<string>;
  /** Log messages and task states too: a legacy client's own stream. */
  readonly everything: boolean;
}

export interface Subscriber {
  readonly server: string;
  readonly owner: Owner;
  readonly permitted: Permitted;
  readonly relay: ClientChannel;
  readonly wishes: SubscriptionFilter;
}

export interface Subscribers {
  add(ear: Subscriber): () => void;
  /** True when somebody heard it. */
  hear(server: string, owner: Owner, notice: Notification): boolean;
  /** Tells everybody who listens to a server that its list of a kind changed. */
  changed(server: string, kind: DefinitionKind): void;
  of(server: string, owner: Owner): readonly Subscriber[];
  has(server: string, owner: Owner | undefined): boolean;
  readonly size: number;
}

export interface Notification {
  readonly method: string;
  readonly params: JsonObject;
  readonly seal: TaskSeal;
}

const keyOf = (server: string, owner: Owner): string => `${server} ${ownerKey(owner)}`;

export function createSubscribers(): Subscribers {
  const byOwner = new Map<string, Set<Subscriber>>();
  const byServer = new Map<string, Set<Subscriber>>();
  return {
    add(ear) {
      const sets = [
        [byOwner, keyOf(ear.server, ear.owner)],
        [byServer, ear.server],
      ] as const;
      for (const [map, key] of sets) map.set(key, (map.get(key) ?? new Set()).add(ear));
      return () => {
        for (const [map, key] of sets) {
          const set = map.get(key);
          if (set?.delete(ear) === true && set.size === 0) map.delete(key);
        }
      };
    },
    hear(server, owner, notice) {
      let heard = false;
      for (const ear of byOwner.get(keyOf(server, owner)) ?? []) heard = tell(ear, notice) || heard;
      return heard;
    },
    changed(server, kind) {
      if (kind === 'server') return;
      const method = changeNotificationOf(kind);
      for (const ear of byServer.get(server) ?? []) if (wants(ear.wishes, method, {})) ear.relay.notify(method, {});
    },
    of: (server, owner) => [...(byOwner.get(keyOf(server, owner)) ?? [])],
    has: (server, owner) => (owner === undefined ? byServer.has(server) : byOwner.has(keyOf(server, owner))),
    get size() {
      return [...byOwner.values()].reduce((sum, set) => sum + set.size, 0);
    },
  };
}

function tell(ear: Subscriber, { method, params, seal }: Notification): boolean {
  if (!wants(ear.wishes, method, params)) return false;
  const { _meta, ...rest } = sealRelated(seal, params);
  const taskId =
    isTaskNotification(method) && typeof rest['taskId'] === 'string' ? { taskId: sealTask(seal, rest['taskId']) } : {};
  // The id of the gateway's own subscription means nothing to the client; edge tags messages with the client's.
  const meta = Object.entries((_meta ?? {}) as JsonObject).filter(([key]) => key !== META.subscriptionId);
  ear.relay.notify(method, { ...rest, ...taskId, ...(meta.length === 0 ? {} : { _meta: Object.fromEntries(meta) }) });
  return true;
}

function wants(wishes: SubscriptionFilter, method: string, params: JsonObject): boolean {
  const listed = capabilityChangedBy(method);
  if (listed !== undefined) return wishes[listed];
  switch (method) {
    case NOTIFICATION.resourceUpdated:
      // A legacy session is told of what it subscribed, so on its own stream nothing is left to choose.
      return wishes.everything || (typeof params['uri'] === 'string' && isWatched(wishes.uris, params['uri']));
    case NOTIFICATION.task:
      return typeof params['taskId'] === 'string' && wishes.tasks.has(params['taskId']);
    case NOTIFICATION.message:
    case NOTIFICATION.taskStatus:
    case NOTIFICATION.elicitationComplete:
      return wishes.everything;
    default:
      return false;
  }
}

/** A server may report a part of what was subscribed (2025-11-25, resources): the part begins like the whole. */
function isWatched(uris: ReadonlySet<string>, uri: string): boolean {
  if (uris.has(uri)) return true;
  for (const watched of uris) if (uri.startsWith(watched.endsWith('/') ? watched : `${watched}/`)) return true;
  return false;
}
