/**
 * RFC 8785 (JSON Canonicalization Scheme): the one text that a JSON value is hashed as. ECMAScript's own number and
 * string serialisation is what the RFC prescribes, so only the order of keys is left to do.
 */
import type { Json, JsonObject } from '../call.ts';

export function canonicalize(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalize).join(',')}]`;
  const object = value as JsonObject;
  const keys = Object.keys(object);
  if (keys.length > 1 && !isSorted(keys)) keys.sort();
  let text = '';
  for (const key of keys) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalize(object[key] as Json)}`;
  return `{${text}}`;
}

/** `sort` compares UTF-16 code units, as the RFC wants; most objects here are built in order and skip it. */
function isSorted(keys: readonly string[]): boolean {
  for (let at = 1; at < keys.length; at++) if ((keys[at - 1] as string) > (keys[at] as string)) return false;
  return true;
}
