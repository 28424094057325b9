import type { JsonObject } from '../call.ts';

/**
 * Whether a JSON value is an object: neither `null` nor an array.
 *
 * @example
 * ```ts
 * const cursorOf = (params: Json): Json | undefined => (isObject(params) ? params['cursor'] : undefined);
 * ```
 */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Without a prototype, so that a foreign name such as `constructor` finds nothing in it. */
const EMPTY: JsonObject = Object.freeze(Object.create(null) as JsonObject);

/**
 * The object itself, or an empty one for everything else, so that a member can be read without another check.
 *
 * @example
 * ```ts
 * const hint = (document: JsonObject): Json | undefined => asObject(document['annotations'])['readOnlyHint'];
 * ```
 */
export const asObject = (value: unknown): JsonObject => (isObject(value) ? value : EMPTY);
