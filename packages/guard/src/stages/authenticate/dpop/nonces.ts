import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Nonces that the gateway gives to clients (RFC 9449 section 9): a time that only this process can have signed, so that
 * nothing is kept. A proof that was made earlier, or for another process, has none that is right.
 */
export interface Nonces {
  mint(): string;
  isFresh(nonce: string): boolean;
}

/** How long a nonce is accepted. */
export const NONCE_MS = 5 * 60_000;

/** @param secret at least 32 bytes. */
export function createNonces(secret: Uint8Array, nowMs: () => number): Nonces {
  const sign = (time: string): Buffer => createHmac('sha256', secret).update(time).digest().subarray(0, 16);
  return {
    mint() {
      const time = Math.floor(nowMs()).toString(36);
      return `${time}.${sign(time).toString('base64url')}`;
    },
    isFresh(nonce) {
      const [time = '', signature = '', rest] = nonce.split('.');
      const given = Buffer.from(signature, 'base64url');
      const expected = sign(time);
      if (rest !== undefined || given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
      const ageMs = nowMs() - Number.parseInt(time, 36);
      return ageMs >= 0 && ageMs < NONCE_MS;
    },
  };
}
