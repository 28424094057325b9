/**
 * HMAC-SHA-256 (RFC 2104) of short texts under one key. The padded key is made once and both passes are one-shot
 * hashes, so no native object is left for the garbage collector; `createHmac` leaves one for each text.
 */
import { hash } from 'node:crypto';

/** The HMAC of a text: 64 hex digits. */
export type Hmac = (text: string) => string;

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/**
 * The HMAC of one key.
 *
 * @param secret of any length; one that is longer than 64 bytes is hashed first (RFC 2104 section 2).
 * @throws RangeError for an empty one.
 */
export function hmacSha256(secret: Uint8Array): Hmac {
  if (secret.length === 0) throw new RangeError('an HMAC key must not be empty');
  const key = secret.length > BLOCK_BYTES ? hash('sha256', secret, 'buffer') : secret;
  const inner = Buffer.alloc(BLOCK_BYTES, 0x36);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);
  for (const [index, byte] of key.entries()) {
    inner[index] = 0x36 ^ byte;
    outer[index] = 0x5c ^ byte;
  }
  return (text) => {
    const message = Buffer.allocUnsafe(BLOCK_BYTES + Buffer.byteLength(text));
    inner.copy(message);
    message.write(text, BLOCK_BYTES);
    outer.write(hash('sha256', message, 'latin1'), BLOCK_BYTES, 'latin1');
    return hash('sha256', outer, 'hex');
  };
}
