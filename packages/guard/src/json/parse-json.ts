import type { Json } from '../call.ts';

/**
 * For JSON that decides nothing by itself: the last of two members with one name counts, as everywhere. What is judged
 * is read with `parseStrict`.
 *
 * @returns `undefined` for what is not JSON: a proxy in between may answer with a page of its own.
 *
 * @example
 * ```ts
 * const answer = parseJson('{"ready":true}');
 * ```
 */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
