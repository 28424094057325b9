/**
 * Definitions that somebody saw differ from their pins. One sighting withholds a definition from everybody: a server that
 * changes its face for one caller only is not to be trusted by the others. It ends when whoever saw it sees the pin again.
 */
import type { DefinitionKind } from '@sallyport/guard';

export interface Drift {
  /** True when this digest was not known to be drifting yet. */
  mark(key: string, observer: string, seen: string): boolean;
  /** `observer` sees the pinned definition. True when that ends the drift: nobody else saw another, or theirs was approved. */
  clear(key: string, observer: string, pinned: string): boolean;
  has(key: string): boolean;
}

interface Sighting {
  digest: string;
  readonly observers: Set<string>;
}

const OBSERVERS_MAX = 1_000;

export const driftKey = (server: string, kind: DefinitionKind, name: string): string => `${server} ${kind} ${name}`;

export function createDrift(): Drift {
  const sightings = new Map<string, Sighting>();
  return {
    mark(key, observer, seen) {
      let sighting = sightings.get(key);
      const news = sighting?.digest !== seen;
      if (sighting === undefined) sightings.set(key, (sighting = { digest: seen, observers: new Set() }));
      sighting.digest = seen;
      if (sighting.observers.size < OBSERVERS_MAX) sighting.observers.add(observer);
      return news;
    },
    clear(key, observer, pinned) {
      const sighting = sightings.get(key);
      if (sighting === undefined) return false;
      sighting.observers.delete(observer);
      if (sighting.observers.size > 0 && sighting.digest !== pinned) return false;
      return sightings.delete(key);
    },
    has: (key) => sightings.has(key),
  };
}
