/** Access tokens as attackers send them: rows O of the attack list, with real keys and a clock that stands still. */
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT, type JWTPayload } from 'jose';
import { describe, expect, it } from 'vitest';
import type { Credentials, Principal } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import { createManualClock, createMemoryKeys } from '../../memory/index.ts';
import { createApiKeyAuthenticator, createAuthenticate, createBearerJwt, mintApiKey, readAuthorization, type JwtIssuer } from './index.ts';

const ISSUER = 'https://login.test';
const AUDIENCE = 'https://gw.test/mcp';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
const issuer: JwtIssuer = {
  issuer: ISSUER, audience: AUDIENCE, multipleAudiences: false, algorithms: ['RS256', 'ES256'], accessTokenProfile: 'rfc9068', requiredScopes: ['mcp'],
  claims: { tenant: 'tenant_id', roles: 'roles', groups: 'groups', agent: 'client_id', tier: 'tier' }, allowedClients: ['app'], clockSkewSeconds: 60, maxLifetimeSeconds: 3_600,
};
const rival: JwtIssuer = { ...issuer, issuer: 'https://rival.test' };
const clock = createManualClock();
const now = Math.floor(clock.now() / 1000);
const asked: string[] = [];
const keys: ReadonlyMap<string, KeyObject> = new Map([[`${ISSUER} r`, rsa.publicKey], [`${ISSUER} e`, ec.publicKey], ['https://rival.test r', other.publicKey]]);
const authenticate = createAuthenticate([createBearerJwt({
  issuers: () => [issuer, rival], clock,
  keys: { key: async (name, kid) => { asked.push(name); const key = keys.get(`${name} ${kid}`); if (key === undefined) throw new Error('unknown'); return key; } },
})], () => {});

const CLAIMS: JWTPayload = { iss: ISSUER, aud: AUDIENCE, sub: 'alice', client_id: 'app', jti: 'j', iat: now, exp: now + 600, scope: 'mcp other', tenant_id: 'acme', roles: ['admin'] };
const HEADER = { alg: 'RS256', kid: 'r', typ: 'at+jwt' };
type Header = Record<string, unknown> & { alg: string };
const sign = (claims: object = {}, header: object = {}, key: KeyObject = rsa.privateKey): Promise<string> =>
  new SignJWT({ ...CLAIMS, ...claims }).setProtectedHeader({ ...HEADER, ...header } as Header).sign(key);
const encode = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const raw = (header: unknown, claims: unknown = CLAIMS, signature = 'AAAA'): string => `${encode(header)}.${encode(claims)}.${signature}`;
const without = (name: string): object => Object.fromEntries(Object.entries(CLAIMS).filter(([key]) => key !== name));
const signRaw = async (claims: object): Promise<string> => new SignJWT(claims as JWTPayload).setProtectedHeader(HEADER).sign(rsa.privateKey);

const call = (credentials: Credentials) => ({ credentials }) as Parameters<typeof authenticate>[0];
const ask = async (token: string): Promise<Principal> => authenticate(call({ kind: 'bearer', token }));
async function codeOf(token: string): Promise<string> {
  try {
    await ask(token);
    return 'accepted';
  } catch (thrown) {
    return thrown instanceof GuardError ? thrown.code : `threw ${String(thrown)}`;
  }
}

const REFUSED: readonly [row: string, make: () => Promise<string> | string][] = [
  ...['none', 'None', 'nOnE', ''].map((alg) => [`O1 alg ${JSON.stringify(alg)}`, () => raw({ ...HEADER, alg })] as [string, () => string]),
  ['O1 alg missing', () => raw({ kid: 'r', typ: 'at+jwt' })],
  ['O1 empty signature', async () => `${(await sign()).split('.').slice(0, 2).join('.')}.`],
  ['O2 HS256 with the public key as secret', () => {
    const head = `${encode({ ...HEADER, alg: 'HS256' })}.${encode(CLAIMS)}`;
    return `${head}.${createHmac('sha256', rsa.publicKey.export({ type: 'spki', format: 'pem' })).update(head).digest('base64url')}`;
  }],
  ['O2 an algorithm that is not configured', () => sign({}, { alg: 'RS512' })],
  ['O2 an EC key for RS256', () => sign({}, { alg: 'ES256', kid: 'r' }, ec.privateKey)],
  ['O3 a DER signature', async () => { const [h, p] = (await sign({}, { alg: 'ES256', kid: 'e' }, ec.privateKey)).split('.'); const { sign: signDer } = await import('node:crypto'); return `${h}.${p}.${signDer('sha256', Buffer.from(`${h}.${p}`), ec.privateKey).toString('base64url')}`; }],
  ['O3 r = s = 0', () => raw({ ...HEADER, alg: 'ES256', kid: 'e' }, CLAIMS, Buffer.alloc(64).toString('base64url'))],
  ['O3 extra bytes', async () => `${await sign()}AAAA`],
  ['O3 padding', async () => `${await sign()}==`],
  ['O3 white space', async () => `${await sign()} `],
  ['O3 non-canonical trailing bits', async () => { const token = await sign(); return `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'B'}`; }],
  ...['../../dev/null', "' OR 1=1", '__proto__', 'constructor', 'x'.repeat(10_000)].map((kid) => [`O4 kid ${kid.slice(0, 16)}`, () => sign({}, { kid })] as [string, () => Promise<string>]),
  ['O4 kid is an array', () => raw({ ...HEADER, kid: ['r'] })],
  ['O7 crit', () => raw({ ...HEADER, crit: ['exp'] })],
  ['O7 b64', () => raw({ ...HEADER, b64: false })],
  ['O7 zip', () => raw({ ...HEADER, zip: 'DEF' })],
  ['O7 five parts', () => 'a.b.c.d.e'],
  ['O7 duplicate keys in the header', () => `${encode('{"alg":"none","alg":"RS256","kid":"r","typ":"at+jwt"}')}.${encode(CLAIMS)}.AAAA`],
  ['O11 aud absent', () => signRaw(without('aud'))],
  ...[`${AUDIENCE}/`, 'https://gw.test/mcp.evil', 'https://GW.test/mcp', 'https://gw.test:443/mcp', [], [AUDIENCE, 'https://other.test'], 7].map((aud) => [`O11 aud ${JSON.stringify(aud)}`, () => sign({ aud })] as [string, () => Promise<string>]),
  ...[`${ISSUER}/`, 'http://login.test', 'https://login.test/../x', 'https://evil.test'].map((iss) => [`O13 iss ${iss}`, () => sign({ iss })] as [string, () => Promise<string>]),
  ['O13 another issuer with the same kid', () => sign({ iss: 'https://rival.test' })],
  ['O13 iss absent', () => signRaw(without('iss'))],
  ['O14 a client that is not allowed', () => sign({ client_id: 'evil' })],
  ['O15 exp missing', () => signRaw(without('exp'))],
  ...[now - 60, String(now + 600), 1e20, -1, null].map((exp) => [`O15 exp ${String(exp)}`, () => signRaw({ ...CLAIMS, exp } as object)] as [string, () => Promise<string>]),
  ['O15 nbf beyond the skew', () => sign({ nbf: now + 61 })],
  ['O15 iat in the future', () => sign({ iat: now + 61 })],
  ['O15 lives too long', () => sign({ exp: now + 3_661 })],
  ...['JWT', 'id+jwt', 'logout+jwt', 'dpop+jwt', undefined].map((typ) => [`O16 typ ${typ}`, () => sign({}, { typ })] as [string, () => Promise<string>]),
  ...['sub', 'client_id', 'iat', 'jti'].map((name) => [`O17 without ${name}`, () => signRaw(without(name))] as [string, () => Promise<string>]),
  ['O18 a token that is bound to a key', () => sign({ cnf: { jkt: 'x' } })],
  ['O22 scope as an array', () => sign({ scope: ['mcp'] })],
  ['O22 scope with two spaces', () => sign({ scope: 'mcp  other' })],
];

describe('access tokens that are refused', () => {
  it.each(REFUSED)('%s', async (_row, make) => expect(await codeOf(await make())).toBe('unauthenticated'));

  it.each(['mcp:read', 'mcpx', '', 'MCP', 'a mcp,b'])('O22 scope %j lacks mcp', async (scope) => expect(await codeOf(await sign({ scope }))).toBe('insufficient_scope'));

  it('O6 a key in the header is ignored, and nothing is fetched', async () => {
    const jwk = other.publicKey.export({ format: 'jwk' });
    expect(await codeOf(await sign({}, { jwk, jku: 'https://evil.test/jwks', x5u: 'https://evil.test' }, other.privateKey))).toBe('unauthenticated');
  });

  it('says nothing of why, and nothing of the token (A27)', async () => {
    const token = await sign({ sub: 'canary-7f3a' }, { kid: 'nope' });
    const error = await ask(token).catch((thrown: unknown) => thrown as GuardError);
    expect(error).toMatchObject({ message: 'Authentication is required.' });
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toMatch(/canary|eyJ/);
  });
});

describe('access tokens that are accepted', () => {
  it('become the principal they say, the same object each time', async () => {
    const token = await sign();
    const principal = await ask(token);
    expect(principal).toMatchObject({ user: { issuer: ISSUER, subject: 'alice', roles: ['admin'] }, agent: { clientId: 'app' }, tenantClaim: 'acme', scopes: ['mcp', 'other'] });
    expect(await ask(token)).toBe(principal);
  });

  it.each([now - 59, now + 600])('O15 exp %i is within the skew', async (exp) => expect(await codeOf(await sign({ exp }))).toBe('accepted'));

  it('O15 a remembered token is refused once it has expired', async () => {
    const token = await sign({ exp: now + 5 });
    expect(await codeOf(token)).toBe('accepted');
    clock.advance(66_000);
    expect(await codeOf(token)).toBe('unauthenticated');
    clock.advance(-66_000);
  });

  it('O25 subjects that look alike are different principals', async () => {
    const found = await Promise.all([sign(), sign({ sub: 'Alice' }), sign({ sub: 'alice\u0301' }), sign({ tenant_id: 'acme","x' })].map(async (token) => (await ask(await token)).key));
    expect(new Set(found).size).toBe(4);
  });
});

describe('O20 the Authorization header', () => {
  it.each([[['Basic eDp5']], [['Bearer']], [['Bearer  abc']], [['Bearer\tabc']], [['Bearer a,b']], [['Bearer abc def']], [['Bearer abc', 'Bearer abc']], [['bearerabc']], [[`Bearer ${'x'.repeat(20_000)}`]]])('%j is malformed', (values) =>
    expect(readAuthorization(values).kind).toBe('malformed'));
  it('takes the scheme in any case', () => expect(readAuthorization(['bEaReR abc'])).toEqual({ kind: 'bearer', token: 'abc' }));
  it('absent is no credential', () => expect(readAuthorization([]).kind).toBe('none'));
});

describe('API keys', () => {
  const store = createMemoryKeys();
  const time = createManualClock();
  const check = createAuthenticate([createApiKeyAuthenticator(store, time)], () => {});
  const mint = (fields: object = {}) => {
    const minted = mintApiKey({ tenant: 'acme', subject: 'ci', name: 'ci', roles: ['r'], scopes: [], tier: undefined, createdAt: 0, expiresAt: undefined, ...fields });
    void store.put(minted.key);
    return minted;
  };
  const ok = async (token: string): Promise<boolean> => Promise.resolve().then(() => check(call({ kind: 'bearer', token }))).then(() => true, () => false);

  it('are stored hashed and found again', async () => {
    const { text, key } = mint();
    expect(JSON.stringify(key)).not.toContain(text.slice(20));
    expect(await ok(text)).toBe(true);
  });

  it('a wrong secret, a wrong id, an expired and a revoked one are refused', async () => {
    const { text, key } = mint();
    expect(await ok(`${text.slice(0, -1)}${text.endsWith('A') ? 'E' : 'A'}`)).toBe(false);
    expect(await ok(text.replace(/^sp_./, (head) => `sp_${head.endsWith('0') ? '1' : '0'}`))).toBe(false);
    expect(await ok(mint({ expiresAt: time.now() }).text)).toBe(false);
    expect(await ok(text)).toBe(true);
    void store.put({ ...key, revokedAt: time.now() });
    time.advance(2_001);
    expect(await ok(text)).toBe(false);
  });
});
