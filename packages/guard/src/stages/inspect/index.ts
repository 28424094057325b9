/** Stage 9: is what came back safe to return? One rule a file; each returns the result that the next one looks at. */
import type { Definition, JsonObject, McpResult } from '../../call.ts';
import type { Stages, Identity } from '../../guard.ts';
import { createSchemaCache, type SchemaCache } from '../validate/index.ts';
import { SCHEMA_LIMITS } from '../validate/bounds.ts';
import { boundSize } from './bound-size.ts';
import { matchShape } from './match-shape.ts';
import { createMatchOutputSchema } from './match-output-schema.ts';

export interface InspectDeps {
  /** Bytes that a result of this server may have. Read before the call is executed. */
  readonly maxResultBytes: (server: string) => number;
  /** The same decision that a call of the definition would meet. */
  readonly mayList: (who: Identity, definition: Definition) => boolean;
  /** Shared with the stage that looks at arguments. */
  readonly outputCheck?: SchemaCache;
}

export function createInspect({
  maxResultBytes,
  mayList,
  outputCheck = createSchemaCache('outputSchema', SCHEMA_LIMITS),
}: InspectDeps): Stages['inspect'] {
  const matchOutputSchema = createMatchOutputSchema(outputCheck);
  return (who, { definition }, call) => {
    const server = definition?.server ?? (call.target.kind === 'task' ? call.target.server : undefined);
    const bytesMax = server === undefined ? undefined : maxResultBytes(server);
    return (result): McpResult => {
      if (result.items !== undefined) return { ...result, items: result.items.filter((item) => mayList(who, item)) };
      if (bytesMax !== undefined) boundSize(result, bytesMax);
      const told = toldByTool(result.value, call.method);
      if (told !== undefined) matchShape(told);
      if (call.method === 'tools/call' && definition !== undefined) matchOutputSchema(result, definition);
      return result;
    };
  };
}

/** The part of an answer that a tool made: all of it, or what a finished task has inside. */
function toldByTool(value: JsonObject, method: string): JsonObject | undefined {
  if (method === 'tools/call' || method === 'tasks/result') return value;
  const { result } = value;
  if (method !== 'tasks/get' || result === undefined) return undefined;
  return typeof result === 'object' && result !== null && !Array.isArray(result) ? (result as JsonObject) : {};
}
