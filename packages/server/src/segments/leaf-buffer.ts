/**
 * Leaf hashes that are not in a file yet, in one piece of memory. As separate buffers each would keep a whole slab of
 * Node's buffer pool alive.
 */
import { HASH_BYTES } from '@sallyport/guard/audit';

const FIRST_BYTES = 1_024 * HASH_BYTES;

/** A queue of leaf hashes. */
export interface LeafBuffer {
  push(leaf: Buffer): void;
  /** A copy of all hashes, oldest first. */
  all(): Buffer;
  /** Removes the oldest hashes. @param bytes how many bytes were written to the file. */
  drop(bytes: number): void;
}

/** @returns an empty buffer that grows as needed. */
export function createLeafBuffer(): LeafBuffer {
  let memory = Buffer.allocUnsafeSlow(FIRST_BYTES);
  let end = 0;
  return {
    push(leaf) {
      if (end + HASH_BYTES > memory.length) {
        const larger = Buffer.allocUnsafeSlow(memory.length * 2);
        memory.copy(larger, 0, 0, end);
        memory = larger;
      }
      leaf.copy(memory, end, 0, HASH_BYTES);
      end += HASH_BYTES;
    },
    all: () => Buffer.copyBytesFrom(memory, 0, end),
    drop(bytes) {
      memory.copyWithin(0, bytes, end);
      end -= bytes;
    },
  };
}
