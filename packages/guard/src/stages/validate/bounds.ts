/**
 * Refuses a JSON Schema that would be too expensive, before it is compiled: size, depth, and combinators that multiply
 * (each `$ref` counts as the schema that it points to).
 */
import type { Json } from '../../call.ts';
import { isObject } from '../../json/is-object.ts';
import { createResolver, REFERENCES, type ResolveReference } from './schema/references.ts';
import { subschemasOf } from './schema/subschemas.ts';

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
  if (expandedSize(schema, createResolver(schema), new Map()) > limits.expandedMax)
    return `the schema expands to more than ${limits.expandedMax} checks`;
  return undefined;
}

function depthOf(value: Json): number {
  if (value === null || typeof value !== 'object') return 0;
  let deepest = 0;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner as Json));
  return deepest + 1;
}

/** Memoised per schema, so that doubling chains (`a: allOf [b, b]`, `b: allOf [c, c]`) are counted in linear time. */
function expandedSize(schema: Json, resolve: ResolveReference, memo: Map<Json, number>): number {
  if (!isObject(schema)) return 1;
  const known = memo.get(schema);
  if (known !== undefined) return known;
  // A circle counts once here: what it costs for one value is counted while the value is checked.
  memo.set(schema, 1);
  let size = 1;
  for (const inner of subschemasOf(schema, true)) size += expandedSize(inner, resolve, memo);
  for (const keyword of REFERENCES) {
    const reference = schema[keyword];
    if (typeof reference === 'string') size += expandedSize(resolve(keyword, reference, schema), resolve, memo);
  }
  memo.set(schema, size);
  return size;
}
