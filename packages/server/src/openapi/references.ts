/** Follows `$ref` inside the document. A reference that leads out of it is refused: nothing is fetched (R5, J8). */
import { isObject, type Json, type JsonObject } from '@sallyport/guard';
import { DocumentError } from './document-error.ts';

/** References that lead to references. */
const CHAIN_MAX = 64;

/**
 * The part of the document that a reference names.
 *
 * @param at where the reference stands.
 * @throws DocumentError for a reference that leads nowhere or out of the document.
 * @example
 * ```ts
 * const customer = resolveReference(root, '#/components/schemas/Customer', ['paths']);
 * ```
 */
export function resolveReference(root: JsonObject, reference: string, at: readonly string[]): Json {
  const known = resolved.get(root) ?? new Map<string, Json>();
  resolved.set(root, known);
  const value = known.get(reference) ?? followReference(root, reference, at);
  known.set(reference, value);
  return value;
}

/** A document refers to the same schemas thousands of times. */
const resolved = new WeakMap<JsonObject, Map<string, Json>>();

function followReference(root: JsonObject, reference: string, at: readonly string[]): Json {
  if (!reference.startsWith('#'))
    throw new DocumentError(
      `the reference ${shown(reference)} leads out of the document, and nothing is fetched; ` +
        'bundle the document into one file first (for example with: npx @redocly/cli bundle)',
      at,
    );
  if (reference !== '#' && !reference.startsWith('#/'))
    throw new DocumentError(`the reference ${shown(reference)} names an anchor; only #/… is supported`, at);
  let value: Json = root;
  for (const part of reference.split('/').slice(1)) {
    const key = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
    const inside: Json | undefined = memberOf(value, key);
    if (inside === undefined) throw new DocumentError(`the reference ${shown(reference)} leads nowhere`, at);
    value = inside;
  }
  return value;
}

function memberOf(value: Json, key: string): Json | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, Json>>)[key];
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const shown = (reference: string): string => JSON.stringify(reference.slice(0, 200));

/**
 * An object of the document, with references followed until there is none; its own members beside `$ref` are lost, as
 * OpenAPI 3.0 says.
 *
 * @throws DocumentError as `resolveReference`, and for what is no object.
 * @example
 * ```ts
 * const parameter = objectAt(root, { $ref: '#/components/parameters/Page' }, ['paths']);
 * ```
 */
export function objectAt(root: JsonObject, value: Json | undefined, at: readonly string[]): JsonObject {
  let current = value;
  for (let links = 0; isObject(current) && typeof current['$ref'] === 'string'; links++) {
    if (links > CHAIN_MAX) throw new DocumentError('references lead in a circle', at);
    current = resolveReference(root, current['$ref'], at);
  }
  if (!isObject(current)) throw new DocumentError('must be an object', at);
  return current;
}
