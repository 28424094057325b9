import type { Digest } from '@sallyport/guard';

/** The result of a verification: what one upstream session showed when its list was compared with the pins. */
export interface Verification {
  readonly verifiedAtMs: number;
  /** Version of the pins that the list was compared with. */
  readonly pinsVersion: number;
  /** Digest by name (or URI) of every listed definition that matches its pin. */
  readonly served: ReadonlyMap<string, Digest>;
  /** Names under which the session showed something else than is pinned. */
  readonly differing: ReadonlySet<string>;
}
