/** Long answers: lists lose their last items first, then long texts their end. What was left out is said. */
import { isObject, type Json } from '@sallyport/guard';

/** A value that fits, and what was left out of it. */
export interface Trimmed {
  readonly value: Json;
  readonly notes: readonly string[];
}

/** Texts are not cut below this. */
const TEXT_CHARACTERS_MIN = 200;
const ROUNDS_MAX = 12;
/** More than is missing, because the sizes of items differ. */
const MARGIN = 1.02;

interface List {
  readonly path: string;
  readonly items: Json[];
  readonly bytes: number;
}

/**
 * @param bytesMax of the value as JSON.
 * @returns `undefined` for a value that cannot be made so short.
 */
export function trimmed(value: Json, bytesMax: number): Trimmed | undefined {
  if (bytesOf(value, '', []) <= bytesMax) return { value, notes: [] };
  const copy = structuredClone(value);
  const kept = new Map<string, { shown: number; of: number }>();
  let bytes = 0;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const lists: List[] = [];
    bytes = bytesOf(copy, '', lists);
    const largest = lists.reduce<List | undefined>(
      (best, list) => (list.items.length > 0 && list.bytes > (best?.bytes ?? 0) ? list : best),
      undefined,
    );
    if (bytes <= bytesMax || largest === undefined) break;
    const { path, items } = largest;
    const of = kept.get(path)?.of ?? items.length;
    const room = Math.max(0, largest.bytes - (bytes - bytesMax) * MARGIN);
    items.length = Math.min(items.length - 1, Math.floor((items.length * room) / largest.bytes));
    kept.set(path, { shown: items.length, of });
  }
  const notes = [...kept].map(([path, { shown, of }]) => `${path || 'The list'} shows ${shown} of ${of} items.`);
  if (bytesOf(copy, '', []) > bytesMax) {
    cutTexts(copy, Math.max(TEXT_CHARACTERS_MIN, Math.floor(bytesMax / 50)));
    notes.push('Long texts are cut off.');
  }
  if (bytesOf(copy, '', []) > bytesMax) return undefined;
  notes.push('The answer was too long and is trimmed. Ask for less, or for one item at a time.');
  return { value: copy, notes };
}

/** Bytes of a value as JSON, and of the lists in it: each part is looked at once (B1). */
function bytesOf(value: Json, path: string, lists: List[]): number {
  if (typeof value !== 'object' || value === null) return Buffer.byteLength(JSON.stringify(value));
  let bytes = 1;
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) bytes += bytesOf(item, `${path}[]`, lists) + 1;
    lists.push({ path, items: value as Json[], bytes });
    return Math.max(2, bytes);
  }
  for (const [key, inner] of Object.entries(value))
    bytes += Buffer.byteLength(JSON.stringify(key)) + 2 + bytesOf(inner, path === '' ? key : `${path}.${key}`, lists);
  return Math.max(2, bytes);
}

function cutTexts(value: Json, charactersMax: number): void {
  if (typeof value !== 'object' || value === null) return;
  const members = value as Record<string, Json>;
  for (const [key, inner] of Object.entries(members)) {
    if (typeof inner === 'string' && inner.length > charactersMax)
      members[key] = `${inner.slice(0, charactersMax).toWellFormed()}…`;
    else if (isObject(inner) || Array.isArray(inner)) cutTexts(inner, charactersMax);
  }
}
