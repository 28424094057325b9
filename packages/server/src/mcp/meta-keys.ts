/** Keys of `_meta` that MCP reserves (MCP 2026-07-28, basic, `_meta`), and who may write them. */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';

/**
 * Each key is written out: a property name that is put together for every request has to be looked up anew every time.
 */
export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
  relatedTask: 'io.modelcontextprotocol/related-task',
} as const;

/** The identifier of the tasks extension in `capabilities.extensions` (SEP-2663). */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** The identifier of MCP Apps in `capabilities.extensions` (SEP-1865). */
export const UI_EXTENSION = 'io.modelcontextprotocol/ui';

/** @returns `undefined` when there is no `_meta` or when it is not an object. */
export function metaOf(message: JsonObject): JsonObject | undefined {
  const meta: Json | undefined = message['_meta'];
  return isObject(meta) ? meta : undefined;
}

/** The `_meta` with which a client of 2026-07-28 describes itself in every request (SEP-2575). */
export const requestMeta = (
  protocolVersion: string,
  clientCapabilities: JsonObject,
  clientInfo: JsonObject,
): Record<string, Json> => ({
  [META.protocolVersion]: protocolVersion,
  [META.clientCapabilities]: clientCapabilities,
  [META.clientInfo]: clientInfo,
});

/** Prefixes whose first or second label is `modelcontextprotocol` or `mcp` are reserved. */
const RESERVED = /^(?:[a-z0-9-]+\.)?(?:modelcontextprotocol|mcp)[./]/i;

/** True for keys that only MCP itself may define. */
export const isReservedMetaKey = (key: string): boolean => RESERVED.test(key);
