/**
 * An identity provider that the attacker knows well: two issuers on one address with keys of every type, what they
 * publish is the test's choice, every request to them is counted, and tokens are exactly what a row wants them to be.
 */
import { constants, createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Claims = Readonly<Record<string, unknown>>;

export const AUDIENCE = 'http://sallyport.test/mcp';

export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const ed = generateKeyPairSync('ed25519');

const jwk = (key: KeyObject, kid: string): object => ({ ...key.export({ format: 'jwk' }), kid, use: 'sig' });

/** What an issuer publishes when it is left alone: one key of each type, and two of one type. */
export const KEYS: readonly object[] = [
  jwk(rsa.publicKey, 'k1'),
  jwk(otherRsa.publicKey, 'k2'),
  jwk(ec.publicKey, 'ec'),
  jwk(ed.publicKey, 'ed'),
];
const OTHER_KEYS: readonly object[] = [jwk(otherRsa.publicKey, 'k1')];

export interface ForgingIssuer {
  readonly issuer: string;
  readonly otherIssuer: string;
  /** Paths that were asked for, in order. */
  readonly requests: string[];
  /** Replaces what is answered for the keys of the home issuer. */
  answer: ((response: ServerResponse) => void) | undefined;
  /** `undefined` in the changes removes a member; text is the payload as it is. */
  token(claims?: Claims | string, header?: Claims, key?: KeyObject): string;
  hmac(secret: string | Buffer): string;
  close(): Promise<void>;
}

export const b64 = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
export const now = (): number => Math.floor(Date.now() / 1000);
export const tail = (token: string): string => token.slice(token.lastIndexOf('.') + 1);
export const withTail = (token: string, signature: string): string =>
  `${token.slice(0, token.lastIndexOf('.'))}.${signature}`;

/** Of a good token, except for the issuer. */
export const claims = (): Claims => ({
  sub: 'alice',
  aud: AUDIENCE,
  exp: now() + 600,
  iat: now(),
  jti: crypto.randomUUID(),
  client_id: 'agent',
  tenant_id: 'acme',
  roles: ['admin'],
});

export function signed(text: string, key: KeyObject, alg = 'RS256'): string {
  const bytes = Buffer.from(text);
  const signature =
    alg === 'PS256'
      ? sign('sha256', bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 })
      : alg === 'RS512'
        ? sign('sha512', bytes, key)
        : key.asymmetricKeyType === 'ec'
          ? sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' })
          : key.asymmetricKeyType === 'ed25519'
            ? sign(null, bytes, key)
            : sign('sha256', bytes, { key, padding: constants.RSA_PKCS1_PADDING });
  return `${text}.${signature.toString('base64url')}`;
}

export async function openForgingIssuer(): Promise<ForgingIssuer> {
  const requests: string[] = [];
  const server = createServer((request, response) => respond(idp, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = `${origin}/acme`;
  const idp: ForgingIssuer = {
    issuer,
    otherIssuer: `${origin}/globex`,
    requests,
    answer: undefined,
    token: (changes = {}, header = {}, key = rsa.privateKey) =>
      signed(
        `${b64({ alg: 'RS256', typ: 'at+jwt', kid: 'k1', ...header })}.` +
          b64(typeof changes === 'string' ? changes : { iss: issuer, ...claims(), ...changes }),
        key,
        String(header['alg']),
      ),
    hmac(secret) {
      const text = `${b64({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })}.${b64({ iss: issuer, ...claims() })}`;
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return idp;
}

function respond(idp: ForgingIssuer, { url = '' }: IncomingMessage, response: ServerResponse): void {
  idp.requests.push(url);
  const json = (value: object): void =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  for (const [issuer, name, keys] of [
    [idp.issuer, 'acme', KEYS],
    [idp.otherIssuer, 'globex', OTHER_KEYS],
  ] as const) {
    if (url === `/${name}/.well-known/openid-configuration`) return json({ issuer, jwks_uri: `${issuer}/jwks` });
    if (url !== `/${name}/jwks`) continue;
    return name === 'acme' && idp.answer !== undefined ? idp.answer(response) : json({ keys });
  }
  response.writeHead(404).end();
}
