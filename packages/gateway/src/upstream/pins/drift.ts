/**
 * Definitions that somebody saw differ from their pins. One observer is enough to withhold a definition from everybody:
 * a server that shows one caller another definition is not to be trusted by the others. Drift ends when every observer
 * who saw it sees the pinned definition again.
 */

/** Drifting definitions by their key (`definitionKey`). In memory, for this process. */
export interface Drift {
  /** `observer` saw a definition with another digest than the pin. @returns true when that digest was not known. */
  mark(key: string, observer: string, seenDigest: string): boolean;
  /**
   * `observer` sees the pinned definition.
   * @returns true when that ends the drift: nobody else saw another definition, or that one was approved.
   */
  clear(key: string, observer: string, pinnedDigest: string): boolean;
  has(key: string): boolean;
}

interface DriftingDefinition {
  digest: string;
  readonly observers: Set<string>;
}

const OBSERVERS_MAX = 1_000;

/** No definition drifts at first. */
export function createDrift(): Drift {
  const drifting = new Map<string, DriftingDefinition>();
  return {
    mark(key, observer, seenDigest) {
      const known = drifting.get(key);
      const definition = known ?? { digest: seenDigest, observers: new Set() };
      const isNew = known?.digest !== seenDigest;
      definition.digest = seenDigest;
      if (definition.observers.size < OBSERVERS_MAX) definition.observers.add(observer);
      drifting.set(key, definition);
      return isNew;
    },
    clear(key, observer, pinnedDigest) {
      const definition = drifting.get(key);
      if (definition === undefined) return false;
      definition.observers.delete(observer);
      if (definition.observers.size > 0 && definition.digest !== pinnedDigest) return false;
      return drifting.delete(key);
    },
    has: (key) => drifting.has(key),
  };
}
