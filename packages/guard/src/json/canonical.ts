/**
 * RFC 8785 (JSON Canonicalization Scheme): the one text that a JSON value is hashed as. ECMAScript's own number and
 * string serialisation is what the RFC prescribes, so only the order of keys is left to do.
 */
import type { Json, JsonObject } from '../call.ts';

/** @returns RFC 8785 text; the same for every value that is equal as JSON. */
export function canonicalize(value: Json): string {
  // What was built in order needs no second text: the engine's serialiser writes it as the RFC wants, several times faster.
  return isOrdered(value) ? JSON.stringify(value) : inOrder(value);
}

/** Whether the keys of every object in it come in ascending UTF-16 code units. */
function isOrdered(value: Json): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return (value as readonly Json[]).every(isOrdered);
  const object = value as JsonObject;
  let last = '';
  for (const key in object) {
    if (key < last || !isOrdered(object[key] as Json)) return false;
    last = key;
  }
  return true;
}

function inOrder(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(inOrder).join(',')}]`;
  const object = value as JsonObject;
  return `{${Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${inOrder(object[key] as Json)}`)
    .join(',')}}`;
}
