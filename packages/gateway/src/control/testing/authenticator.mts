/** An authenticator in software, of which a test chooses every byte that it signs. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

export interface Authenticator {
  readonly id: string;
  /** What `navigator.credentials.create()` answers. */
  create(options: Options, over?: Over): Answer;
  /** What `navigator.credentials.get()` answers. */
  get(options: Options, over?: Over): Answer;
}

export interface Options {
  readonly challenge: string;
}

export type Answer = Record<string, unknown> & { readonly id: string; readonly response: Record<string, string> };

/** In what the answer differs from a good one. */
export interface Over {
  readonly origin?: string;
  readonly rpId?: string;
  readonly userVerified?: boolean;
  readonly counter?: number;
  readonly challenge?: string;
  readonly crossOrigin?: boolean;
}

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();
const text = (data: Buffer): string => data.toString('base64url');

/** @param page the origin and the host name where it is used. */
export function createAuthenticator(page: { readonly origin: string; readonly id: string }): Authenticator {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const id = randomBytes(16);
  let counter = 0;
  const clientData = (type: string, { challenge }: Options, over: Over): Buffer =>
    Buffer.from(
      JSON.stringify({
        type,
        challenge: over.challenge ?? challenge,
        origin: over.origin ?? page.origin,
        crossOrigin: over.crossOrigin ?? false,
      }),
    );
  const authData = (over: Over, attested: Buffer): Buffer => {
    const flags = 0x01 | (over.userVerified === false ? 0 : 0x04) | (attested.length > 0 ? 0x40 : 0);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(over.counter ?? (counter += 1));
    return Buffer.concat([sha256(over.rpId ?? page.id), Buffer.from([flags]), count, attested]);
  };
  const answerOf = (response: Record<string, string>): Answer => ({
    id: text(id),
    rawId: text(id),
    type: 'public-key',
    clientExtensionResults: {},
    response,
  });
  return {
    id: text(id),
    create(options, over = {}) {
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, coseKey(publicKey)]);
      const data = authData(over, attested);
      const attestation = Buffer.concat([
        Buffer.from([0xa3]),
        cborText('fmt'),
        cborText('none'),
        cborText('attStmt'),
        Buffer.from([0xa0]),
        cborText('authData'),
        Buffer.from([0x58, data.length]),
        data,
      ]);
      const client = clientData('webauthn.create', options, over);
      return answerOf({ clientDataJSON: text(client), attestationObject: text(attestation) });
    },
    get(options, over = {}) {
      const client = clientData('webauthn.get', options, over);
      const data = authData(over, Buffer.alloc(0));
      const signature = sign('sha256', Buffer.concat([data, sha256(client)]), privateKey);
      return answerOf({ clientDataJSON: text(client), authenticatorData: text(data), signature: text(signature) });
    },
  };
}

const cborText = (word: string): Buffer => Buffer.concat([Buffer.from([0x60 + word.length]), Buffer.from(word)]);

/** ES256 (RFC 9053): kty 2, alg -7, crv 1, x, y. */
function coseKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const coordinate = (value: string): Buffer =>
    Buffer.concat([Buffer.from([0x58, 32]), Buffer.from(value, 'base64url')]);
  return Buffer.concat([
    Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21]),
    coordinate(x),
    Buffer.from([0x22]),
    coordinate(y),
  ]);
}
