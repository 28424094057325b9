/** A name that the configuration does not know is reported as a mistake; an empty answer would hide it. */
import { closest } from '../config/suggest.ts';
import { printable } from './printable.ts';

/**
 * @param kind what the name is of, such as `tenant`.
 * @returns a sentence for the user, or `undefined` when the name is known.
 */
export function unknownName(kind: string, name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return undefined;
  const suggestion = closest(name, known);
  const names = known.length === 0 ? 'it names none' : `it names ${known.join(', ')}`;
  const hint = suggestion === undefined ? `; ${names}` : `; did you mean ${suggestion}?`;
  return `The configuration has no ${kind} ${printable(name)}${hint}`;
}
