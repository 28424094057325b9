/**
 * HMAC-SHA-256 (RFC 2104) of short texts under one key. The padded key is made once and both passes are one-shot hashes,
 * so nothing native is left for the garbage collector, as `createHmac` leaves an object for each text.
 */
import { hash } from 'node:crypto';

/** @returns 64 hex digits. */
export type KeyedHash = (text: string) => string;

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/** @param secret of any length; one that is longer than 64 bytes is hashed first, as the RFC says. @throws RangeError for an empty one. */
export function keyedHash(secret: Uint8Array): KeyedHash {
  if (secret.length === 0) throw new RangeError('an HMAC key must not be empty');
  const key = secret.length > BLOCK_BYTES ? hash('sha256', secret, 'buffer') : secret;
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
