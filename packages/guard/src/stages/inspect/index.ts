/** Stage 9: is the result safe to return? One rule per file. */
import type { Call, Definition, JsonObject } from '../../call.ts';
import type { Stages, Identity } from '../../guard.ts';
import { isObject } from '../../json/is-object.ts';
import { createSchemaCache, type SchemaCache } from '../validate/index.ts';
import { SCHEMA_LIMITS } from '../validate/bounds.ts';
import { boundSize } from './bound-size.ts';
import { matchShape } from './match-shape.ts';
import { createMatchOutputSchema } from './match-output-schema.ts';

/** What the inspect stage works with. */
export interface InspectDeps {
  /** The largest result of a server, in bytes. Read before the call is executed. */
  readonly resultBytesMax: (server: string) => number;
  /** The same decision that a call of the definition would meet. */
  readonly mayList: (identity: Identity, definition: Definition) => boolean;
  /** The decision that `tasks/get` would meet. @param taskId as the caller knows it. */
  readonly mayFollow: (identity: Identity, taskId: string, call: Call) => boolean;
  /** Shared with the validate stage. */
  readonly outputCheck?: SchemaCache;
}

/**
 * The inspect stage.
 *
 * @example
 * ```ts
 * const inspect = createInspect({
 *   resultBytesMax: () => 1_048_576, mayList: () => true, mayFollow: () => true,
 * });
 * ```
 */
export function createInspect({
  resultBytesMax,
  mayList,
  mayFollow,
  outputCheck = createSchemaCache('outputSchema', SCHEMA_LIMITS),
}: InspectDeps): Stages['inspect'] {
  const matchOutputSchema = createMatchOutputSchema(outputCheck);
  return (identity, { definition }, call) => {
    const server = definition?.server ?? (call.target.kind === 'task' ? call.target.server : undefined);
    const bytesMax = server === undefined ? undefined : resultBytesMax(server);
    return (result) => {
      if (result.items !== undefined)
        return { ...result, items: result.items.filter((item) => mayList(identity, item)) };
      if (call.method === 'tasks/list')
        return { value: followed(result.value, (taskId) => mayFollow(identity, taskId, call)) };
      if (bytesMax !== undefined) boundSize(result, bytesMax);
      const toolResult = toolResultOf(result.value, call.method);
      if (toolResult === undefined) return result;
      matchShape(toolResult);
      // Of a task, the definition is the tool that made it.
      if (definition !== undefined) matchOutputSchema(toolResult, definition);
      return result;
    };
  };
}

/** B10: the tasks of a list that the caller could ask for. */
function followed(value: JsonObject, mayFollow: (taskId: string) => boolean): JsonObject {
  const tasks = Array.isArray(value['tasks']) ? (value['tasks'] as readonly unknown[]).filter(isObject) : [];
  return { ...value, tasks: tasks.filter(({ taskId }) => typeof taskId === 'string' && mayFollow(taskId)) };
}

/** What may have the result of a finished task in it. */
const CARRIES_RESULT = new Set(['tasks/get', 'subscriptions/task']);

/** The part of an answer that a tool produced: all of it, or the result inside a finished task. */
function toolResultOf(value: JsonObject, method: string): JsonObject | undefined {
  if (method === 'tools/call' || method === 'tasks/result') return value;
  const { result } = value;
  if (!CARRIES_RESULT.has(method) || result === undefined) return undefined;
  return isObject(result) ? result : {};
}
