/**
 * The bytes of one message that arrives in pieces. Every piece is copied into one buffer: kept by itself, a piece of
 * one byte costs some 200 bytes of memory.
 *
 * @example
 * ```ts
 * const isEmpty = (buffer: ByteBuffer): boolean => buffer.length === 0;
 * ```
 */
export interface ByteBuffer {
  /** Bytes so far. */
  readonly length: number;
  /** The most memory that it held at once: at most three times the bytes, and never less than the first allocation. */
  readonly heldBytesPeak: number;
  /** Copies the piece; the caller bounds the whole. */
  append(piece: Buffer): void;
  /** Returns the bytes so far and begins anew. */
  take(): Buffer;
}

const FIRST_BYTES = 1_024;
const NO_BYTES = Buffer.alloc(0);

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
  let storage = NO_BYTES;
  let length = 0;
  let heldBytesPeak = 0;
  const grow = (neededBytes: number): void => {
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, neededBytes, storage.length * 2));
    storage.copy(larger, 0, 0, length);
    heldBytesPeak = Math.max(heldBytesPeak, storage.length + larger.length);
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
