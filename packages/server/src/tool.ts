/** What a server author writes: a tool with a schema, who may call it, and what it does. */
import { createHash } from 'node:crypto';
import type { Definition, JsonObject, Principal, Tenant } from '@sallyport/guard';
import { canonicalize } from '@sallyport/guard/json';

export interface ToolContext {
  readonly principal: Principal;
  readonly tenant: Tenant;
  /** Aborted when the caller cancels. */
  readonly signal: AbortSignal;
}

export interface Tool {
  /** 1 to 128 of `A-Za-z0-9_.-`. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema 2020-12 of the arguments; arguments that it does not name are refused. */
  readonly input: JsonObject;
  /** Roles that may see and call it, or everyone who is authenticated. There is no default: nothing is open by omission. */
  readonly roles: readonly string[] | 'everyone';
  /** Returns text or structured content. Throw a ToolError for what the model can act on; anything else stays inside. */
  readonly run: (input: JsonObject, context: ToolContext) => Promise<string | JsonObject>;
}

/** @throws RangeError for a name that MCP does not allow. */
export function tool(definition: Tool): Tool {
  if (!/^[A-Za-z0-9_.-]{1,128}$/.test(definition.name)) throw new RangeError('a tool name has 1 to 128 of A-Za-z0-9_.-');
  return Object.freeze({ ...definition });
}

export function definitionOf(server: string, { name, description, input }: Tool): Definition {
  const document: JsonObject = { name, description, inputSchema: input };
  return { server, kind: 'tool', name, document, digest: `sha256:${createHash('sha256').update(canonicalize(document)).digest('hex')}`, labels: [] };
}
