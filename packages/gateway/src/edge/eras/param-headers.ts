/** `Mcp-Param-*`: arguments that a tool's schema mirrors into headers (`x-mcp-header`) must say the same there. */
import type { IncomingHttpHeaders } from 'node:http';
import { GuardError, isObject, type Definition, type Json, type JsonObject } from '@sallyport/guard';
import { decodeSentinel } from './sentinel.ts';

/** One declaration: where the argument is, and the header that mirrors it. */
interface Mirrored {
  readonly path: readonly string[];
  readonly header: string;
}

/**
 * @param definition the pinned one; the live one has no say here.
 * @throws GuardError `header_mismatch` for a header that is missing, says something else, or mirrors what is not there.
 */
export function matchParamHeaders(
  definition: Definition | undefined,
  args: Json | undefined,
  headers: IncomingHttpHeaders,
): void {
  if (definition === undefined) return;
  for (const { path, header } of mirroredBy(definition)) {
    if (!agrees(headers[`mcp-param-${header.toLowerCase()}`], valueAt(args, path))) {
      throw new GuardError('header_mismatch', {
        message: `Mcp-Param-${header} does not agree with the argument that it mirrors.`,
      });
    }
  }
}

const remembered = new WeakMap<JsonObject, readonly Mirrored[]>();

function mirroredBy({ document }: Definition): readonly Mirrored[] {
  let found = remembered.get(document);
  if (found === undefined) remembered.set(document, (found = declared(document['inputSchema'], [])));
  return found;
}

const DEPTH_MAX = 16;

/** Only a chain of `properties` leads to an argument that is always at the same place (SEP-2243). */
function declared(schema: Json | undefined, path: readonly string[]): Mirrored[] {
  if (!isObject(schema) || path.length > DEPTH_MAX) return [];
  const header = schema['x-mcp-header'];
  const own = typeof header === 'string' && path.length > 0 ? [{ path, header }] : [];
  const properties = schema['properties'];
  return isObject(properties)
    ? [...own, ...Object.entries(properties).flatMap(([name, inner]) => declared(inner, [...path, name]))]
    : own;
}

function valueAt(args: Json | undefined, path: readonly string[]): Json | undefined {
  let value: Json | undefined = args;
  for (const name of path) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}

function agrees(header: string | string[] | undefined, value: Json | undefined): boolean {
  if (value === undefined || value === null) return header === undefined;
  if (typeof header !== 'string') return false;
  const text = decodeSentinel(header);
  return typeof value === 'number' ? /^-?\d+(\.\d+)?$/.test(text) && Number(text) === value : text === String(value);
}
