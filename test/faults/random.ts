/** Numbers that are the same for the same seed, so that a run that failed can be repeated. */

/** @returns a whole number from 0 to below `limit`. */
export type Below = (limit: number) => number;

/** @param seed any whole number. */
export function numbers(seed: number): Below {
  let state = seed >>> 0;
  // mulberry32
  return (limit) => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}
