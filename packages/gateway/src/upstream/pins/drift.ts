/**
 * Definitions that the gateway's own session saw differ from their pins. They are withheld from everybody until that
 * session sees the pinned definition again. What the session of one caller shows withholds nothing from others (B11).
 */

/** Drifting definitions by their key (`definitionKey`). In memory, for this process. */
export interface Drift {
  /** A definition was seen with another digest than the pin. @returns true when that digest was not known. */
  mark(key: string, seenDigest: string): boolean;
  /** The pinned definition was seen. @returns true when that ends a drift. */
  clear(key: string): boolean;
  has(key: string): boolean;
}

/** No definition drifts at first. */
export function createDrift(): Drift {
  const drifting = new Map<string, string>();
  return {
    mark(key, seenDigest) {
      const isNew = drifting.get(key) !== seenDigest;
      drifting.set(key, seenDigest);
      return isNew;
    },
    clear: (key) => drifting.delete(key),
    has: (key) => drifting.has(key),
  };
}
