/** What differs between two definitions, line by line, in a form that no reader can be tricked with. */
import { diffArrays } from 'diff';
import type { Json, JsonObject } from '@sallyport/guard';
import { escapeHidden } from './hidden-characters.ts';

/** One line. */
export interface DiffLine {
  readonly op: 'same' | 'add' | 'remove';
  readonly text: string;
}

/** When more lines than this differ, all old lines come before all new ones: looking for the best order takes long. */
const EDITS_MAX = 500;

/**
 * Members are sorted, so that their order makes no difference, and hidden characters are escapes.
 * @param before `undefined` when nothing was approved.
 */
export function diffDefinitions(before: JsonObject | undefined, after: JsonObject): readonly DiffLine[] {
  const [old, current] = [before === undefined ? [] : linesOf(before), linesOf(after)];
  const changes = diffArrays(old, current, { maxEditLength: EDITS_MAX }) ?? [
    { value: old, removed: true, added: false },
    { value: current, removed: false, added: true },
  ];
  return changes.flatMap(({ value, removed, added }) => value.map((text) => ({ op: opOf(removed, added), text })));
}

function opOf(removed: boolean, added: boolean): DiffLine['op'] {
  if (removed) return 'remove';
  return added ? 'add' : 'same';
}

const linesOf = (document: JsonObject): string[] =>
  JSON.stringify(sorted(document), undefined, 2).split('\n').map(escapeHidden);

function sorted(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return (value as readonly Json[]).map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, child]) => [key, sorted(child)]),
  );
}
