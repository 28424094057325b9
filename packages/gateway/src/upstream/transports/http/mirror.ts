/** Headers that mirror the body (2026-07-28, streamable HTTP): `Mcp-Name` and `Mcp-Param-*`. */
import { isObject, type Definition, type Json, type JsonObject } from '@sallyport/guard';

export interface MirroredParameter {
  readonly header: string;
  readonly path: readonly string[];
}

const NAME_OF: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/;
const PLAIN = /^(?! )[\x20-\x7e\t]*(?<![ \t])$/;
const TYPES: ReadonlySet<Json | undefined> = new Set(['string', 'integer', 'boolean']);

/** The header value itself, or the base64 sentinel when it cannot stand in a header. */
export function encodeHeader(value: string): string {
  const plain =
    value !== '' &&
    PLAIN.test(value) &&
    !value.startsWith('\t') &&
    !(value.startsWith('=?base64?') && value.endsWith('?='));
  return plain ? value : `=?base64?${Buffer.from(value).toString('base64')}?=`;
}

/**
 * The parameters that a tool wants mirrored: `x-mcp-header` on primitive properties that are reached through `properties`
 * alone. @returns `undefined` when the schema has such an annotation anywhere else, which makes the tool invalid.
 */
export function mirroredParameters(inputSchema: Json | undefined): readonly MirroredParameter[] | undefined {
  const found: MirroredParameter[] = [];
  let annotations = 0;
  const walk = (schema: Json | undefined, path: readonly string[]): void => {
    if (!isObject(schema) || path.length > 32) return;
    const header = schema['x-mcp-header'];
    if (typeof header === 'string' && TOKEN.test(header) && path.length > 0 && TYPES.has(schema['type']))
      found.push({ header, path });
    if (isObject(schema['properties']))
      for (const [key, child] of Object.entries(schema['properties'])) walk(child, [...path, key]);
  };
  const count = (value: Json | undefined, inProperties: boolean): void => {
    if (value === null || typeof value !== 'object') return;
    if (Array.isArray(value)) return (value as readonly Json[]).forEach((item) => count(item, false));
    const object = value as JsonObject;
    for (const [key, child] of Object.entries(object)) {
      // A property that happens to be called `x-mcp-header` is no annotation; text in an example is no schema.
      if (key === 'x-mcp-header' && !inProperties) annotations++;
      else if (inProperties || !['default', 'examples', 'enum', 'const'].includes(key))
        count(child, !inProperties && key === 'properties');
    }
  };
  walk(inputSchema, []);
  count(inputSchema, false);
  const unique = new Set(found.map(({ header }) => header.toLowerCase())).size === found.length;
  return unique && annotations === found.length ? found : undefined;
}

/** @param params what is sent upstream, after every rewriting, so that header and body cannot disagree. */
export function mirrorHeaders(
  method: string,
  params: JsonObject,
  definition: Definition | undefined,
): Record<string, string> {
  const headers: Record<string, string> = {};
  const key = NAME_OF.get(method);
  const name = key === undefined ? undefined : params[key];
  if (typeof name === 'string') headers['mcp-name'] = encodeHeader(name);
  if (method !== 'tools/call' || definition === undefined) return headers;
  for (const { header, path } of mirroredOf(definition)) {
    let value: Json | undefined = params['arguments'];
    for (const step of path) value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
    if (typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value))
      headers[`mcp-param-${header.toLowerCase()}`] = encodeHeader(String(value));
  }
  return headers;
}

const remembered = new WeakMap<JsonObject, readonly MirroredParameter[]>();

function mirroredOf(definition: Definition): readonly MirroredParameter[] {
  let found = remembered.get(definition.document);
  if (found === undefined)
    remembered.set(definition.document, (found = mirroredParameters(definition.document['inputSchema']) ?? []));
  return found;
}
