/**
 * Sealed strings: state that the gateway gives to a client to send back (session ids, request states, task ids) instead
 * of storing it. AES-256-GCM; the purpose and the binding (who may send it back) are authenticated, so a string that
 * was sealed for one principal or purpose does not open for another.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/**
 * Seals strings under one secret, with a key of its own for each purpose.
 *
 * @example
 * ```ts
 * const taskIdOf = (sealer: Sealer, principal: Principal, id: string): string =>
 *   sealer.seal('task', principal.key, id);
 * ```
 */
export interface Sealer {
  /** Base64url text. `binding` must be given again, byte for byte, to open it. */
  seal(purpose: string, binding: string, plain: string): string;
  /**
   * Always the same text for the same arguments, for what clients compare, such as a name. Never use a purpose of
   * `seal`.
   */
  sealName(purpose: string, binding: string, plain: string): string;
  /** `undefined` for anything that was not sealed by this key for this purpose and binding. */
  open(purpose: string, binding: string, sealed: string): string | undefined;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * @param secret at least 32 bytes of key material.
 * @throws RangeError when it is shorter.
 *
 * @example
 * ```ts
 * const sealer = createSealer(crypto.getRandomValues(new Uint8Array(32)));
 * const sealed = sealer.seal('session', 'alice', '{"id":1}');
 * ```
 */
export function createSealer(secret: Uint8Array): Sealer {
  if (secret.length < 32) throw new RangeError('the sealing key must have at least 32 bytes');
  const keys = new Map<string, Uint8Array>();
  const keyFor = (purpose: string): Uint8Array => {
    const known = keys.get(purpose);
    if (known !== undefined) return known;
    const key = new Uint8Array(hkdfSync('sha256', secret, 'sallyport', purpose, 32));
    keys.set(purpose, key);
    return key;
  };
  return {
    seal: (purpose, binding, plain) => encrypt(keyFor(purpose), randomBytes(NONCE_BYTES), binding, plain),
    sealName: (purpose, binding, plain) =>
      encrypt(keyFor(purpose), nonceOf(keyFor(`${purpose} nonce`), binding, plain), binding, plain),
    open: (purpose, binding, sealed) => decrypt(keyFor(purpose), binding, sealed),
  };
}

/** The nonce is derived from the message under a key of its own, so it repeats for the same message only. */
const nonceOf = (key: Uint8Array, binding: string, plain: string): Buffer =>
  createHmac('sha256', key)
    .update(JSON.stringify([binding, plain]))
    .digest()
    .subarray(0, NONCE_BYTES);

function encrypt(key: Uint8Array, nonce: Buffer, binding: string, plain: string): string {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(binding));
  const body = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final()]);
  return Buffer.concat([body, cipher.getAuthTag()]).toString('base64url');
}

function decrypt(key: Uint8Array, binding: string, sealed: string): string | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(sealed)) return undefined;
  const raw = Buffer.from(sealed, 'base64url');
  // One text per sealed value: a decoder that ignores trailing bits would accept several.
  if (raw.length < NONCE_BYTES + TAG_BYTES || raw.toString('base64url') !== sealed) return undefined;
  try {
    const cipher = createDecipheriv('aes-256-gcm', key, raw.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(binding));
    cipher.setAuthTag(raw.subarray(raw.length - TAG_BYTES));
    const body = raw.subarray(NONCE_BYTES, raw.length - TAG_BYTES);
    return Buffer.concat([cipher.update(body), cipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}
