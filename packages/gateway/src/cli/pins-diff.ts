/** What changed between two definitions, line by line, in a form that a terminal cannot be tricked with. */
import type { Json, JsonObject } from '@sallyport/guard';
import { printable } from './printable.ts';

const LINES_MAX = 2_000;

/** Lines that begin with `-` (pinned only), `+` (new only) or a blank (both). Keys are sorted, so order is no difference. */
export function diffLines(pinned: JsonObject | undefined, seen: JsonObject): readonly string[] {
  const before = pinned === undefined ? [] : linesOf(pinned);
  const after = linesOf(seen);
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < before.length - head && tail < after.length - head && before.at(-1 - tail) === after.at(-1 - tail))
    tail++;
  const middle = changes(before.slice(head, before.length - tail), after.slice(head, after.length - tail));
  const same = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
  return [...same(before.slice(0, head)), ...middle, ...same(before.slice(before.length - tail))];
}

function linesOf(document: JsonObject): readonly string[] {
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

/** The longest common subsequence, by the table; what is too long for the table is shown whole, old before new. */
function changes(before: readonly string[], after: readonly string[]): readonly string[] {
  if (before.length > LINES_MAX || after.length > LINES_MAX)
    return [...before.map((line) => `- ${line}`), ...after.map((line) => `+ ${line}`)];
  const width = after.length + 1;
  const table = new Uint16Array((before.length + 1) * width);
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      const here = row * width + column;
      table[here] =
        before[row] === after[column]
          ? (table[here + width + 1] as number) + 1
          : Math.max(table[here + width] as number, table[here + 1] as number);
    }
  }
  const lines: string[] = [];
  let [row, column] = [0, 0];
  while (row < before.length || column < after.length) {
    const here = row * width + column;
    if (row < before.length && column < after.length && before[row] === after[column]) {
      lines.push(`  ${before[row++] as string}`);
      column++;
    } else if (
      column === after.length ||
      (row < before.length && (table[here + width] as number) >= (table[here + 1] as number))
    )
      lines.push(`- ${before[row++] as string}`);
    else lines.push(`+ ${after[column++] as string}`);
  }
  return lines;
}
