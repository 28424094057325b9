/**
 * Which notifications a subscriber wants (2026-07-28, `subscriptions/listen`), and whether one of them is among these.
 */
import { isObject, type Definition, type Json, type JsonObject, type Target } from '@sallyport/guard';
import { capabilityChangedBy, LIST_CAPABILITIES, LIST_CHANGES } from '@sallyport/server/mcp/lists';
import { NOTIFICATION } from '@sallyport/server/mcp/notifications';
import type { ServerCall } from '../calls/server-call.ts';
import { tryOpenTaskId, type TaskSeal } from '../tasks/task-ids.ts';
import { isSameOrBelow } from '@sallyport/server/mcp/resource-uris';

/** What one subscriber wants of one server. */
export interface SubscriptionFilter {
  readonly tools: boolean;
  readonly prompts: boolean;
  readonly resources: boolean;
  /** Resources whose updates are wanted. */
  readonly uris: ReadonlySet<string>;
  /** Ids of tasks, as the server knows them, whose states are wanted (SEP-2663). */
  readonly taskIds: ReadonlySet<string>;
  /** Log messages and states of all tasks, too: the GET stream of a legacy client. */
  readonly everything: boolean;
}

const EVERYTHING: SubscriptionFilter = {
  tools: true,
  prompts: true,
  resources: true,
  uris: new Set(),
  taskIds: new Set(),
  everything: true,
};

const ITEMS_MAX = 1_000;

/**
 * The filter of a `stream/listen` or `subscriptions/listen` call.
 *
 * @param find looks a definition up in the catalogue. What is not in it does not exist, here as everywhere (S7).
 */
export function filterOf(
  { permitted: { call }, settings, taskSeal }: ServerCall,
  find: (target: Target) => Definition | undefined,
): SubscriptionFilter {
  if (call.method === 'stream/listen') return EVERYTHING;
  const filter: JsonObject = isObject(call.params['notifications']) ? call.params['notifications'] : {};
  const { resourceSubscriptions, taskIds } = filter;
  const uris = (Array.isArray(resourceSubscriptions) ? (resourceSubscriptions as readonly Json[]) : []).filter(
    (uri): uri is string =>
      typeof uri === 'string' && find({ kind: 'resource', server: settings.name, name: uri }) !== undefined,
  );
  return {
    tools: filter[LIST_CHANGES.tools.filter] === true,
    prompts: filter[LIST_CHANGES.prompts.filter] === true,
    resources: filter[LIST_CHANGES.resources.filter] === true,
    uris: new Set(uris.slice(0, ITEMS_MAX)),
    taskIds: openTaskIds(taskSeal, taskIds),
    everything: false,
  };
}

/** Ids that do not open are somebody else's or another server's. They are left out without an error. */
function openTaskIds(taskSeal: TaskSeal, taskIds: Json | undefined): ReadonlySet<string> {
  const sealed = Array.isArray(taskIds) ? (taskIds as readonly Json[]).slice(0, ITEMS_MAX) : [];
  return new Set(sealed.flatMap((taskId) => tryOpenTaskId(taskSeal, taskId) ?? []));
}

/**
 * The filter of a `subscriptions/listen` that covers several subscribers and more resources. `{}` when nothing is
 * wanted.
 */
export function joinFilters(filters: readonly SubscriptionFilter[], uris: ReadonlySet<string>): JsonObject {
  if (filters.length === 0) return {};
  const lists = LIST_CAPABILITIES.filter((capability) => filters.some((filter) => filter[capability]));
  const taskIds = new Set(filters.flatMap((filter) => [...filter.taskIds]));
  return {
    ...Object.fromEntries(lists.map((capability) => [LIST_CHANGES[capability].filter, true])),
    ...(uris.size > 0 && { resourceSubscriptions: [...uris].sort() }),
    ...(taskIds.size > 0 && { taskIds: [...taskIds].sort() }),
  };
}

/** Whether a subscriber with this filter gets a notification. */
export function matches(filter: SubscriptionFilter, method: string, params: JsonObject): boolean {
  const changed = capabilityChangedBy(method);
  if (changed !== undefined) return filter[changed];
  switch (method) {
    case NOTIFICATION.resourceUpdated:
      // A legacy server sends only what the session has subscribed to, so its own stream gets all of it.
      return filter.everything || (typeof params['uri'] === 'string' && isCovered(params['uri'], filter.uris));
    case NOTIFICATION.task:
      return typeof params['taskId'] === 'string' && filter.taskIds.has(params['taskId']);
    case NOTIFICATION.message:
    case NOTIFICATION.taskStatus:
    case NOTIFICATION.elicitationComplete:
      return filter.everything;
    default:
      return false;
  }
}

/** The exact URI is the common case, so it is looked up first. */
const isCovered = (uri: string, subscribed: ReadonlySet<string>): boolean =>
  subscribed.has(uri) || [...subscribed].some((whole) => isSameOrBelow(uri, whole));
