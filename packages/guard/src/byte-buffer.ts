/**
 * The bytes of one message that arrives in pieces. The pieces are copied into one buffer: kept by itself, a piece of
 * one byte costs some 200 bytes of memory. Only a first piece that holds little more than its own bytes is kept as it
 * is, because most messages arrive in one.
 *
 * @example
 * ```ts
 * const isEmpty = (buffer: ByteBuffer): boolean => buffer.length === 0;
 * ```
 */
export interface ByteBuffer {
  /** Bytes so far. */
  readonly length: number;
  /** The most memory that it held at once: at most three times the bytes and two small allocations. */
  readonly heldBytesPeak: number;
  /** Takes the piece, which must not change from now on; the caller bounds the whole. */
  append(piece: Buffer): void;
  /** Returns the bytes so far and begins anew. */
  take(): Buffer;
}

const FIRST_BYTES = 1_024;
const NO_BYTES = Buffer.alloc(0);

/** Whether the memory behind a piece is about as large as a copy would be. */
const isCompact = ({ buffer, length }: Buffer): boolean => buffer.byteLength <= length + FIRST_BYTES;

/**
 * A buffer without bytes.
 *
 * @example
 * ```ts
 * const body = createByteBuffer();
 * body.append(Buffer.from('{'));
 * body.append(Buffer.from('}'));
 * const text = body.take().toString();
 * ```
 */
export function createByteBuffer(): ByteBuffer {
  let storage: Buffer = NO_BYTES;
  let length = 0;
  let heldBytesPeak = 0;
  const grow = (neededBytes: number): void => {
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, neededBytes, storage.length * 2));
    storage.copy(larger, 0, 0, length);
    heldBytesPeak = Math.max(heldBytesPeak, storage.buffer.byteLength + larger.length);
    storage = larger;
  };
  return {
    get length() {
      return length;
    },
    get heldBytesPeak() {
      return heldBytesPeak;
    },
    append(piece) {
      if (length === 0 && storage.length === 0 && isCompact(piece)) {
        storage = piece;
        length = piece.length;
        heldBytesPeak = Math.max(heldBytesPeak, piece.buffer.byteLength);
        return;
      }
      if (length + piece.length > storage.length) grow(length + piece.length);
      piece.copy(storage, length);
      length += piece.length;
    },
    take() {
      const bytes = storage.subarray(0, length);
      storage = NO_BYTES;
      length = 0;
      return bytes;
    },
  };
}
