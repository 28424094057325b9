/** Row O18 of the attack list: a token that is bound to a key is of no use without a fresh proof of that key. */
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { calculateJwkThumbprint, type JWK } from 'jose';
import { GuardError } from '../../../errors.ts';
import { b64, NOW, openHarness, token, type Claims } from '../testing/tokens.mts';
import { refusedClaimOf } from '../refused.ts';
import { NONCE_MS } from './nonces.ts';
import { contentDigestOf } from './proof.ts';
import { checkContentDigest, createCredentialReader, type RequestHead } from './read.ts';
import { createReplays } from './replays.ts';

const URL_OF_MCP = 'https://gw.example/mcp/crm';
const client = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const thief = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = client.publicKey.export({ format: 'jwk' }) as JWK;
const jkt = await calculateJwkThumbprint(jwk);
const bound = token({ cnf: { jkt } });

let jti = 0;
function proof(claims: Claims = {}, header: Claims = {}, key: KeyObject = client.privateKey): string {
  jti += 1;
  const payload = {
    jti: `p-${jti}`,
    htm: 'POST',
    htu: URL_OF_MCP,
    iat: NOW,
    ath: createHash('sha256').update(bound).digest('base64url'),
    ...claims,
  };
  const text = `${b64({ typ: 'dpop+jwt', alg: 'ES256', jwk, ...header })}.${b64(payload)}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const clock = { ms: NOW * 1000, now: () => clock.ms };
let needsNonce: boolean;
let read: ReturnType<typeof createCredentialReader>;
let harness: ReturnType<typeof openHarness>;
beforeEach(() => {
  clock.ms = NOW * 1000;
  needsNonce = false;
  harness = openHarness();
  read = createCredentialReader({ clock, nonceSecret: Buffer.alloc(32, 7), needsNonce: () => needsNonce });
});

const head = (over: Partial<RequestHead> = {}): RequestHead => ({
  authorization: [`DPoP ${bound}`],
  dpop: [proof()],
  method: 'POST',
  url: URL_OF_MCP,
  ...over,
});
const send = async (over: Partial<RequestHead> = {}) => harness.present(await read(head(over)));
const refusalOf = async (over: Partial<RequestHead>): Promise<unknown> => {
  const thrown: unknown = await send(over).then(
    () => 'accepted',
    (error: unknown) => error,
  );
  return thrown instanceof GuardError ? thrown.detail.data : thrown;
};

it('a proof of the key is accepted, and the next request needs another one', async () => {
  expect((await send()).user.subject).toBe('alice');
  expect((await send()).user.subject).toBe('alice');
});

describe('O18 refused', () => {
  const privateJwk = client.privateKey.export({ format: 'jwk' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' });
  it.each<[name: string, make: () => string]>([
    ['another method', () => proof({ htm: 'GET' })],
    ['a method in lower case', () => proof({ htm: 'post' })],
    ['another server', () => proof({ htu: 'https://gw.example/mcp/files' })],
    ['another host', () => proof({ htu: 'https://gw.example.evil/mcp/crm' })],
    ['the host behind the proxy', () => proof({ htu: 'http://10.0.0.5:8700/mcp/crm' })],
    ['http', () => proof({ htu: 'http://gw.example/mcp/crm' })],
    ['a path in another case', () => proof({ htu: 'https://gw.example/mcp/CRM' })],
    ['an encoded path', () => proof({ htu: 'https://gw.example/mcp/%63rm' })],
    ['a query', () => proof({ htu: `${URL_OF_MCP}?a=1` })],
    ['a fragment', () => proof({ htu: `${URL_OF_MCP}#a` })],
    ['no address', () => proof({ htu: undefined })],
    ['the hash of another token', () => proof({ ath: createHash('sha256').update('x').digest('base64url') })],
    ['no hash of the token', () => proof({ ath: undefined })],
    ['an old one', () => proof({ iat: NOW - 301 })],
    ['one of the future', () => proof({ iat: NOW + 301 })],
    ['no time', () => proof({ iat: undefined })],
    ['a time as a text', () => proof({ iat: String(NOW) })],
    ['no jti', () => proof({ jti: undefined })],
    ['an endless jti', () => proof({ jti: 'x'.repeat(257) })],
    ['the signature of another key', () => proof({}, {}, thief.privateKey)],
    ['a shared secret', () => proof({}, { jwk: { kty: 'oct', k: 'AAAA' }, alg: 'HS256' })],
    ['no algorithm', () => proof({}, { alg: 'none' })],
    ['the algorithm of another key', () => proof({}, { alg: 'RS256' })],
    ['a key of another type', () => proof({}, { jwk: rsa })],
    ['no key', () => proof({}, { jwk: undefined })],
    ['another type', () => proof({}, { typ: 'JWT' })],
    ['crit', () => proof({}, { crit: ['x'] })],
    ['no JWT', () => 'abc'],
    ['an endless one', () => proof({ padding: 'x'.repeat(9_000) })],
  ])('%s', async (_name, make) => {
    expect(await refusalOf({ dpop: [make()] })).toEqual({ error: 'invalid_dpop_proof' });
  });

  it('a private key in it, whatever its signature', async () => {
    const thrown: unknown = await send({ dpop: [proof({}, { jwk: privateJwk })] }).catch((error: unknown) => error);
    expect(refusedClaimOf(thrown as GuardError)?.found).toBe('not a public key');
  });

  it.each([{ n: 'x'.repeat(700) }, { e: 'x'.repeat(7) }])(
    'B3 a key that costs more than one of 4096 bits, before its signature is looked at',
    async (over) => {
      const dpop = [proof({}, { jwk: { ...rsa, ...over }, alg: 'RS256' })];
      const thrown: unknown = await send({ dpop }).catch((error: unknown) => error);
      expect(refusedClaimOf(thrown as GuardError)?.found).toBe('a larger key than RSA needs');
    },
  );

  it('no proof, two proofs, and a list in one header', async () => {
    expect(await refusalOf({ dpop: [] })).toEqual({ error: 'invalid_dpop_proof' });
    expect(await refusalOf({ dpop: [proof(), proof()] })).toEqual({ error: 'invalid_dpop_proof' });
    expect(await refusalOf({ dpop: [`${proof()}, ${proof()}`] })).toEqual({ error: 'invalid_dpop_proof' });
  });

  it('the same proof twice, also when it asks for another method first', async () => {
    const dpop = [proof()];
    await send({ dpop });
    expect(await refusalOf({ dpop })).toEqual({ error: 'invalid_dpop_proof' });
    expect(harness.claims).toMatchObject([{ claim: 'jti (of the DPoP proof)', found: 'used before' }]);
  });

  it('B3 a proof without a token of an issuer uses nothing up', async () => {
    const dpop = [proof()];
    const forged = await read(head({ dpop }));
    await expect(harness.present({ ...forged, token: `${bound}x` } as typeof forged)).rejects.toThrow(GuardError);
    expect((await send({ dpop })).user.subject).toBe('alice');
  });

  it('credentials that are judged again, as those of a stream are, use their proof once', async () => {
    const credentials = await read(head());
    for (let i = 0; i < 2; i += 1) expect((await harness.present(credentials)).user.subject).toBe('alice');
  });

  it('a bound token as a bearer token, whatever lies beside it', async () => {
    expect(await refusalOf({ authorization: [`Bearer ${bound}`] })).toEqual({ error: 'invalid_token' });
    await send();
    expect(await refusalOf({ authorization: [`Bearer ${bound}`] })).toEqual({ error: 'invalid_token' });
  });

  it('a token that is bound to another key, also when it was accepted before', async () => {
    await send();
    const stolen = proof({}, { jwk: thief.publicKey.export({ format: 'jwk' }) }, thief.privateKey);
    expect(await refusalOf({ dpop: [stolen] })).toEqual({ error: 'invalid_dpop_proof' });
  });

  it('a token without a key, with a proof', async () => {
    const free = token();
    const ath = createHash('sha256').update(free).digest('base64url');
    expect(await refusalOf({ authorization: [`DPoP ${free}`], dpop: [proof({ ath })] })).toEqual({
      error: 'invalid_dpop_proof',
    });
  });

  it.each([{ jkt: 'short' }, { jkt, 'x5t#S256': jkt }, { jwk }, {}, 'text', null])(
    'a token that is bound in another way: %j',
    async (cnf) => {
      const other = token({ cnf });
      const ath = createHash('sha256').update(other).digest('base64url');
      for (const authorization of [[`DPoP ${other}`], [`Bearer ${other}`]])
        expect(await refusalOf({ authorization, dpop: [proof({ ath })] })).toMatchObject({ error: expect.any(String) });
    },
  );

  it('a token without a key, where the issuer must bind them', async () => {
    harness = openHarness({ issuer: { senderConstrained: true } });
    expect(await refusalOf({ authorization: [`Bearer ${token()}`] })).toEqual({ error: 'invalid_token' });
    expect((await send()).user.subject).toBe('alice');
  });
});

describe('nonces', () => {
  const nonceOf = async (): Promise<string> => {
    needsNonce = true;
    const refusal = await refusalOf({});
    expect(refusal).toEqual({ error: 'use_dpop_nonce', nonce: expect.any(String) });
    return (refusal as { nonce: string }).nonce;
  };

  it('O18 a proof without one is refused with one, which works until it is too old', async () => {
    const nonce = await nonceOf();
    expect((await send({ dpop: [proof({ nonce })] })).user.subject).toBe('alice');
    clock.ms += NONCE_MS;
    expect(await refusalOf({ dpop: [proof({ nonce, iat: clock.ms / 1000 })] })).toMatchObject({
      error: 'use_dpop_nonce',
    });
  });

  it.each([
    ['another time', (nonce: string) => `x${nonce}`],
    ['another signature', (nonce: string) => `${nonce.slice(0, -1)}A`],
    ['nothing', () => ''],
    ['more', (nonce: string) => `${nonce}.a`],
  ])('O18 a nonce with %s is refused, also where none is needed', async (_name, change) => {
    const nonce = change(await nonceOf());
    needsNonce = false;
    expect(await refusalOf({ dpop: [proof({ nonce })] })).toMatchObject({ error: 'use_dpop_nonce' });
  });

  it('O18 a nonce of another process is refused: its proofs may have been used there', async () => {
    const nonce = await nonceOf();
    read = createCredentialReader({ clock, nonceSecret: Buffer.alloc(32, 8), needsNonce: () => true });
    expect(await refusalOf({ dpop: [proof({ nonce })] })).toMatchObject({ error: 'use_dpop_nonce' });
  });
});

describe('the body', () => {
  const body = Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/call"}');
  it('O18 a proof with content_digest is for exactly these bytes', async () => {
    const credentials = await read(head({ dpop: [proof({ content_digest: contentDigestOf(body) })] }));
    expect(() => checkContentDigest(credentials, body)).not.toThrow();
    expect(() => checkContentDigest(credentials, Buffer.concat([body, Buffer.from(' ')]))).toThrow(GuardError);
  });
  it('without content_digest the body is not bound', async () => {
    expect(async () => checkContentDigest(await read(head()), body)).not.toThrow();
  });
});

describe('what used proofs cost', () => {
  it('B3 a key has a share of its own, and what is too old is forgotten', () => {
    let nowMs = 0;
    const replays = createReplays(() => nowMs);
    for (let i = 0; i < 20_000; i += 1) expect(replays.use('a', String(i))).toBe(true);
    expect(replays.use('a', 'one more')).toBe(false);
    expect(replays.use('b', 'one more')).toBe(true);
    nowMs = 11 * 60_000 + 1;
    expect(replays.use('a', '0')).toBe(true);
  });
  it('B3 keys that rest make room for others', () => {
    let nowMs = 0;
    const replays = createReplays(() => nowMs);
    for (let i = 0; i < 10_000; i += 1) replays.use(String(i), 'x');
    expect(replays.use('new', 'x')).toBe(false);
    nowMs = 11 * 60_000 + 1;
    expect(replays.use('new', 'x')).toBe(true);
  });
});
