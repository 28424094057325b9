/**
 * Leaf hashes that are not in a file yet, in one piece of memory of their own. Kept as they come, each would hold on to the
 * slab of Node's buffer pool that it was cut from, and all that was cut from it before would stay with it.
 */
import { HASH_BYTES } from '@sallyport/guard/audit';

const FIRST_BYTES = 1_024 * HASH_BYTES;

export interface LeafQueue {
  push(leaf: Buffer): void;
  /** A copy of all of them, oldest first. */
  all(): Buffer;
  /** Forgets the oldest. @param bytes as many as were written. */
  drop(bytes: number): void;
}

export function createLeafQueue(): LeafQueue {
  let held = Buffer.allocUnsafeSlow(FIRST_BYTES);
  let end = 0;
  return {
    push(leaf) {
      if (end + HASH_BYTES > held.length) {
        const larger = Buffer.allocUnsafeSlow(held.length * 2);
        held.copy(larger, 0, 0, end);
        held = larger;
      }
      leaf.copy(held, end, 0, HASH_BYTES);
      end += HASH_BYTES;
    },
    all: () => Buffer.copyBytesFrom(held, 0, end),
    drop(bytes) {
      held.copyWithin(0, bytes, end);
      end -= bytes;
    },
  };
}
