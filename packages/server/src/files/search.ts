/** Finds a text in files, line by line. The text is no pattern, so that nothing in it costs more than its length. */
import type { Found } from './walk.ts';

/** A line that has the text. */
export interface Match {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** At most 300 characters of the line. */
  readonly text: string;
}

const LINE_CHARACTERS_MAX = 300;

/** @returns at most so many lines of a file that have the text. */
export function matchesIn(content: string, wanted: string, { path }: Pick<Found, 'path'>, matchesMax: number): Match[] {
  const matches: Match[] = [];
  let line = 1;
  let counted = 0;
  for (let at = content.indexOf(wanted); at !== -1 && matches.length < matchesMax;) {
    for (let end = content.indexOf('\n', counted); end !== -1 && end < at; end = content.indexOf('\n', counted)) {
      counted = end + 1;
      line += 1;
    }
    const end = content.indexOf('\n', at);
    const whole = content.slice(counted, end === -1 ? undefined : end);
    const from = Math.max(0, Math.min(at - counted, whole.length - LINE_CHARACTERS_MAX));
    matches.push({ path, line, text: whole.slice(from, from + LINE_CHARACTERS_MAX).toWellFormed() });
    if (end === -1) break;
    at = content.indexOf(wanted, end + 1);
  }
  return matches;
}
