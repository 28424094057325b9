/**
 * The lists of a server (MCP, server/tools, server/prompts and server/resources): how each is read, announced and
 * subscribed to. A kind of definition, or a capability, without a row is a type error.
 */
import type { DefinitionKind, McpMethod } from '@sallyport/guard';

/** Kinds of definitions that a server lists; the server's own description is not listed. */
export type ListedKind = Exclude<DefinitionKind, 'server'>;

/** The capabilities of servers that have lists. */
export type ListCapability = 'tools' | 'prompts' | 'resources';

/** One list of a server. */
export interface McpList {
  /** The request that reads the list. */
  readonly method: McpMethod;
  /** The member of the result that holds the list. */
  readonly member: string;
  /** The member of a listed document that names it. */
  readonly identifier: 'name' | 'uri' | 'uriTemplate';
  /** What a server with this list declares. */
  readonly capability: ListCapability;
}

/** By the kind of the definitions that a list holds. */
export const LISTS = {
  tool: { method: 'tools/list', member: 'tools', identifier: 'name', capability: 'tools' },
  prompt: { method: 'prompts/list', member: 'prompts', identifier: 'name', capability: 'prompts' },
  resource: { method: 'resources/list', member: 'resources', identifier: 'uri', capability: 'resources' },
  resource_template: {
    method: 'resources/templates/list',
    member: 'resourceTemplates',
    identifier: 'uriTemplate',
    capability: 'resources',
  },
} as const satisfies Record<ListedKind, McpList>;

/** In the order in which the gateway reads the lists of a server. */
export const LISTED_KINDS = Object.keys(LISTS) as readonly ListedKind[];

/** Every kind of definition, those that are listed first. */
export const DEFINITION_KINDS: readonly DefinitionKind[] = [...LISTED_KINDS, 'server'];

/** The requests that read the lists, in the same order. */
export const LIST_METHODS: readonly McpMethod[] = LISTED_KINDS.map((kind) => LISTS[kind].method);

/** @returns `undefined` for the one kind that is not listed. */
export const listOf = (kind: DefinitionKind): McpList | undefined => (kind === 'server' ? undefined : LISTS[kind]);

/** @returns the list that a method reads; `undefined` for other methods. */
export const listReadBy = (method: string): McpList | undefined =>
  Object.values<McpList>(LISTS).find((list) => list.method === method);

/** How clients learn that the lists of a capability have changed. */
export interface ListChange {
  readonly notification: string;
  /** The member of a subscription's filter that asks for the notification (MCP 2026-07-28, `subscriptions/listen`). */
  readonly filter: string;
}

/** By capability: resources and their templates are announced together. */
export const LIST_CHANGES = {
  tools: { notification: 'notifications/tools/list_changed', filter: 'toolsListChanged' },
  prompts: { notification: 'notifications/prompts/list_changed', filter: 'promptsListChanged' },
  resources: { notification: 'notifications/resources/list_changed', filter: 'resourcesListChanged' },
} as const satisfies Record<ListCapability, ListChange>;

/** Every capability that has lists. */
export const LIST_CAPABILITIES = Object.keys(LIST_CHANGES) as readonly ListCapability[];

/** @returns the capability whose lists a notification is about; `undefined` for other notifications. */
export const capabilityChangedBy = (notification: string): ListCapability | undefined =>
  LIST_CAPABILITIES.find((capability) => LIST_CHANGES[capability].notification === notification);

/** @returns the capability that a member of a subscription's filter is about; `undefined` for other members. */
export const capabilityFilteredBy = (filter: string): ListCapability | undefined =>
  LIST_CAPABILITIES.find((capability) => LIST_CHANGES[capability].filter === filter);

/** The kinds whose list may have changed when a server sends this notification; none for other notifications. */
export function kindsChangedBy(notification: string): readonly ListedKind[] {
  const capability = capabilityChangedBy(notification);
  return LISTED_KINDS.filter((kind) => LISTS[kind].capability === capability);
}

/** @returns the notification that announces a change of this kind's list. */
export const changeNotificationOf = (kind: ListedKind): string => LIST_CHANGES[LISTS[kind].capability].notification;
