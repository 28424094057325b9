/** How many bytes of definitions are kept: of one definition, and of all that a server has shown (B5). */
import type { JsonObject, PinChange } from '@sallyport/guard';
import type { PinIndex } from './pin-index.ts';

/** Bytes that one definition may have. */
export const DEFINITION_BYTES_MAX = 256 * 1024;
/** Bytes that the definitions of one server may have together, pinned and pending ones. */
export const SERVER_BYTES_MAX = 8 * 1024 * 1024;

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
export type DefinitionChange = Exclude<PinChange, { readonly kind: 'note_withheld' }>;

/** Space for the definitions of one server while one list is compared. */
export interface Space {
  /** Takes the space that a change needs. @returns why there is none; `undefined` when there is. */
  take(change: DefinitionChange): string | undefined;
}

/** What `pins` leave of the space of a server. */
export function spaceOf(pins: PinIndex, server: string): Space {
  let freeBytes: number | undefined;
  return {
    take(change) {
      const { kind, name, document } = change.kind === 'save_pending' ? change.pending : change.pin;
      const bytes = documentBytes(document);
      if (bytes > DEFINITION_BYTES_MAX) return `larger than ${DEFINITION_BYTES_MAX} bytes`;
      // A pending definition is replaced by the next one of its name.
      const neededBytes = bytes - pins.pendingBytes(server, kind, name);
      freeBytes ??= SERVER_BYTES_MAX - pins.keptBytes(server);
      if (neededBytes > freeBytes) return `the definitions of the server are larger than ${SERVER_BYTES_MAX} bytes`;
      freeBytes -= neededBytes;
      return undefined;
    },
  };
}
