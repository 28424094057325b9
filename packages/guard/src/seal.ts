/**
 * Sealed strings: what the gateway hands to a client to bring back (session ids, request states, task ids) without
 * keeping it. AES-256-GCM; the purpose and the binding (who may bring it back) are authenticated, so a string that was
 * sealed for one principal or purpose does not open for another.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

export interface Sealer {
  /** Base64url text. `binding` must be given again, byte for byte, to open it. */
  seal(purpose: string, binding: string, plain: string): string;
  /** The same text each time for the same plain text, for what clients compare: a name. Keep its purposes apart from those of `seal`. */
  sealName(purpose: string, binding: string, plain: string): string;
  /** `undefined` for anything that was not sealed by this key for this purpose and binding. */
  open(purpose: string, binding: string, sealed: string): string | undefined;
}

const NONCE = 12;
const TAG = 16;

/** @param secret at least 32 bytes of key material. @throws RangeError when it is shorter. */
export function createSealer(secret: Uint8Array): Sealer {
  if (secret.length < 32) throw new RangeError('the sealing key must have at least 32 bytes');
  const keys = new Map<string, Uint8Array>();
  const keyFor = (purpose: string): Uint8Array => {
    let key = keys.get(purpose);
    if (key === undefined)
      keys.set(purpose, (key = new Uint8Array(hkdfSync('sha256', secret, 'sallyport', purpose, 32))));
    return key;
  };
  const sealWith = (
    nonce: Buffer,
    purpose: string,
    { binding, plain }: { readonly binding: string; readonly plain: string },
  ): string => {
    const cipher = createCipheriv('aes-256-gcm', keyFor(purpose), nonce).setAAD(Buffer.from(binding));
    const body = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final()]);
    return Buffer.concat([body, cipher.getAuthTag()]).toString('base64url');
  };
  return {
    seal: (purpose, binding, plain) => sealWith(randomBytes(NONCE), purpose, { binding, plain }),
    // A nonce that a key of its own draws from the message is used twice for the same message only.
    sealName: (purpose, binding, plain) =>
      sealWith(
        createHmac('sha256', keyFor(`${purpose} nonce`))
          .update(JSON.stringify([binding, plain]))
          .digest()
          .subarray(0, NONCE),
        purpose,
        { binding, plain },
      ),
    open(purpose, binding, sealed) {
      if (!/^[A-Za-z0-9_-]+$/.test(sealed)) return undefined;
      const raw = Buffer.from(sealed, 'base64url');
      // One text per sealed value: a decoder that ignores trailing bits would accept several.
      if (raw.length < NONCE + TAG || raw.toString('base64url') !== sealed) return undefined;
      try {
        const cipher = createDecipheriv('aes-256-gcm', keyFor(purpose), raw.subarray(0, NONCE)).setAAD(
          Buffer.from(binding),
        );
        cipher.setAuthTag(raw.subarray(raw.length - TAG));
        return Buffer.concat([cipher.update(raw.subarray(NONCE, raw.length - TAG)), cipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}
