/**
 * B5: how many bytes of definitions are kept: of one definition, of all that a server has shown, of what the sessions
 * of one tenant and user were shown, and of everything together.
 */
import {
  createFairShares,
  type FairShares,
  type JsonObject,
  type PinChange,
  type ShareHolder,
  type UsedUp,
} from '@sallyport/guard';
import type { PinIndex } from './pin-index.ts';

/** Bytes that one definition may have. */
export const DEFINITION_BYTES_MAX = 256 * 1024;
/** Bytes that the definitions of one server may have together, pinned and pending ones. */
export const SERVER_BYTES_MAX = 8 * 1024 * 1024;

/** Bytes that the definitions of all servers may have together, also of servers that are not configured any more. */
export const ALL_BYTES_MAX = 64 * 1024 * 1024;

/** What the sessions of tenants and users were shown first and is kept since this process started. */
export const createShownBytes = (): FairShares => createFairShares(() => ALL_BYTES_MAX);

/** Documents are immutable, and those of pins are asked for again with every list. */
const lengths = new WeakMap<JsonObject, number>();

/** Length of a document as JSON. */
export function documentBytes(document: JsonObject): number {
  const known = lengths.get(document);
  if (known !== undefined) return known;
  const length = Buffer.byteLength(JSON.stringify(document));
  lengths.set(document, length);
  return length;
}

/** A change that keeps a document. */
export type DefinitionChange = Exclude<PinChange, { readonly kind: 'note_withheld' | 'reject' }>;

/** Space for the definitions of one server while one list is compared. */
export interface Space {
  /** Takes the space that a change needs. @returns why there is none; `undefined` when there is. */
  take(change: DefinitionChange): string | undefined;
}

/**
 * What `pins` leave of the space of a server. A server may have as much as is left to all, so that many hostile servers
 * leave some to the next one.
 *
 * @param viewer whose session shows the list; `undefined` for what everybody sees.
 */
export function spaceOf(pins: PinIndex, server: string, shown: FairShares, viewer: ShareHolder | undefined): Space {
  let freeBytes: number | undefined;
  const freeBytesNow = (): number => {
    const ofServer = pins.keptBytes(server);
    const left = ALL_BYTES_MAX - pins.keptBytes();
    // As much as is left when it has taken it: half of the difference.
    return Math.min(SERVER_BYTES_MAX - ofServer, Math.floor((left - ofServer) / 2));
  };
  return {
    take(change) {
      const { kind, name, document } = change.kind === 'save_pending' ? change.pending : change.pin;
      const bytes = documentBytes(document);
      if (bytes > DEFINITION_BYTES_MAX) return `larger than ${DEFINITION_BYTES_MAX} bytes`;
      // A pending definition is replaced by the next one of its name.
      const neededBytes = bytes - pins.pendingBytes(server, kind, name);
      freeBytes ??= freeBytesNow();
      if (neededBytes > freeBytes) return 'the definitions of the server, or of all servers, are too large together';
      const usedUp = viewer && neededBytes > 0 ? shown.take(viewer, neededBytes) : undefined;
      if (usedUp !== undefined) return SHARE_REASONS[usedUp];
      freeBytes -= neededBytes;
      return undefined;
    },
  };
}

const SHARE_REASONS: Readonly<Record<UsedUp, string>> = {
  user: 'the definitions that this user was shown are too large together',
  tenant: 'the definitions that this tenant was shown are too large together',
  gateway: 'the definitions of all servers are too large together',
};
