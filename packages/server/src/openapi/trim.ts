/** Long answers: lists lose their last items first, then long texts their end. What was left out is said. */
import { isObject, type Json } from '@sallyport/guard';

/** A value that fits, and what was left out of it. */
export interface Trimmed {
  readonly value: Json;
  readonly notes: readonly string[];
}

const bytesOf = (value: Json): number => Buffer.byteLength(JSON.stringify(value));

/** Texts are not cut below this. */
const TEXT_CHARACTERS_MIN = 200;
const ROUNDS_MAX = 12;

interface Place {
  readonly path: string;
  readonly items: Json[];
  readonly bytes: number;
}

/**
 * @param bytesMax of the value as JSON. What is still longer after trimming becomes a note alone: the caller must ask
 * for less.
 */
export function trimmed(value: Json, bytesMax: number): Trimmed {
  if (bytesOf(value) <= bytesMax) return { value, notes: [] };
  const copy = structuredClone(value);
  const kept = new Map<string, { shown: number; of: number }>();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const excess = bytesOf(copy) - bytesMax;
    if (excess <= 0) break;
    const largest = largestList(copy, '', undefined);
    if (largest === undefined) break;
    const { path, items, bytes } = largest;
    const of = kept.get(path)?.of ?? items.length;
    items.length = Math.min(items.length - 1, Math.floor((items.length * Math.max(0, bytes - excess * 1.02)) / bytes));
    kept.set(path, { shown: items.length, of });
  }
  const notes = [...kept].map(([path, { shown, of }]) => `${path || 'The list'} shows ${shown} of ${of} items.`);
  if (bytesOf(copy) > bytesMax) {
    cutTexts(copy, Math.max(TEXT_CHARACTERS_MIN, Math.floor(bytesMax / 50)));
    notes.push('Long texts are cut off.');
  }
  notes.push('The answer was too long and is trimmed. Ask for less, or for one item at a time.');
  return { value: copy, notes };
}

/** The list with the most bytes that has an item to lose. */
function largestList(value: Json, path: string, best: Place | undefined): Place | undefined {
  if (typeof value !== 'object' || value === null) return best;
  let found = best;
  if (Array.isArray(value) && value.length > 0) {
    const bytes = bytesOf(value);
    if (found === undefined || bytes > found.bytes) found = { path, items: value as Json[], bytes };
  }
  for (const [key, inner] of Object.entries(value))
    found = largestInside(inner as Json, Array.isArray(value) ? `${path}[]` : joined(path, key), found);
  return found;
}

const joined = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/** A list inside the largest one so far is larger only if the outer one is small: it is looked at for its own. */
const largestInside = (value: Json, path: string, best: Place | undefined): Place | undefined =>
  largestList(value, path, best);

function cutTexts(value: Json, charactersMax: number): void {
  if (typeof value !== 'object' || value === null) return;
  const members = value as Record<string, Json>;
  for (const [key, inner] of Object.entries(members)) {
    if (typeof inner === 'string' && inner.length > charactersMax)
      members[key] = `${inner.slice(0, charactersMax).toWellFormed()}…`;
    else if (isObject(inner) || Array.isArray(inner)) cutTexts(inner, charactersMax);
  }
}
