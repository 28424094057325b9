/** Whether figures grow for good: their last third is compared with the one before. The first is for warming up. */
import type { Held } from './processes.ts';

/** Growth that is no leak: the heap follows the load of the moment. */
const RESIDENT_RATIO_MAX = 1.1;
const RESIDENT_KIB_MAX = 12 * 1_024;
const DESCRIPTORS_MAX = 6;
const CHILDREN_MAX = 2;

/** @returns a sentence for each figure that grew. */
export function growthIn(held: readonly Held[]): string[] {
  const third = Math.floor(held.length / 3);
  if (third === 0) return ['it was too short to tell: three minutes are the least'];
  const [before, last] = [held.slice(-2 * third, -third), held.slice(-third)];
  const grown = (name: keyof Held, most: (figure: number) => number): string[] => {
    const [from, to] = [median(before.map((one) => one[name])), median(last.map((one) => one[name]))];
    return to > most(from) ? [`${name} grew from ${from} to ${to}`] : [];
  };
  return [
    ...grown('residentKib', (from) => Math.max(from * RESIDENT_RATIO_MAX, from + RESIDENT_KIB_MAX)),
    ...grown('descriptors', (from) => from + DESCRIPTORS_MAX),
    ...grown('children', (from) => from + CHILDREN_MAX),
  ];
}

const median = (figures: readonly number[]): number =>
  figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;
