/**
 * HMAC-SHA-256 (RFC 2104) of short texts under one key. The padded key is made once and both passes are one-shot hashes,
 * so nothing native is left for the garbage collector, as `createHmac` leaves an object for each text.
 */
import { hash } from 'node:crypto';

/** @returns 64 hex digits. */
export type KeyedHash = (text: string) => string;

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/** @param key at most 64 bytes. @throws RangeError for a longer or an empty one. */
export function keyedHash(key: Uint8Array): KeyedHash {
  if (key.length === 0 || key.length > BLOCK_BYTES) throw new RangeError('an HMAC key here has 1 to 64 bytes');
  const inner = Buffer.alloc(BLOCK_BYTES, 0x36);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);
  for (const [at, byte] of key.entries()) {
    inner[at] = 0x36 ^ byte;
    outer[at] = 0x5c ^ byte;
  }
  return (text) => {
    const message = Buffer.allocUnsafe(BLOCK_BYTES + Buffer.byteLength(text));
    inner.copy(message);
    message.write(text, BLOCK_BYTES);
    outer.write(hash('sha256', message, 'latin1'), BLOCK_BYTES, 'latin1');
    return hash('sha256', outer, 'hex');
  };
}
