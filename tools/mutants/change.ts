/**
 * A change of the product that takes a protection away, with the tests that must notice it. The lists beside this file
 * hold one change for each throw, bound, comparison and wait that a reader of the product would call a protection.
 */
import { join } from 'node:path/posix';

export interface Change {
  /** From the root, with slashes. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replacement: string;
  /** The files of tests of which at least one must turn red. */
  readonly tests: readonly string[];
}

type Pair = readonly [find: string, replacement: string];

/**
 * @param folder what files and tests are named from, unless they begin with `test/` or `packages/`.
 * @returns a function that makes the changes of one file, which the same tests must notice.
 */
export const changesIn =
  (folder: string) =>
  (file: string, tests: readonly string[], pairs: readonly Pair[]): Change[] => {
    const fromRoot = (path: string): string => (/^(test|packages)\//.test(path) ? path : join(folder, path));
    return pairs.map(([find, replacement]) => ({
      file: fromRoot(file),
      find,
      replacement,
      tests: tests.map(fromRoot),
    }));
  };

/** @throws Error when the text does not hold exactly one place to change. */
export function applyChange({ file, find, replacement }: Change, text: string): string {
  const at = text.indexOf(find);
  if (at === -1) throw new Error(`${file} no longer holds: ${find}`);
  if (text.includes(find, at + 1)) throw new Error(`${file} holds more than once: ${find}`);
  return text.slice(0, at) + replacement + text.slice(at + find.length);
}

/** The line at which a change begins, counted from 1. */
export const lineOf = ({ find }: Change, text: string): number => text.slice(0, text.indexOf(find)).split('\n').length;
