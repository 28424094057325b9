/** What a server author writes: a tool with a schema, who may call it, and what it does. */
import { jsonDigest, type Definition, type JsonObject, type Principal, type Tenant } from '@sallyport/guard';
import { compileSchema } from '@sallyport/guard/stages';

export interface ToolContext {
  readonly principal: Principal;
  readonly tenant: Tenant;
  /** Aborted when the caller cancels, and when the time of the call is up. */
  readonly signal: AbortSignal;
}

export interface Tool {
  /** 1 to 128 of `A-Za-z0-9_.-`. */
  readonly name: string;
  readonly description: string;
  /**
   * JSON Schema 2020-12 of the arguments, `type: object`; arguments that it does not name are refused. References stay
   * inside of it, and patterns are those of RE2.
   */
  readonly input: JsonObject;
  /** Roles that may see and call it, or everyone who is authenticated. There is no default: nothing is open by omission. */
  readonly roles: readonly string[] | 'everyone';
  /**
   * Gets arguments that passed `input`, and returns text or an object that JSON can hold, of at most 1 MiB with its text.
   * Throw a ToolError for what the model can act on; every other error goes to `onError`, and the caller learns only that
   * the tool failed.
   */
  readonly run: (input: JsonObject, context: ToolContext) => Promise<string | JsonObject>;
}

const checked = new WeakSet<Tool>();

/**
 * Checks a tool when it is written down and not when it is first called.
 *
 * @throws RangeError for a name that MCP does not allow, for roles that are neither a list nor `everyone`, and for an input
 * schema that clients refuse or that cannot be checked safely.
 */
export function tool(definition: Tool): Tool {
  if (checked.has(definition)) return definition;
  const { name, input, roles } = definition;
  if (!/^[A-Za-z0-9_.-]{1,128}$/.test(name)) throw new RangeError('a tool name has 1 to 128 of A-Za-z0-9_.-');
  if (roles !== 'everyone' && !Array.isArray(roles))
    throw new RangeError(`tool ${name}: roles must be a list of names, or 'everyone'`);
  if (input['type'] !== 'object') throw new RangeError(`tool ${name}: the input schema must have type: 'object'`);
  try {
    compileSchema(input);
  } catch (cause) {
    throw new RangeError(`tool ${name}: the input schema cannot be used: ${(cause as Error).message}`, { cause });
  }
  const frozen = Object.freeze({ ...definition });
  checked.add(frozen);
  return frozen;
}

export function definitionOf(server: string, { name, description, input }: Tool): Definition {
  const document: JsonObject = { name, description, inputSchema: input };
  return {
    server,
    kind: 'tool',
    name,
    document,
    digest: jsonDigest(document),
    labels: [],
  };
}
