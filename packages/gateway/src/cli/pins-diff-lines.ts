/** What changed between two definitions, line by line, in a form that a terminal cannot be tricked with. */
import { diffArrays } from 'diff';
import type { Json, JsonObject } from '@sallyport/guard';
import { printable } from './printable.ts';

/** When more lines than this differ, all old lines are printed before all new ones. */
const EDITS_MAX = 2_000;

/**
 * Lines that begin with `-` (pinned only), `+` (seen only) or a blank (both). Members are sorted, so that their order
 * makes no difference.
 */
export function diffLines(pinned: JsonObject | undefined, seen: JsonObject): readonly string[] {
  const before = pinned === undefined ? [] : linesOf(pinned);
  const after = linesOf(seen);
  const changes = diffArrays(before, after, { maxEditLength: EDITS_MAX }) ?? [
    { value: before, removed: true, added: false },
    { value: after, removed: false, added: true },
  ];
  return changes.flatMap(({ value, removed, added }) => value.map((line) => `${signOf(removed, added)} ${line}`));
}

function signOf(removed: boolean, added: boolean): string {
  if (removed) return '-';
  return added ? '+' : ' ';
}

function linesOf(document: JsonObject): string[] {
  return JSON.stringify(sorted(document), undefined, 2).split('\n').map(printable);
}

function sorted(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return (value as readonly Json[]).map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, child]) => [key, sorted(child)]),
  );
}
