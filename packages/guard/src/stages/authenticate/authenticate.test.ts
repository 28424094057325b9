/** Attacks on access tokens, API keys and tenants: every test is a row of section 5.1 of the attack list. */
import { constants, createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Call, Credentials, Principal, Session } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import { createMemoryKeys, createMemoryTenants } from '../../memory/index.ts';
import type { ApiKey } from '../../ports.ts';
import { createTenant, GATEWAY_TENANT } from '../tenant/index.ts';
import {
  API_KEY_REMEMBERED_MS, createApiKeyAuthenticator, createAuthenticate, createBearerJwt, mintApiKey, principalKey, readAuthorization,
  type JwtIssuer, type KeySource,
} from './index.ts';
import { TOKEN_REMEMBERED_MS } from './bearer-jwt.ts';

const NOW = 1_700_000_000;
const HOME = 'https://idp.test/acme';
const OTHER = 'https://idp.test/globex';
const AUDIENCE = 'https://gw.example/mcp';
const SKEW = 30;

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 });

const ISSUER: JwtIssuer = {
  issuer: HOME, audience: AUDIENCE, multipleAudiences: false, algorithms: ['RS256', 'ES256', 'EdDSA'], accessTokenProfile: 'rfc9068',
  requiredScopes: [], claims: { tenant: 'tenant', roles: 'roles', groups: 'groups', agent: 'client_id', tier: 'tier' },
  allowedClients: undefined, clockSkewSeconds: SKEW, maxLifetimeSeconds: 3600,
};

type Claims = Readonly<Record<string, unknown>>;
const CLAIMS: Claims = {
  iss: HOME, sub: 'alice', aud: AUDIENCE, exp: NOW + 600, iat: NOW, jti: 'j-1', client_id: 'agent', tenant: 'acme', roles: ['reader'],
};

const b64 = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const tail = (token: string): string => token.slice(token.lastIndexOf('.') + 1);
const withTail = (token: string, signature: string): string => `${token.slice(0, token.lastIndexOf('.'))}.${signature}`;

/** A token exactly as the attacker wants it. `undefined` in the changes removes the member. */
function token(claims: Claims | string = {}, header: Claims = {}, key: KeyObject = rsa.privateKey): string {
  const text = `${b64({ alg: 'RS256', typ: 'at+jwt', kid: 'k1', ...header })}.${typeof claims === 'string' ? b64(claims) : b64({ ...CLAIMS, ...claims })}`;
  const signature = key.asymmetricKeyType === 'ec' ? sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
    : key.asymmetricKeyType === 'ed25519' ? sign(null, Buffer.from(text), key)
    : sign('sha256', Buffer.from(text), { key, padding: constants.RSA_PKCS1_PADDING });
  return `${text}.${signature.toString('base64url')}`;
}

function hmacToken(secret: string | Buffer): string {
  const text = `${b64({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })}.${b64(CLAIMS)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const KEYS: ReadonlyMap<string, KeyObject> = new Map([
  [`${HOME} k1`, rsa.publicKey], [`${HOME} ec`, ec.publicKey], [`${HOME} ed`, ed.publicKey], [`${OTHER} k1`, otherRsa.publicKey],
]);

function openBench({ issuer = {} }: { readonly issuer?: Partial<JwtIssuer> } = {}) {
  const keys = new Map(KEYS);
  const clock = { ms: NOW * 1000, now: () => clock.ms };
  const asked: string[] = [];
  const faults: string[] = [];
  const source: KeySource = {
    key: async (from, kid) => {
      asked.push(`${from} ${kid}`);
      const key = keys.get(`${from} ${kid}`);
      if (key === undefined) throw new Error('the key is not known');
      return key;
    },
  };
  const store = createMemoryKeys();
  const issuers = [{ ...ISSUER, ...issuer }, { ...ISSUER, ...issuer, issuer: OTHER }];
  const authenticate = createAuthenticate(
    [createApiKeyAuthenticator(store, clock), createBearerJwt({ issuers: () => issuers, keys: source, clock })], (type) => void faults.push(type));
  const present = async (credentials: Credentials): Promise<Principal> => authenticate({ ...CALL, credentials });
  return { clock, asked, faults, store, keys, present, bearer: (text: string) => present({ kind: 'bearer', token: text }) };
}

const CALL: Call = {
  method: 'tools/call', target: { kind: 'tool', server: 'crm', name: 'get' }, params: {}, rawArguments: undefined, credentials: { kind: 'none' },
  session: undefined, deadline: Number.POSITIVE_INFINITY, signal: new AbortController().signal,
  origin: {
    transport: 'http', era: 'modern', protocolVersion: '2026-07-28', address: '192.0.2.1', correlationId: 'c', traceparent: undefined,
    clientInfo: undefined,
  },
};

/** `accepted`, or the code of the refusal; `unauthenticated` is proven to be the one answer that tells nothing. */
async function outcomeOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
    return 'accepted';
  } catch (thrown) {
    if (!(thrown instanceof GuardError)) throw thrown;
    if (thrown.code === 'unauthenticated') expect(thrown.detail).toEqual({ data: { error: 'invalid_token' }, cause: expect.any(Error) });
    return thrown.code;
  }
}

type Row = readonly [name: string, text: string, fault: string, issuer?: Partial<JwtIssuer>];
const ANY: Partial<JwtIssuer> = { accessTokenProfile: 'any-jwt' };
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

const derSignature = sign('sha256', Buffer.from(goodEc.slice(0, goodEc.lastIndexOf('.'))), ec.privateKey).toString('base64url');

const HEADERS: readonly Row[] = [
  ...['none', 'None', 'nOnE', '', undefined, null, 1, ['RS256'], 'rs256', 'RS1'].flatMap((alg): Row[] => [
    [`O1 alg ${JSON.stringify(alg)}`, token({}, { alg }), 'algorithm'],
    [`O1 alg ${JSON.stringify(alg)}, empty signature`, withTail(token({}, { alg }), ''), 'malformed'],
  ]),
  ['O1 alg none although the configuration names it', token({}, { alg: 'none' }), 'algorithm', SYMMETRIC],
  ['O1 a good algorithm, empty signature', withTail(good, ''), 'malformed'],
  ['O1 an algorithm that is not configured', token({}, { alg: 'PS256' }), 'algorithm'],
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
  ['O3 one byte short', withTail(goodEc, Buffer.from(tail(goodEc), 'base64url').subarray(0, 63).toString('base64url')), 'signature'],
  ['O3 one byte more', withTail(goodEc, Buffer.concat([Buffer.from(tail(goodEc), 'base64url'), Buffer.alloc(1)]).toString('base64url')), 'signature'],
  ['O3 another key', token({}, {}, attacker.privateKey), 'signature'],
  ['O3 another payload under a good signature', withTail(token({ sub: 'root' }), tail(good)), 'signature'],
  ['O3 padding', `${goodEc}==`, 'malformed'],
  ['O3 whitespace', `${goodEc.slice(0, -4)} ${goodEc.slice(-4)}`, 'malformed'],
  ['O3 a newline at the end', `${goodEc}\n`, 'malformed'],
  ['O3 the + of plain base64', withTail(goodEc, `+${tail(goodEc).slice(1)}`), 'malformed'],
  ['O3 the / of plain base64', withTail(goodEc, `/${tail(goodEc).slice(1)}`), 'malformed'],
  ['O3 unused bits in the signature', nonCanonical(goodEc), 'malformed'],
  ...['../../dev/null', 'file:///etc/passwd', "' OR 1=1 --", ';id', '__proto__', 'constructor', 'toString', 'K1', 'k1 '].map((kid): Row =>
    [`O4 kid ${JSON.stringify(kid)}`, token({}, { kid }), 'key']),
  ...[['10 kB', 'k'.repeat(10_000)], ['257', 'k'.repeat(257)], ['an array', ['k1']], ['an object', { k1: 1 }], ['a number', 1], ['null', null], ['empty', '']].map(([name, kid]): Row =>
    [`O4 kid ${name as string}`, token({}, { kid }), 'header']),
  ['O4 kid with a NUL', token({}, { kid: 'k1\0' }), 'malformed'],
  ['O4 kid __proto__ as a member', `${b64('{"alg":"RS256","__proto__":{"kid":"k1"}}')}.${good.split('.').slice(1).join('.')}`, 'malformed'],
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
  ['O7 alg twice in the header', `${b64('{"alg":"RS256","alg":"none","typ":"at+jwt","kid":"k1"}')}.${good.split('.').slice(1).join('.')}`, 'malformed'],
  ['O7 a detached payload', `${good.split('.')[0]}..${tail(good)}`, 'malformed'],
  ...['JWT', undefined, 'id+jwt', 'logout+jwt', 'dpop+jwt', 'refresh+jwt', 'at+jwtx', 'xat+jwt', 'text/at+jwt', '', 1, ['at+jwt']].map((typ): Row =>
    [`O16 typ ${JSON.stringify(typ)}`, token({}, { typ }), 'type']),
  ...['id+jwt', 'ID+JWT', 'application/logout+jwt', 'dpop+jwt', 'refresh+jwt', 'secevent+jwt', 1].map((typ): Row =>
    [`O16 typ ${JSON.stringify(typ)} outside of RFC 9068`, token({}, { typ }), 'type', ANY]),
];

const raw = (member: string): string => `{${JSON.stringify({ ...CLAIMS, exp: undefined }).slice(1, -1)},${member}}`;

const CLAIM_ROWS: readonly Row[] = [
  ...([
    ['absent', undefined], ['another', 'https://other.example/mcp'], ['the array with another', [AUDIENCE, 'https://other.example']],
    ['an array of another', ['https://other.example']], ['an empty array', []], ['a number', 1], ['null', null], ['an object', { [AUDIENCE]: 1 }],
    ['a longer host', 'https://gw.example.evil/mcp'], ['a trailing slash', `${AUDIENCE}/`], ['upper case', 'https://GW.example/mcp'],
    ['a port', 'https://gw.example:443/mcp'], ['the path of another tenant', `${AUDIENCE}/globex`], ['the host alone', 'https://gw.example'],
    ['a nested array', [[AUDIENCE]]], ['a mixed array', [AUDIENCE, 1]], ['the right one among words', `x ${AUDIENCE}`],
  ] as const).map(([name, aud]): Row => [`O11 aud ${name}`, token({ aud }), 'audience']),
  ['O11 several audiences, opted in, none of them ours', token({ aud: ['a', 'b'] }), 'audience', { multipleAudiences: true }],
  ...([
    ['absent', undefined], ['a trailing slash', `${HOME}/`], ['a tenant that is not configured', 'https://idp.test/initech'], ['http', 'http://idp.test/acme'],
    ["the attacker's", 'https://evil.test'], ['a path traversal', 'https://idp.test/globex/../acme'], ['an encoded path', 'https://idp.test/%61cme'],
    ['upper case', 'https://IDP.test/acme'], ['an array', [HOME]], ['null', null], ['__proto__', '__proto__'],
  ] as const).map(([name, iss]): Row => [`O13 iss ${name}`, token({ iss }), 'issuer']),
  ['O13 the key of another issuer with the same kid', token({}, {}, otherRsa.privateKey), 'signature'],
  ['O13 the other tenant of the IdP, signed with our key', token({ iss: OTHER }), 'signature'],
  ['O14 client_id not on the list', token({ client_id: 'evil' }), 'client', { allowedClients: ['agent'] }],
  ['O14 client_id in another case', token({ client_id: 'Agent' }), 'client', { allowedClients: ['agent'] }],
  ['O14 an empty list allows nobody', token(), 'client', { allowedClients: [] }],
  ['O14 azp not on the list', token({ client_id: undefined, azp: 'evil' }), 'client', { ...ANY, allowedClients: ['agent'] }],
  ['O14 client_id evil, azp on the list', token({ client_id: 'evil', azp: 'agent' }), 'client', { allowedClients: ['agent'] }],
  ['O14 no client, several audiences', token({ client_id: undefined, aud: [AUDIENCE, 'b'] }), 'client', { ...ANY, multipleAudiences: true, allowedClients: ['agent'] }],
  ['O14 client_id is an array', token({ client_id: ['agent'] }), 'client', { allowedClients: ['agent'] }],
  ['O14 client_id is empty', token({ client_id: '' }), 'client'],
  ['O14 a chain of actors that is too long', token({ act: { sub: '1', act: { sub: '2', act: { sub: '3', act: { sub: '4', act: { sub: '5' } } } } } }), 'claims'],
  ['O14 an actor without a subject', token({ act: { act: { sub: 'x' } } }), 'claims'],
  ['O14 an actor that is text', token({ act: 'agent' }), 'claims'],
  ['O15 exp missing', token({ exp: undefined }), 'claims'],
  ['O15 exp in the past', token({ exp: NOW - 3600 }), 'expired'],
  ['O15 exp = now - skew', token({ exp: NOW - SKEW }), 'expired'],
  ['O15 exp is text', token({ exp: String(NOW + 600) }), 'claims'],
  ['O15 exp null', token({ exp: null }), 'claims'],
  ['O15 exp 1e20', token(raw('"exp":1e20')), 'malformed'],
  ['O15 exp 1e400', token(raw('"exp":1e400')), 'malformed'],
  ['O15 exp NaN', token(raw('"exp":NaN')), 'malformed'],
  ['O15 exp twice', token(raw(`"exp":1,"exp":${NOW + 600}`)), 'malformed'],
  ['O15 exp beyond the calendar', token({ exp: 253_402_300_800 }), 'claims'],
  ['O15 exp negative', token({ exp: -1 }), 'claims'],
  ['O15 exp a fraction, past', token({ exp: NOW - SKEW - 0.5 }), 'expired'],
  ['O15 nbf = now + skew + 1', token({ nbf: NOW + SKEW + 1 }), 'not_yet_valid'],
  ['O15 nbf is text', token({ nbf: '0' }), 'claims'],
  ['O15 iat = now + skew + 1', token({ iat: NOW + SKEW + 1 }), 'not_yet_valid'],
  ['O15 iat is text', token({ iat: '0' }), 'claims'],
  ['O15 lifetime longer than the maximum', token({ exp: NOW + 3600 + SKEW + 1 }), 'lifetime'],
  ['O15 lifetime longer than the maximum, no iat', token({ iat: undefined, exp: NOW + 3600 + SKEW + 1 }), 'lifetime', ANY],
  ['O15 skew is at most 60 s whatever is configured', token({ exp: NOW - 60 }), 'expired', { clockSkewSeconds: 86_400 }],
  ...([['iss', 'issuer'], ['exp', 'claims'], ['aud', 'audience'], ['sub', 'claims'], ['client_id', 'claims'], ['iat', 'claims'], ['jti', 'claims']] as const)
    .map(([claim, fault]): Row => [`O17 without ${claim}`, token({ [claim]: undefined }), fault]),
  ['O17 sub empty', token({ sub: '' }), 'claims'],
  ['O17 sub a number', token({ sub: 1 }), 'claims'],
  ['O17 a payload that is an array', token('[]'), 'malformed'],
  ['O17 a bound token as a bearer token', token({ cnf: { jkt: 'x' } }), 'bound'],
  ...['mcp:read  mcp:write', ' mcp:read', 'mcp:read ', 'mcp:read\u00a0mcp:write', 'mcp:read\u2003x', 'mcp:read\tx', 'a"b', ['mcp:read'], 1, null]
    .map((scope): Row => [`O22 scope ${JSON.stringify(scope)}`, token({ scope }), 'scope', { requiredScopes: ['mcp:read'] }]),
];

describe('a token is refused', () => {
  it.for<Row>([...HEADERS, ...CLAIM_ROWS])('%s', async ([, text, fault, issuer = {}]) => {
    const bench = openBench({ issuer });
    expect([await outcomeOf(bench.bearer(text)), bench.faults]).toEqual(['unauthenticated', [fault]]);
    // Nothing about a refused token is remembered in its favour.
    expect(await outcomeOf(bench.bearer(text))).toBe('unauthenticated');
  });
});

const ACCEPTED: readonly (readonly [name: string, text: string, issuer?: Partial<JwtIssuer>])[] = [
  ['O1 RS256', good], ['O1 ES256', goodEc], ['O1 EdDSA', token({}, { alg: 'EdDSA', kid: 'ed' }, ed.privateKey)],
  ['O11 the array with ours alone', token({ aud: [AUDIENCE] })],
  ['O11 several audiences, opted in', token({ aud: ['b', AUDIENCE] }), { multipleAudiences: true }],
  ['O13 the other issuer with its own key', token({ iss: OTHER }, {}, otherRsa.privateKey)],
  ['O14 a client on the list', token(), { allowedClients: ['agent'] }],
  ['O15 exp = now - skew + 1', token({ exp: NOW - SKEW + 1 })], ['O15 exp a fraction', token({ exp: NOW - SKEW + 0.5 })],
  ['O15 nbf = now + skew', token({ nbf: NOW + SKEW })], ['O15 iat = now + skew', token({ iat: NOW + SKEW })],
  ['O15 the longest lifetime', token({ exp: NOW + 3600 })],
  ['O16 AT+JWT', token({}, { typ: 'AT+JWT' })], ['O16 application/at+jwt', token({}, { typ: 'application/at+jwt' })],
  ['O16 JWT outside of RFC 9068', token({}, { typ: 'JWT' }), ANY], ['O16 no typ outside of RFC 9068', token({}, { typ: undefined }), ANY],
  ['O22 exactly the scopes, one of them twice', token({ scope: 'mcp:write mcp:read mcp:read' }), { requiredScopes: ['mcp:read'] }],
];
it.for(ACCEPTED)('%s is accepted', async ([, text, issuer = {}]) => {
  expect((await openBench({ issuer }).bearer(text)).user.subject).toBe('alice');
});
it('O4 an ill-formed kid never reaches the key source, and a strange one reaches it as plain text', async () => {
  const bench = openBench();
  for (const kid of ['k'.repeat(10_000), ['k1'], { k1: 1 }, '']) await outcomeOf(bench.bearer(token({}, { kid })));
  expect(bench.asked).toEqual([]);
  await outcomeOf(bench.bearer(token({}, { kid: '../../dev/null' })));
  expect(bench.asked).toEqual([`${HOME} ../../dev/null`]);
});
it('O13 only the keys of the issuer that the token names are asked for', async () => {
  const bench = openBench();
  await outcomeOf(bench.bearer(token({ iss: OTHER })));
  await outcomeOf(bench.bearer(token({ iss: 'https://evil.test' }, {}, attacker.privateKey)));
  expect(bench.asked).toEqual([`${OTHER} k1`]);
});
it('O15 a remembered token ends at the same moment as a new one', async () => {
  const bench = openBench();
  const principal = await bench.bearer(good);
  bench.clock.ms = (NOW + 600 + SKEW) * 1000 - 1;
  expect(await bench.bearer(good)).toBe(principal);
  bench.clock.ms += 1;
  expect(await outcomeOf(bench.bearer(good))).toBe('unauthenticated');
  expect(bench.faults).toEqual(['expired']);
});
it('O10 a remembered token outlives the removal of its key by no more than the stated time', async () => {
  const bench = openBench();
  const principal = await bench.bearer(good);
  bench.keys.clear();
  bench.clock.ms += TOKEN_REMEMBERED_MS - 1;
  expect(await bench.bearer(good)).toBe(principal);
  bench.clock.ms += 1;
  expect([await outcomeOf(bench.bearer(good)), bench.faults]).toEqual(['unauthenticated', ['key']]);
});
const HEADER_ROWS: readonly (readonly [name: string, values: readonly string[], kind: Credentials['kind']])[] = [
  ['O20 no header: query, form and cookie are not looked at', [], 'none'],
  ['O20 one header', [`Bearer ${good}`], 'bearer'], ['O20 bearer in lower case', [`bearer ${good}`], 'bearer'],
  ['O20 two headers', [`Bearer ${good}`, `Bearer ${good}`], 'malformed'], ['O20 two headers, one empty', ['', `Bearer ${good}`], 'malformed'],
  ['O20 two spaces', [`Bearer  ${good}`], 'malformed'], ['O20 a tab', [`Bearer\t${good}`], 'malformed'],
  ['O20 a comma list', [`Bearer ${good}, Bearer ${good}`], 'malformed'], ['O20 a comma list without spaces', [`Bearer ${good},${good}`], 'malformed'],
  ['O20 a trailing space', [`Bearer ${good} `], 'malformed'], ['O20 a trailing newline', [`Bearer ${good}\n`], 'malformed'],
  ['O20 a leading space', [` Bearer ${good}`], 'malformed'], ['O20 no scheme', [good], 'malformed'], ['O20 an empty header', [''], 'malformed'],
  ['O20 no token', ['Bearer '], 'malformed'], ['O20 Basic', ['Basic YTpi'], 'malformed'], ['O20 DPoP', [`DPoP ${good}`], 'malformed'],
  ['O20 quotes', [`Bearer "${good}"`], 'malformed'], ['O20 20 kB', [`Bearer ${'a'.repeat(20_000)}`], 'malformed'],
];
it.each(HEADER_ROWS)('%s', async (_name, values, kind) => {
  const read = readAuthorization(values);
  expect(read.kind).toBe(kind);
  if (kind === 'malformed') expect(await outcomeOf(openBench().present(read))).toBe('unauthenticated');
});
const SCOPE_ROWS: readonly (readonly [name: string, claims: Claims])[] = [
  ['O22 no scope', {}], ['O22 an empty scope', { scope: '' }], ['O22 a longer scope', { scope: 'mcp:readwrite' }], ['O22 a shorter scope', { scope: 'mcp:rea' }],
  ['O22 another case', { scope: 'MCP:read' }], ['O22 a comma list', { scope: 'mcp:read,mcp:write' }], ['O22 scp instead of scope', { scp: 'mcp:read' }],
  ['O22 a role of the name', { roles: ['mcp:read'] }], ['O22 scopes in an array under another name', { scopes: ['mcp:read'] }],
];
it.each(SCOPE_ROWS)('%s is told the scope that is needed and nothing else', async (_name, claims) => {
  const refused = await openBench({ issuer: { requiredScopes: ['mcp:read'] } }).bearer(token(claims)).catch((thrown: unknown) => thrown);
  expect(refused).toMatchObject({ code: 'insufficient_scope', detail: { data: { error: 'insufficient_scope', scope: 'mcp:read' } } });
});
it('O22 roles are read at the configured place only', async () => {
  const issuer = { claims: { ...ISSUER.claims, roles: 'https://acme.test/roles' } };
  const { user } = await openBench({ issuer }).bearer(token({ roles: ['admin'], 'https://acme.test/roles': ['reader', 1, { admin: true }] }));
  expect(user.roles).toEqual(['reader']);
});
const tenantOf = async (claims: Claims, session?: Session, params: Call['params'] = {}) => {
  const tenants = createTenant(createMemoryTenants(() => ['acme', 'globex', GATEWAY_TENANT]), { check: () => {}, charge: () => {} });
  const text = token(claims);
  return tenants(await openBench().bearer(text), { ...CALL, credentials: { kind: 'bearer', token: text }, session, params });
};
const session = (changes: Partial<Session> = {}): Session => ({ id: 's', issuer: HOME, subject: 'alice', tenant: 'acme', ...changes });

const TENANT_ROWS: readonly (readonly [name: string, claims: Claims, expected: string, session?: Session])[] = [
  ['O24 the tenant of the token', {}, 'accepted'], ['O24 its own session', {}, 'accepted', session()],
  ['O24 the session of another tenant', {}, 'session_not_found', session({ tenant: 'globex' })],
  ['O24 the session of another user', {}, 'session_not_found', session({ subject: 'bob' })],
  ['O24 the session of the same sub of another issuer', {}, 'session_not_found', session({ issuer: OTHER })],
  ['O24 a tenant that is not there', { tenant: 'initech' }, 'unknown_tenant'], ['O24 no tenant', { tenant: undefined }, 'unknown_tenant'],
  ['O24 the tenant of the gateway itself', { tenant: GATEWAY_TENANT }, 'unknown_tenant'], ['O24 an array of tenants', { tenant: ['acme'] }, 'unknown_tenant'],
  ['O24 another case', { tenant: 'ACME' }, 'unknown_tenant'], ['O24 a space', { tenant: 'acme ' }, 'unknown_tenant'],
  ['O24 __proto__', { tenant: '__proto__' }, 'unknown_tenant'], ['O24 constructor', { tenant: 'constructor' }, 'unknown_tenant'],
];
it.for(TENANT_ROWS)('%s', async ([, claims, expected, opened]) => expect(await outcomeOf(tenantOf(claims, opened))).toBe(expected));

it('O24 what the request says of a tenant changes nothing', async () => {
  expect(await tenantOf({}, undefined, { tenant: 'globex', _meta: { tenant: 'globex', 'x-tenant-id': 'globex' } })).toEqual({ id: 'acme' });
});
it('O25 every other issuer, sub, tenant, client or actor is another key', async () => {
  const claims: readonly Claims[] = [
    {}, { sub: 'Alice' }, { sub: 'alice ' }, { sub: 'al\u0131ce' }, { sub: '\u00e9' }, { sub: 'e\u0301' }, { sub: 'alice","acme' }, { client_id: 'agent2' },
    { tenant: 'globex' }, { tenant: undefined }, { tenant: 'null' }, { act: { sub: 'x' } }, { act: { sub: 'x', act: { sub: 'y' } } }, { act: { sub: 'x","y' } },
  ];
  const bench = openBench();
  const found = await Promise.all([...claims.map((one) => token(one)), token({ iss: OTHER }, {}, otherRsa.privateKey)].map(bench.bearer));
  expect(new Set(found.map(({ key }) => key)).size).toBe(claims.length + 1);
  expect(principalKey({ issuer: 'a', subject: 'b' }, { clientId: 'c', actors: [] }, undefined)).not.toBe(principalKey({ issuer: 'a', subject: 'b' }, { clientId: '', actors: ['c'] }, undefined));
});
it('O25 an address that is not verified is not an identity', async () => {
  const { user, key } = await openBench().bearer(token({ sub: 'mallory', email: 'alice@acme.test', email_verified: false, preferred_username: 'alice' }));
  expect([user.subject, key]).toEqual(['mallory', JSON.stringify([HOME, 'mallory', 'acme', 'agent'])]);
});
const FIELDS = { tenant: 'acme', subject: 'robot', name: 'ci', roles: [], scopes: [], tier: undefined, createdAt: NOW * 1000, expiresAt: undefined };

it.each([
  ['A27 a JWT with a bad signature', token({ sub: 'CANARY' }, { kid: 'k1' }, attacker.privateKey)], ['A27 a kid', token({}, { kid: 'CANARY' })],
  ['A27 an issuer', token({ iss: 'CANARY' })], ['A27 JSON that is broken', token('{"CANARY":CANARY')], ['A27 no JWT', 'CANARY.CANARY.CANARY'],
  ['A27 a duplicate member', token('{"CANARY":1,"CANARY":2}')], ['A27 an API key', 'sp_CANARY'], ['A27 an expired token', token({ sub: 'CANARY', exp: 1 })],
])('%s: neither the refusal nor the metric shows what was presented', async (_name, text) => {
  const bench = openBench();
  const thrown: unknown = await bench.bearer(text).catch((error: unknown) => error);
  const shown = inspect(thrown, { depth: Infinity, showHidden: true }) + JSON.stringify(thrown) + bench.faults.join();
  for (const secret of ['CANARY', text, tail(text), b64('CANARY')]) expect(shown).not.toContain(secret);
});
it.each([
  ['A30 empty', ''], ['A30 the prefix alone', 'sp_'], ['A30 changeme', 'changeme'], ['A30 an example', 'sp_0123456789abcdef_changeme'],
  ['A30 zeros', `sp_${'0'.repeat(16)}_${'A'.repeat(43)}`], ['A30 an id without its secret', 'sp_0000000000000001_'], ['A30 a short secret', 'sp_0000000000000001_AAAA'],
])('%s opens nothing, even where a row has the hash of an empty secret', async (_name, text) => {
  const bench = openBench();
  const empty: ApiKey = { ...FIELDS, id: '0000000000000001', hash: '6b'.repeat(32), revokedAt: undefined };
  for (const id of ['', '0'.repeat(16), '0123456789abcdef', empty.id]) await bench.store.put({ ...empty, id });
  expect(await outcomeOf(bench.bearer(text))).toBe('unauthenticated');
});
it('A30 a minted key has 256 random bits, is stored as a hash, and ends within the stated time', async () => {
  const bench = openBench();
  const { text, key } = mintApiKey(FIELDS);
  const secret = text.slice(20);
  expect([Buffer.from(secret, 'base64url').length, JSON.stringify(key).includes(secret), mintApiKey(FIELDS).text === text]).toEqual([32, false, false]);
  await bench.store.put(key);
  const principal = await bench.bearer(text);
  expect(await outcomeOf(bench.bearer(text.slice(0, 20) + mintApiKey(FIELDS).text.slice(20)))).toBe('unauthenticated');
  await bench.store.put({ ...key, revokedAt: bench.clock.ms });
  bench.clock.ms += API_KEY_REMEMBERED_MS - 1;
  expect(await bench.bearer(text)).toBe(principal);
  bench.clock.ms += 1;
  expect(await outcomeOf(bench.bearer(text))).toBe('unauthenticated');
});
