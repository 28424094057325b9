/**
 * The lists of a server (MCP, server/tools, server/prompts and server/resources): how each is asked for, answered,
 * announced and subscribed to. A kind of definition without a row is a type error.
 */
import type { DefinitionKind } from '@sallyport/guard';

/** Kinds of definitions that a server lists; the server's own description is not listed. */
export type ListedKind = Exclude<DefinitionKind, 'server'>;

export interface McpList {
  /** The request that reads the list. */
  readonly method: string;
  /** The member of the result that holds the list. */
  readonly member: string;
  /** The member of a listed document that names it. */
  readonly identifier: 'name' | 'uri' | 'uriTemplate';
  /** The capability that a server with this list declares. */
  readonly capability: 'tools' | 'prompts' | 'resources';
  /** The notification that says that the list has changed. */
  readonly changed: string;
  /** The member of a subscription's filter that asks for this notification (MCP 2026-07-28, `subscriptions/listen`). */
  readonly filter: 'toolsListChanged' | 'promptsListChanged' | 'resourcesListChanged';
}

export const LISTS = {
  tool: {
    method: 'tools/list',
    member: 'tools',
    identifier: 'name',
    capability: 'tools',
    changed: 'notifications/tools/list_changed',
    filter: 'toolsListChanged',
  },
  prompt: {
    method: 'prompts/list',
    member: 'prompts',
    identifier: 'name',
    capability: 'prompts',
    changed: 'notifications/prompts/list_changed',
    filter: 'promptsListChanged',
  },
  resource: {
    method: 'resources/list',
    member: 'resources',
    identifier: 'uri',
    capability: 'resources',
    changed: 'notifications/resources/list_changed',
    filter: 'resourcesListChanged',
  },
  resource_template: {
    method: 'resources/templates/list',
    member: 'resourceTemplates',
    identifier: 'uriTemplate',
    capability: 'resources',
    changed: 'notifications/resources/list_changed',
    filter: 'resourcesListChanged',
  },
} as const satisfies Record<ListedKind, McpList>;

/** In the order in which the gateway reads the lists of a server. */
export const LISTED_KINDS = Object.keys(LISTS) as readonly ListedKind[];
export const LIST_METHODS: readonly string[] = LISTED_KINDS.map((kind) => LISTS[kind].method);

/** @returns `undefined` for the one kind that is not listed. */
export const listOf = (kind: DefinitionKind): McpList | undefined => (kind === 'server' ? undefined : LISTS[kind]);

/** @returns the list that a method reads; `undefined` for other methods. */
export const listReadBy = (method: string): McpList | undefined =>
  Object.values<McpList>(LISTS).find((list) => list.method === method);

/** The kinds whose list may have changed when a server sends this notification; none for other notifications. */
export const kindsChangedBy = (notification: string): readonly ListedKind[] =>
  LISTED_KINDS.filter((kind) => LISTS[kind].changed === notification);

/** @returns the list that a member of a subscription's filter asks about; of resources and templates the first. */
export const listFilteredBy = (filter: string): McpList | undefined =>
  Object.values<McpList>(LISTS).find((list) => list.filter === filter);

/** @returns the list that a notification is about; of resources and templates the first. */
export const listChangedBy = (notification: string): McpList | undefined =>
  Object.values<McpList>(LISTS).find((list) => list.changed === notification);
