/** What a server author writes: a tool with a schema, the roles that may call it, and a function. */
import { jsonDigest, type Definition, type JsonObject } from '@sallyport/guard';
import { compileSchema } from '@sallyport/guard/stages';
import type { CallContext } from './call-context.ts';

/**
 * One tool.
 *
 * @example
 * ```ts
 * const nameAndText = ({ name, description }: Tool): string => `${name}: ${description}`;
 * ```
 */
export interface Tool {
  /** 1 to 128 of `A-Za-z0-9_.-`. */
  readonly name: string;
  readonly description: string;
  /**
   * JSON Schema 2020-12 of the arguments, with `type: object`. Arguments that it does not declare are refused.
   * References must stay inside the schema, and patterns use RE2 syntax.
   */
  readonly input: JsonObject;
  /**
   * Roles that may see and call it, or `everyone` who is authenticated. Required, so that nothing is open by omission.
   */
  readonly roles: readonly string[] | 'everyone';
  /**
   * Gets arguments that match `input`. Returns text, or an object that JSON can hold; the whole result is at most 1
   * MiB. Throw a ToolError for what the model can act on. Every other error goes to `onError`, and the caller learns
   * only that the tool failed.
   */
  readonly run: (input: JsonObject, context: CallContext) => Promise<string | JsonObject>;
}

const checked = new WeakSet<Tool>();

/**
 * Checks a tool when it is defined, not when it is first called.
 *
 * @throws RangeError for a name that MCP does not allow, for roles that are neither a list nor `everyone`, and for an
 * input schema that clients refuse or that cannot be checked safely.
 * @example
 * ```ts
 * const greet = tool({
 *   name: 'greet', description: 'Greets a person', roles: 'everyone',
 *   input: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
 *   run: async ({ name }) => `Hello, ${String(name)}`,
 * });
 * ```
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

/** The tool as clients list it and as the guard knows it. */
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
