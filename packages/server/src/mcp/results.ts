/** Kinds of results (MCP 2026-07-28, basic, results; SEP-2322, SEP-2549 and SEP-2663). */
import type { Json, JsonObject, McpMethod } from '@sallyport/guard';

/** `task` belongs to the tasks extension. */
export type ResultType = 'complete' | 'input_required' | 'task';

/** @returns the type as the result gives it; results of legacy servers have none and are complete. */
export const resultTypeOf = (result: JsonObject): Json => result['resultType'] ?? 'complete';

const MULTI_ROUND_TRIP: ReadonlySet<string> = new Set<McpMethod>(['tools/call', 'prompts/get', 'resources/read']);

/** True for methods whose result may ask for input before it is complete (SEP-2322). */
export const isMultiRoundTrip = (method: string): boolean => MULTI_ROUND_TRIP.has(method);

/**
 * What a server asks of a client inside of a result. A type alias, because an interface is no JSON object to
 * TypeScript.
 */
export type InputRequest = { readonly method: string; readonly params: JsonObject };

/** A result that asks for input: the client repeats the call with `inputResponses` and the same `requestState`. */
export const inputRequired = (
  inputRequests: Readonly<Record<string, InputRequest>>,
  requestState: string,
): JsonObject => ({
  resultType: 'input_required' satisfies ResultType,
  inputRequests,
  requestState,
});

/** True for a result that asks for input before it can be complete (SEP-2322). */
export const isInputRequired = (result: JsonObject): boolean =>
  result['resultType'] === ('input_required' satisfies ResultType);

/** True for the result of a request about a task, and for a task in place of a result (SEP-2663). */
export const isTaskResult = (method: string, result: JsonObject): boolean =>
  method.startsWith('tasks/') || result['resultType'] === ('task' satisfies ResultType);

const CACHEABLE: ReadonlySet<string> = new Set<McpMethod>([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

/** True for methods whose results carry `ttlMs` and `cacheScope` (SEP-2549). */
export const isCacheable = (method: string): boolean => CACHEABLE.has(method);
