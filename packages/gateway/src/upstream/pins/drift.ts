/**
 * Definitions that somebody saw differ from their pins. One viewer is enough to withhold a definition from everybody:
 * a server that shows one caller another definition is not to be trusted by the others. Drift ends when every viewer
 * who saw it sees the pinned definition again.
 */

/** Drifting definitions by their key (`definitionKey`). In memory, for this process. */
export interface Drift {
  /** `viewer` saw a definition with another digest than the pin. @returns true when that digest was not known. */
  mark(key: string, viewer: string, seenDigest: string): boolean;
  /**
   * `viewer` sees the pinned definition.
   * @returns true when that ends the drift: nobody else saw another definition, or that one was approved.
   */
  clear(key: string, viewer: string, pinnedDigest: string): boolean;
  has(key: string): boolean;
}

interface DriftingDefinition {
  digest: string;
  readonly viewers: Set<string>;
}

const VIEWERS_MAX = 1_000;

/** No definition drifts at first. */
export function createDrift(): Drift {
  const drifting = new Map<string, DriftingDefinition>();
  return {
    mark(key, viewer, seenDigest) {
      const known = drifting.get(key);
      const definition = known ?? { digest: seenDigest, viewers: new Set() };
      const isNew = known?.digest !== seenDigest;
      definition.digest = seenDigest;
      if (definition.viewers.size < VIEWERS_MAX) definition.viewers.add(viewer);
      drifting.set(key, definition);
      return isNew;
    },
    clear(key, viewer, pinnedDigest) {
      const definition = drifting.get(key);
      if (definition === undefined) return false;
      definition.viewers.delete(viewer);
      if (definition.viewers.size > 0 && definition.digest !== pinnedDigest) return false;
      return drifting.delete(key);
    },
    has: (key) => drifting.has(key),
  };
}
