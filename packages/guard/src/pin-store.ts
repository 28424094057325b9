/** The port of pins: approved definitions, and those that wait for approval. */
import type { DefinitionKind, JsonObject } from './call.ts';
import type { Digest } from './identifiers.ts';
import type { MaybePromise } from './maybe-promise.ts';

/**
 * An approved definition.
 *
 * @example
 * ```ts
 * const isCurrent = (pin: Pin, document: JsonObject): boolean => pin.digest === jsonDigest(document);
 * ```
 */
export interface Pin {
  readonly server: string;
  readonly kind: DefinitionKind;
  readonly name: string;
  readonly digest: Digest;
  readonly document: JsonObject;
  readonly approvedAtMs: number;
  readonly approvedBy: string;
}

/**
 * A definition that is not (or no longer) approved, kept so that a person can compare and approve it.
 *
 * @example
 * ```ts
 * const oldestFirst = (a: PendingPin, b: PendingPin): number => a.seenAtMs - b.seenAtMs;
 * ```
 */
export interface PendingPin extends Omit<Pin, 'approvedAtMs' | 'approvedBy'> {
  readonly seenAtMs: number;
  /** Who said no to exactly this definition, and when. It can be approved nevertheless. */
  readonly rejected?: Rejection;
}

/**
 * A person's no to a definition.
 *
 * @example
 * ```ts
 * const sentence = ({ by }: Rejection): string => `rejected by ${by}`;
 * ```
 */
export interface Rejection {
  readonly atMs: number;
  readonly by: string;
}

/**
 * What is known of a pending definition without its document, which may be large and is needed by persons only.
 *
 * @example
 * ```ts
 * const isFiled = (pending: PendingDigest, digest: Digest): boolean => pending.digest === digest;
 * ```
 */
export interface PendingDigest extends Pick<PendingPin, 'server' | 'kind' | 'name' | 'digest' | 'rejected'> {
  /** Length of the document as JSON. */
  readonly documentBytes: number;
}

/**
 * A definition that no caller gets, and nobody can approve, because of its name or shape.
 *
 * @example
 * ```ts
 * const sentence = ({ name, reason }: WithheldDefinition): string => `${name} is withheld: ${reason}`;
 * ```
 */
export interface WithheldDefinition extends Pick<Pin, 'server' | 'kind' | 'name'> {
  readonly reason: string;
}

/**
 * A change of the pins, as data: a list of them can be applied together, also over a network.
 *
 * @example
 * ```ts
 * const approveAll = (pins: readonly Pin[]): PinChange[] => pins.map((pin) => ({ kind: 'approve', pin }));
 * ```
 */
export type PinChange =
  /** Replaces the pin. Removes the pending definition of the same name if it has the same digest. */
  | { readonly kind: 'approve'; readonly pin: Pin }
  /** Pins a definition that has no pin yet, and removes the pending one of the same name. Changes nothing otherwise. */
  | { readonly kind: 'pin_if_absent'; readonly pin: Pin }
  /** Replaces the document of the pin that has this digest. Changes nothing when the pin has another digest. */
  | { readonly kind: 'update_document'; readonly pin: Omit<Pin, 'approvedAtMs' | 'approvedBy'> }
  /**
   * Files the newest unapproved definition. Replaces an older pending one of the same server, kind and name; one that
   * was rejected and is filed again stays rejected.
   */
  | { readonly kind: 'save_pending'; readonly pending: PendingPin }
  /** Marks the pending definition that has this digest. Changes nothing when another one waits. */
  | {
      readonly kind: 'reject';
      readonly pending: Pick<PendingPin, 'server' | 'kind' | 'name' | 'digest'> & { readonly rejected: Rejection };
    }
  /** Replaces what is noted of one list of a server. It changes no pin, and so no version. */
  | {
      readonly kind: 'note_withheld';
      readonly server: string;
      readonly listed: DefinitionKind;
      readonly withheld: readonly Pick<WithheldDefinition, 'name' | 'reason'>[];
    };

/**
 * Approved definitions, and those that wait for approval. Every method may answer later.
 *
 * @example
 * ```ts
 * const pins: PinStore = createMemoryPins();
 * ```
 */
export interface PinStore {
  pins(): MaybePromise<readonly Pin[]>;
  pending(): MaybePromise<readonly PendingPin[]>;
  /** The same without the documents, which stay where they are stored. */
  pendingDigests(): MaybePromise<readonly PendingDigest[]>;
  /** What is withheld, by server, kind and name: for operators who miss a tool. */
  withheld(): MaybePromise<readonly WithheldDefinition[]>;
  /** Applies one `approve` change. */
  approve(pin: Pin): MaybePromise<void>;
  /**
   * Applies one `pin_if_absent` change. Atomic.
   * @returns the pin that is in force then: this one, or the one that another process stored first.
   */
  pinIfAbsent(pin: Pin): MaybePromise<Pin>;
  /** Applies one `save_pending` change. */
  savePending(pending: PendingPin): MaybePromise<void>;
  /** Applies all changes in order, durable together or not at all. Costs about as much as a single change. */
  apply(changes: readonly PinChange[]): MaybePromise<void>;
  /** A number that differs after every change of what is stored, by this process or another one. */
  version(): MaybePromise<number>;
}
