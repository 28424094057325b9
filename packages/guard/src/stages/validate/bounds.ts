/**
 * Refuses a JSON Schema that would be too expensive, before it is compiled: size, depth, references that leave the
 * document, and combinators that multiply (each `$ref` counts as the schema that it points to).
 */
import type { Json, JsonObject } from '../../call.ts';
import { isObject } from '../../json/is-object.ts';

/**
 * What a schema may cost.
 *
 * @example
 * ```ts
 * const small: SchemaLimits = { bytesMax: 16_384, depthMax: 16, expandedMax: 1_000 };
 * ```
 */
export interface SchemaLimits {
  readonly bytesMax: number;
  readonly depthMax: number;
  /** Subschemas that one value can be checked against, with references expanded. */
  readonly expandedMax: number;
}

/**
 * The limits of schemas of tools.
 *
 * @example
 * ```ts
 * const check = compileSchema({ type: 'object' }, SCHEMA_LIMITS);
 * ```
 */
export const SCHEMA_LIMITS: SchemaLimits = { bytesMax: 256 * 1024, depthMax: 64, expandedMax: 20_000 };

/** Why the schema is refused; `undefined` when it is accepted. */
export function whyUnbounded(schema: Json, limits: SchemaLimits): string | undefined {
  if (JSON.stringify(schema).length > limits.bytesMax) return `the schema is larger than ${limits.bytesMax} bytes`;
  if (depthOf(schema) > limits.depthMax) return `the schema is nested deeper than ${limits.depthMax}`;
  const foreign = foreignReference(schema);
  if (foreign !== undefined) return foreign;
  if (expandedSize(schema, schema, new Map()) > limits.expandedMax)
    return `the schema expands to more than ${limits.expandedMax} checks`;
  return undefined;
}

function depthOf(value: Json): number {
  if (value === null || typeof value !== 'object') return 0;
  let deepest = 0;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner as Json));
  return deepest + 1;
}

/** Only references inside the document: nothing is ever fetched, and no `$id` can move the base. */
function foreignReference(value: Json): string | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (key === '$dynamicRef' || key === '$recursiveRef') return `${key} is not supported`;
    if (key === '$ref' && typeof inner === 'string' && !/^#($|\/)/.test(inner)) return 'a $ref leaves the schema';
    const deeper = foreignReference(inner as Json);
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}

/** Memoised per node, so that doubling chains (`a: allOf [b, b]`, `b: allOf [c, c]`, …) are counted in linear time. */
function expandedSize(node: Json, root: Json, memo: Map<Json, number>): number {
  if (node === null || typeof node !== 'object') return 0;
  const known = memo.get(node);
  if (known !== undefined) return known;
  // A cycle counts once: each round consumes a level of the input, whose depth is bounded.
  memo.set(node, 1);
  let size = 1;
  for (const [key, inner] of Object.entries(node)) {
    if (key === '$defs' || key === 'definitions') continue;
    if (key === '$ref' && typeof inner === 'string') size += expandedSize(resolve(root, inner), root, memo);
    else size += expandedSize(inner as Json, root, memo);
  }
  memo.set(node, size);
  return size;
}

function resolve(root: Json, reference: string): Json {
  let node: Json | undefined = root;
  for (const part of reference.slice(1).split('/').slice(1)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (!isObject(node) && !Array.isArray(node)) return null;
    node = (node as JsonObject)[key];
  }
  return node ?? null;
}
