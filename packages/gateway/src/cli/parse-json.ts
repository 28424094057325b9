import type { Json } from '@sallyport/guard';

/** `undefined` for what is not JSON: a proxy in between may answer with a page of its own. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
