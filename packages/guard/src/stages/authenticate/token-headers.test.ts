/** What an access token says of itself before it says who: rows O1 to O7 and O16 of the attack list. */
import { sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  ANY,
  attacker,
  b64,
  ec,
  ed,
  expectRefused,
  hmacToken,
  HOME,
  openHarness,
  otherRsa,
  outcomeOf,
  rsa,
  tail,
  token,
  withTail,
  type Row,
} from './testing/tokens.mts';

const good = token();
const goodEc = token({}, { alg: 'ES256', kid: 'ec' }, ec.privateKey);
const rsaPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const rsaJwk = JSON.stringify(rsa.publicKey.export({ format: 'jwk' }));
const SYMMETRIC = { algorithms: ['HS256', 'RS256', 'none'] };

/** The last character with one of its unused bits set: the same bytes for a decoder that does not care. */
function nonCanonical(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) as string) + 1];
}

const derSignature = sign('sha256', Buffer.from(goodEc.slice(0, goodEc.lastIndexOf('.'))), ec.privateKey).toString(
  'base64url',
);

const CLAIMS_OF_GOOD = good.split('.').slice(1).join('.');

const HEADERS: readonly Row[] = [
  ...['none', 'None', 'nOnE', '', undefined, null, 1, ['RS256'], 'rs256', 'RS1'].flatMap((alg): Row[] => [
    [`O1 alg ${JSON.stringify(alg)}`, token({}, { alg }), 'algorithm'],
    [`O1 alg ${JSON.stringify(alg)}, empty signature`, withTail(token({}, { alg }), ''), 'malformed'],
  ]),
  ['O1 alg none although the configuration names it', token({}, { alg: 'none' }), 'algorithm', SYMMETRIC],
  ['O1 a good algorithm, empty signature', withTail(good, ''), 'malformed'],
  ['O1 an algorithm that is not configured', token({}, { alg: 'PS256' }), 'algorithm'],
  ['O1 RS512, which is as good but not configured', token({}, { alg: 'RS512' }), 'algorithm'],
  ['O2 HS256 with the PEM', hmacToken(rsaPem), 'algorithm'],
  ['O2 HS256 with the PEM without its newline', hmacToken(rsaPem.trimEnd()), 'algorithm'],
  ['O2 HS256 with the DER', hmacToken(rsa.publicKey.export({ type: 'spki', format: 'der' })), 'algorithm'],
  ['O2 HS256 with the JWK', hmacToken(rsaJwk), 'algorithm'],
  ['O2 HS256 with the PEM although the configuration names HS256', hmacToken(rsaPem), 'algorithm', SYMMETRIC],
  ['O2 RS256 that names an EC key', token({}, { kid: 'ec' }, ec.privateKey), 'signature'],
  ['O2 ES256 that names an RSA key', token({}, { alg: 'ES256' }, ec.privateKey), 'signature'],
  ['O2 ES256 in the header, RSA signature', token({}, { alg: 'ES256', kid: 'ec' }), 'signature'],
  ['O2 EdDSA that names an EC key', token({}, { alg: 'EdDSA', kid: 'ec' }, ed.privateKey), 'signature'],
  ['O3 r = s = 0', withTail(goodEc, Buffer.alloc(64).toString('base64url')), 'signature'],
  ['O3 DER instead of raw', withTail(goodEc, derSignature), 'signature'],
  [
    'O3 one byte short',
    withTail(goodEc, Buffer.from(tail(goodEc), 'base64url').subarray(0, 63).toString('base64url')),
    'signature',
  ],
  [
    'O3 one byte more',
    withTail(goodEc, Buffer.concat([Buffer.from(tail(goodEc), 'base64url'), Buffer.alloc(1)]).toString('base64url')),
    'signature',
  ],
  ['O3 three bytes more on an RSA signature', `${good}AAAA`, 'signature'],
  ['O3 another key', token({}, {}, attacker.privateKey), 'signature'],
  ['O3 another payload under a good signature', withTail(token({ sub: 'root' }), tail(good)), 'signature'],
  ['O3 padding', `${goodEc}==`, 'malformed'],
  ['O3 whitespace', `${goodEc.slice(0, -4)} ${goodEc.slice(-4)}`, 'malformed'],
  ['O3 a space at the end', `${goodEc} `, 'malformed'],
  ['O3 a newline at the end', `${goodEc}\n`, 'malformed'],
  ['O3 the + of plain base64', withTail(goodEc, `+${tail(goodEc).slice(1)}`), 'malformed'],
  ['O3 the / of plain base64', withTail(goodEc, `/${tail(goodEc).slice(1)}`), 'malformed'],
  ['O3 unused bits in the signature', nonCanonical(goodEc), 'malformed'],
  ...[
    '../../dev/null',
    'file:///etc/passwd',
    "' OR 1=1 --",
    ';id',
    '__proto__',
    'constructor',
    'toString',
    'K1',
    'k1 ',
  ].map((kid): Row => [`O4 kid ${JSON.stringify(kid)}`, token({}, { kid }), 'key']),
  ...[
    ['10 kB', 'k'.repeat(10_000)],
    ['257', 'k'.repeat(257)],
    ['an array', ['k1']],
    ['an object', { k1: 1 }],
    ['a number', 1],
    ['null', null],
    ['empty', ''],
  ].map(([name, kid]): Row => [`O4 kid ${name as string}`, token({}, { kid }), 'header']),
  ['O4 kid with a NUL', token({}, { kid: 'k1\0' }), 'malformed'],
  ['O4 kid __proto__ as a member', `${b64('{"alg":"RS256","__proto__":{"kid":"k1"}}')}.${CLAIMS_OF_GOOD}`, 'malformed'],
  ['O7 crit with an unknown name', token({}, { crit: ['urn:x'], 'urn:x': 1 }), 'header'],
  ['O7 crit with exp', token({}, { crit: ['exp'] }), 'header'],
  ['O7 crit empty', token({}, { crit: [] }), 'header'],
  ['O7 b64 false', token({}, { crit: ['b64'], b64: false }), 'header'],
  ['O7 b64 false without crit', token({}, { b64: false }), 'header'],
  ['O7 zip', token({}, { zip: 'DEF' }), 'header'],
  ['O7 a nested JWT', token(good, { cty: 'JWT' }), 'malformed'],
  ['O7 a nested JWT in a JSON payload', token({}, { cty: 'JWT' }), 'header'],
  ['O7 a JWE', `${b64({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.AAAA.AAAA.AAAA.AAAA`, 'malformed'],
  ['O7 a JWE header on three parts', token({}, { enc: 'A256GCM' }), 'header'],
  ['O7 five parts', `${good}.AAAA.AAAA`, 'malformed'],
  ['O7 four parts', `${good}.AAAA`, 'malformed'],
  ['O7 two parts', good.slice(0, good.lastIndexOf('.')), 'malformed'],
  [
    'O7 alg twice in the header',
    `${b64('{"alg":"RS256","alg":"none","typ":"at+jwt","kid":"k1"}')}.${CLAIMS_OF_GOOD}`,
    'malformed',
  ],
  [
    'O7 alg twice in the header, the good one last',
    `${b64('{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"k1"}')}.${CLAIMS_OF_GOOD}`,
    'malformed',
  ],
  ['O7 a detached payload', `${good.split('.')[0]}..${tail(good)}`, 'malformed'],
  ...[
    'JWT',
    undefined,
    'id+jwt',
    'logout+jwt',
    'dpop+jwt',
    'refresh+jwt',
    'at+jwtx',
    'xat+jwt',
    'text/at+jwt',
    '',
    1,
    ['at+jwt'],
  ].map((typ): Row => [`O16 typ ${JSON.stringify(typ)}`, token({}, { typ }), 'type']),
  ...['id+jwt', 'ID+JWT', 'application/logout+jwt', 'dpop+jwt', 'refresh+jwt', 'secevent+jwt', 1].map((typ): Row => [
    `O16 typ ${JSON.stringify(typ)} outside of RFC 9068`,
    token({}, { typ }),
    'type',
    ANY,
  ]),
];

describe('a token is refused', () => {
  it.for<Row>(HEADERS)('%s', expectRefused);
});

it('O4 a malformed kid never reaches the key source, and an unusual one reaches it as plain text', async () => {
  const harness = openHarness();
  for (const kid of ['k'.repeat(10_000), ['k1'], { k1: 1 }, '']) await outcomeOf(harness.bearer(token({}, { kid })));
  expect(harness.lookups).toEqual([]);
  await outcomeOf(harness.bearer(token({}, { kid: '../../dev/null' })));
  expect(harness.lookups).toEqual([`${HOME} ../../dev/null`]);
});

it('O6 a key or an address in the token is ignored', async () => {
  const harness = openHarness();
  const jwk = attacker.publicKey.export({ format: 'jwk' });
  const x5c = [otherRsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')];
  for (const header of [
    { jwk },
    { jku: 'https://evil.test/jwks' },
    { x5u: 'https://evil.test' },
    { x5c },
    { jwk, jku: 'http://169.254.169.254/', x5u: 'file:///etc/passwd', x5c },
  ]) {
    expect(await outcomeOf(harness.bearer(token({}, header, attacker.privateKey)))).toBe('unauthenticated');
    expect(await outcomeOf(harness.bearer(token({}, header))), 'ignored, not refused').toBe('accepted');
  }
  expect(new Set(harness.lookups)).toEqual(new Set([`${HOME} k1`]));
  expect(new Set(harness.faults)).toEqual(new Set(['signature']));
});
