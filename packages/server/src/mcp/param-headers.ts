/**
 * `Mcp-Param-*`: arguments that the input schema of a tool mirrors into headers with `x-mcp-header` (SEP-2243). The
 * edge compares these headers with the arguments; the gateway sends them to servers; the command line sends them to
 * the gateway.
 */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { encodeHeaderText } from './header-text.ts';

/** One annotated property of an input schema. */
export interface MirroredParameter {
  /** The value of `x-mcp-header`, as it is written in the schema. */
  readonly name: string;
  /** The names of the properties that lead from the arguments to the mirrored value. */
  readonly path: readonly string[];
  /** Whether the property is of a type that a header can mirror. */
  readonly isPrimitive: boolean;
}

/** JSON from a server is at most 100 levels deep when it is read, so this refuses no schema that a server can send. */
const SCHEMA_DEPTH_MAX = 128;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/;
const PRIMITIVE: ReadonlySet<Json | undefined> = new Set(['string', 'integer', 'boolean']);
/** Members of a schema that hold examples of values, not schemas. */
const VALUE_MEMBERS: ReadonlySet<string> = new Set(['default', 'examples', 'enum', 'const']);

const foundIn = new WeakMap<JsonObject, readonly MirroredParameter[]>();

/**
 * The annotated parameters of an input schema. Only a chain of `properties` leads to an argument that is always at the
 * same path, so annotations under `items`, `anyOf` and the like are not among them.
 */
export function mirroredParameters(inputSchema: Json | undefined): readonly MirroredParameter[] {
  if (!isObject(inputSchema)) return [];
  const known = foundIn.get(inputSchema);
  if (known !== undefined) return known;
  const found: MirroredParameter[] = [];
  collectParameters(inputSchema, [], found);
  foundIn.set(inputSchema, found);
  return found;
}

function collectParameters(schema: Json | undefined, path: readonly string[], found: MirroredParameter[]): void {
  if (!isObject(schema) || path.length > SCHEMA_DEPTH_MAX) return;
  const name = schema['x-mcp-header'];
  if (typeof name === 'string' && TOKEN.test(name) && path.length > 0)
    found.push({ name, path, isPrimitive: PRIMITIVE.has(schema['type']) });
  if (!isObject(schema['properties'])) return;
  for (const [key, property] of Object.entries(schema['properties']))
    collectParameters(property, [...path, key], found);
}

/**
 * False when an `x-mcp-header` of the schema is not on a primitive property that only `properties` lead to, is not a
 * header name, or is there twice. Such a tool is invalid and must not be served.
 */
export function hasValidAnnotations(inputSchema: Json | undefined): boolean {
  const found = mirroredParameters(inputSchema).filter(({ isPrimitive }) => isPrimitive);
  const names = new Set(found.map(({ name }) => name.toLowerCase()));
  return names.size === found.length && countAnnotations(inputSchema, false, 0) === found.length;
}

/** @param inProperties `value` maps names of properties to schemas, so its keys are not keywords. */
function countAnnotations(value: Json | undefined, inProperties: boolean, depth: number): number {
  if (value === null || typeof value !== 'object') return 0;
  // A schema that is too deep to search has annotations that were not found.
  if (depth > SCHEMA_DEPTH_MAX) return Number.POSITIVE_INFINITY;
  if (Array.isArray(value))
    return (value as readonly Json[]).reduce<number>((sum, item) => sum + countAnnotations(item, false, depth + 1), 0);
  let annotations = 0;
  for (const [key, child] of Object.entries(value as JsonObject)) {
    if (key === 'x-mcp-header' && !inProperties) annotations++;
    else if (inProperties || !VALUE_MEMBERS.has(key))
      annotations += countAnnotations(child, !inProperties && key === 'properties', depth + 1);
  }
  return annotations;
}

/** The header of a parameter, in lower case. */
export const paramHeader = ({ name }: MirroredParameter): string => `mcp-param-${name.toLowerCase()}`;

/** The argument that a parameter's header mirrors; `undefined` when the arguments do not have it. */
export function mirroredArgument(args: Json | undefined, { path }: MirroredParameter): Json | undefined {
  let value = args;
  for (const key of path) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}

/** The `Mcp-Param-*` headers of a call. Arguments that are absent, null or not primitive have none. */
export function paramHeaders(inputSchema: Json | undefined, args: Json | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const parameter of mirroredParameters(inputSchema)) {
    const value = mirroredArgument(args, parameter);
    if (typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value))
      headers[paramHeader(parameter)] = encodeHeaderText(String(value));
  }
  return headers;
}
