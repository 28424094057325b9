/**
 * RFC 8785 (JSON Canonicalization Scheme): the text of a JSON value that is hashed. The RFC prescribes the number and
 * string serialisation of ECMAScript, so only the order of keys is left to do.
 */
import type { Json, JsonObject } from '../call.ts';

/**
 * @returns RFC 8785 text; the same for every value that is equal as JSON.
 *
 * @example
 * ```ts
 * const text = canonicalize({ b: 1, a: 2 }); // {"a":2,"b":1}
 * ```
 */
export function canonicalize(value: Json): string {
  // The engine's serialiser is several times faster, and right when the keys are in order already.
  return isOrdered(value) ? JSON.stringify(value) : serialize(value);
}

/** Whether every object in the value has its keys in ascending order of UTF-16 code units. */
function isOrdered(value: Json): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return (value as readonly Json[]).every(isOrdered);
  const object = value as JsonObject;
  let previous = '';
  for (const key in object) {
    if (key < previous || !isOrdered(object[key] as Json)) return false;
    previous = key;
  }
  return true;
}

function serialize(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(serialize).join(',')}]`;
  const object = value as JsonObject;
  return `{${Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${serialize(object[key] as Json)}`)
    .join(',')}}`;
}
