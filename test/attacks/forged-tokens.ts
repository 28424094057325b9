/** Tokens that no gateway may accept, each one change away from a good one. */
import { sign } from 'node:crypto';
import {
  attacker,
  AUDIENCE,
  b64,
  claims,
  ec,
  ed,
  now,
  otherRsa,
  rsa,
  signed,
  tail,
  withTail,
  type Claims,
  type ForgingIssuer,
} from './forging-issuer.ts';
import { SKEW } from './token-setup.ts';

/** The last character with one of its unused bits set: the same bytes for a decoder that does not care. */
function nonCanonical(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) as string) + 1];
}

/** @param trapPort where a forged token may point to. */
type Forge = (idp: ForgingIssuer, trapPort: number) => string;
export type TokenRow = readonly [name: string, forge: Forge];

/** A token with these changes to a good one. */
export const token =
  (changes?: Claims | string, header?: Claims, key?: Parameters<ForgingIssuer['token']>[2]): Forge =>
  (idp) =>
    idp.token(changes, header, key);
export const esToken = (idp: ForgingIssuer): string => idp.token({}, { alg: 'ES256', kid: 'ec' }, ec.privateKey);
const der = (token: string): string =>
  sign('sha256', Buffer.from(token.slice(0, token.lastIndexOf('.'))), ec.privateKey).toString('base64url');
export const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const rawClaims = (idp: ForgingIssuer, member: string): string =>
  `{${JSON.stringify({ iss: idp.issuer, ...claims(), exp: undefined }).slice(1, -1)},${member}}`;
const withHeader = (idp: ForgingIssuer, header: string): string =>
  signed(`${b64(header)}.${b64({ iss: idp.issuer, ...claims() })}`, rsa.privateKey);

/** Wrong before any claim is read: algorithm, signature, key, form. */
export const BADLY_SIGNED: readonly TokenRow[] = [
  ...['none', 'None', 'nOnE', '', undefined, null, ['RS256'], 'rs256', 'PS256', 'RS512'].flatMap((alg): TokenRow[] => [
    [`O1 alg ${JSON.stringify(alg)}`, token({}, { alg })],
    [`O1 alg ${JSON.stringify(alg)} with an empty signature`, (idp) => withTail(idp.token({}, { alg }), '')],
  ]),
  ['O1 a good algorithm with an empty signature', (idp) => withTail(idp.token(), '')],
  ['O2 HS256 with the PEM', (idp) => idp.hmac(pem)],
  ['O2 HS256 with the PEM without its newline', (idp) => idp.hmac(pem.trimEnd())],
  ['O2 HS256 with the DER', (idp) => idp.hmac(rsa.publicKey.export({ type: 'spki', format: 'der' }))],
  ['O2 HS256 with the JWK', (idp) => idp.hmac(JSON.stringify(rsa.publicKey.export({ format: 'jwk' })))],
  ['O2 RS256 that names an EC key', token({}, { kid: 'ec' }, ec.privateKey)],
  ['O2 ES256 that names an RSA key', token({}, { alg: 'ES256' }, ec.privateKey)],
  ['O2 ES256 in the header, RSA signature', token({}, { alg: 'ES256', kid: 'ec' })],
  ['O2 EdDSA that names an EC key', token({}, { alg: 'EdDSA', kid: 'ec' }, ed.privateKey)],
  ['O3 r = s = 0', (idp) => withTail(esToken(idp), Buffer.alloc(64).toString('base64url'))],
  [
    'O3 DER instead of raw',
    (idp) => {
      const good = esToken(idp);
      return withTail(good, der(good));
    },
  ],
  [
    'O3 one byte short',
    (idp) => {
      const good = esToken(idp);
      return withTail(good, Buffer.from(tail(good), 'base64url').subarray(0, 63).toString('base64url'));
    },
  ],
  [
    'O3 one byte more',
    (idp) => {
      const good = esToken(idp);
      return withTail(
        good,
        Buffer.concat([Buffer.from(tail(good), 'base64url'), Buffer.alloc(1)]).toString('base64url'),
      );
    },
  ],
  ['O3 three bytes more on an RSA signature', (idp) => `${idp.token()}AAAA`],
  ['O3 another key', token({}, {}, attacker.privateKey)],
  ['O3 another payload under a good signature', (idp) => withTail(idp.token({ sub: 'root' }), tail(idp.token()))],
  ['O3 padding', (idp) => `${esToken(idp)}==`],
  [
    'O3 whitespace inside',
    (idp) => {
      const good = idp.token();
      return `${good.slice(0, -4)} ${good.slice(-4)}`;
    },
  ],
  ['O3 the + of plain base64', (idp) => withTail(esToken(idp), `+${tail(esToken(idp)).slice(1)}`)],
  ['O3 the / of plain base64', (idp) => withTail(esToken(idp), `/${tail(esToken(idp)).slice(1)}`)],
  ['O3 unused bits in the signature', (idp) => nonCanonical(esToken(idp))],
  ...[
    '../../dev/null',
    'file:///etc/passwd',
    "' OR 1=1 --",
    ';id',
    '__proto__',
    'constructor',
    'K1',
    'k1 ',
    'k'.repeat(8_000),
    ['k1'],
    { k1: 1 },
    1,
    null,
    '',
    'k1\0',
  ].map((kid): TokenRow => [`O4 kid ${JSON.stringify(kid).slice(0, 40)}`, token({}, { kid })]),
  ['O4 kid __proto__ as a member', (idp) => withHeader(idp, '{"alg":"RS256","typ":"at+jwt","__proto__":{"kid":"k1"}}')],
  ['O5 no kid, where two keys have the type', token({}, { kid: undefined })],
  ['O6 a key inside the token', token({}, { jwk: attacker.publicKey.export({ format: 'jwk' }) }, attacker.privateKey)],
  ...['jku', 'x5u'].map((name): TokenRow => [
    `O6 ${name} of the attacker`,
    (idp, trapPort) => idp.token({}, { [name]: `http://127.0.0.1:${trapPort}/jwks` }, attacker.privateKey),
  ]),
  [
    'O6 a certificate inside the token',
    token(
      {},
      { x5c: [otherRsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] },
      otherRsa.privateKey,
    ),
  ],
  ['O7 crit with an unknown name', token({}, { crit: ['urn:x'], 'urn:x': 1 })],
  ['O7 crit with exp', token({}, { crit: ['exp'] })],
  ['O7 b64 false', token({}, { crit: ['b64'], b64: false })],
  ['O7 b64 false without crit', token({}, { b64: false })],
  ['O7 zip', token({}, { zip: 'DEF' })],
  ['O7 a JWE', () => `${b64({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.AAAA.AAAA.AAAA.AAAA`],
  ['O7 a JWE header on three parts', token({}, { enc: 'A256GCM' })],
  ['O7 a nested JWT', (idp) => idp.token(idp.token(), { cty: 'JWT' })],
  ['O7 a nested JWT in a good payload', token({}, { cty: 'JWT' })],
  ['O7 five parts', (idp) => `${idp.token()}.AAAA.AAAA`],
  ['O7 four parts', (idp) => `${idp.token()}.AAAA`],
  [
    'O7 two parts',
    (idp) => {
      const good = idp.token();
      return good.slice(0, good.lastIndexOf('.'));
    },
  ],
  [
    'O7 a detached payload',
    (idp) => {
      const [header, , signature] = idp.token().split('.');
      return `${header}..${signature}`;
    },
  ],
  ['O7 alg twice in the header', (idp) => withHeader(idp, '{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"k1"}')],
];

/** Well signed, with claims that the gateway must refuse. */
export const BADLY_CLAIMED: readonly TokenRow[] = [
  ...(
    [
      ['absent', undefined],
      ['another', 'https://other.example/mcp'],
      ['the right one and another', [AUDIENCE, 'https://other.example']],
      ['an array of another', ['https://other.example']],
      ['an empty array', []],
      ['a number', 1],
      ['null', null],
      ['an object', { [AUDIENCE]: 1 }],
      ['a longer host', 'http://sallyport.test.evil/mcp'],
      ['a longer path', `${AUDIENCE}x`],
      ['a trailing slash', `${AUDIENCE}/`],
      ['upper case', 'http://SALLYPORT.test/mcp'],
      ['a port', 'http://sallyport.test:80/mcp'],
      ['the path of a server', `${AUDIENCE}/one`],
      ['the path of another tenant', `${AUDIENCE}/globex`],
      ['the host alone', 'http://sallyport.test'],
      ['a nested array', [[AUDIENCE]]],
      ['the right one among other words', `x ${AUDIENCE}`],
      ['https', AUDIENCE.replace('http', 'https')],
    ] as const
  ).map(([name, aud]): TokenRow => [`O11 aud ${name}`, token({ aud })]),
  ...(
    [
      ['absent', () => undefined],
      ['a trailing slash', (idp) => `${idp.issuer}/`],
      ['a tenant that is not configured', (idp) => idp.issuer.replace('acme', 'initech')],
      ['https', (idp) => idp.issuer.replace('http', 'https')],
      ["the attacker's", (_idp, trapPort) => `http://127.0.0.1:${trapPort}`],
      ['a path traversal', (idp) => `${idp.otherIssuer}/../acme`],
      ['an encoded path', (idp) => idp.issuer.replace('acme', '%61cme')],
      ['upper case', (idp) => idp.issuer.toUpperCase()],
      ['an array', (idp) => [idp.issuer]],
      ['null', () => null],
      ['__proto__', () => '__proto__'],
    ] satisfies [string, (idp: ForgingIssuer, trapPort: number) => unknown][]
  ).map(([name, iss]): TokenRow => [`O13 iss ${name}`, (idp, trapPort) => idp.token({ iss: iss(idp, trapPort) })]),
  ['O13 the key of the other issuer with the same kid', token({}, {}, otherRsa.privateKey)],
  ['O13 the other issuer, signed with our key', (idp) => idp.token({ iss: idp.otherIssuer })],
  ['O14 client_id is an array', token({ client_id: ['agent'] })],
  ['O14 client_id is empty', token({ client_id: '' })],
  ['O14 no client and several audiences', token({ client_id: undefined, azp: undefined, aud: [AUDIENCE, 'b'] })],
  ['O15 exp missing', token({ exp: undefined })],
  ['O15 exp in the past', (idp) => idp.token({ exp: now() - 3600 })],
  ['O15 exp as a string', (idp) => idp.token({ exp: String(now() + 600) })],
  ['O15 exp null', token({ exp: null })],
  ...['1e20', '100000000000000000000', '1e400', 'NaN', '-1', '253402300800', '9.5', `1,"exp":99999999999`].map(
    (exp): TokenRow => [`O15 exp ${exp}`, (idp) => idp.token(rawClaims(idp, `"exp":${exp}`))],
  ),
  ['O15 nbf in the future', (idp) => idp.token({ nbf: now() + 3600 })],
  ['O15 nbf as a string', token({ nbf: '0' })],
  ['O15 iat in the future', (idp) => idp.token({ iat: now() + 3600 })],
  ['O15 iat as a string', token({ iat: '0' })],
  ['O15 a lifetime longer than the maximum', (idp) => idp.token({ exp: now() + 3600 + SKEW + 60 })],
  ...[
    'JWT',
    undefined,
    'id+jwt',
    'ID+JWT',
    'logout+jwt',
    'dpop+jwt',
    'refresh+jwt',
    'at+jwtx',
    'xat+jwt',
    'text/at+jwt',
    '',
    1,
    ['at+jwt'],
  ].map((typ): TokenRow => [`O16 typ ${JSON.stringify(typ)}`, token({}, { typ })]),
  ...['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'].map((claim): TokenRow => [
    `O17 without ${claim}`,
    token({ [claim]: undefined }),
  ]),
  ['O17 sub empty', token({ sub: '' })],
  ['O17 sub a number', token({ sub: 1 })],
  ['O17 a payload that is an array', token('[]')],
  ['O18 bound to a DPoP key', token({ cnf: { jkt: 'x' } })],
  ['O19 bound to a certificate', token({ cnf: { 'x5t#S256': 'x' } })],
];
