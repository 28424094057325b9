/** A name that the configuration does not know is a mistake to be told, not an empty answer. */
import { closest } from '../config/suggest.ts';
import { printable } from './printable.ts';

/** @returns a sentence, or `undefined` when the name is known. */
export function unknownName(what: string, name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return undefined;
  const meant = closest(name, known);
  const there = known.length === 0 ? 'it names none' : `it names ${known.join(', ')}`;
  return `The configuration has no ${what} ${printable(name)}${meant === undefined ? `; ${there}` : `; did you mean ${meant}?`}`;
}
