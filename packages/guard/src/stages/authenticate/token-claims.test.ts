/** What an access token claims: rows O11 to O22 and A27 of the attack list. */
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  ANY,
  attacker,
  AUDIENCE,
  b64,
  CLAIMS,
  expectRefused,
  HOME,
  ISSUER,
  NOW,
  openHarness,
  OTHER,
  otherRsa,
  outcomeOf,
  SKEW,
  tail,
  token,
  type Claims,
  type Row,
} from './testing/tokens.mts';

const raw = (member: string): string => `{${JSON.stringify({ ...CLAIMS, exp: undefined }).slice(1, -1)},${member}}`;

const LONG = 'x'.repeat(5_000);

const CLAIM_ROWS: readonly Row[] = [
  ...(
    [
      ['absent', undefined],
      ['another', 'https://other.example/mcp'],
      ['the array with another', [AUDIENCE, 'https://other.example']],
      ['an array of another', ['https://other.example']],
      ['an empty array', []],
      ['a number', 1],
      ['null', null],
      ['an object', { [AUDIENCE]: 1 }],
      ['a longer host', 'https://gw.example.evil/mcp'],
      ['a trailing slash', `${AUDIENCE}/`],
      ['upper case', 'https://GW.example/mcp'],
      ['a port', 'https://gw.example:443/mcp'],
      ['the path of another tenant', `${AUDIENCE}/globex`],
      ['the host alone', 'https://gw.example'],
      ['a nested array', [[AUDIENCE]]],
      ['a mixed array', [AUDIENCE, 1]],
      ['the right one among words', `x ${AUDIENCE}`],
    ] as const
  ).map(([name, aud]): Row => [`O11 aud ${name}`, token({ aud }), 'audience']),
  ['O11 an array of a longer host', token({ aud: ['https://gw.example.evil/mcp'] }), 'audience'],
  ['O11 an array of ours and more', token({ aud: [`${AUDIENCE}/x`] }), 'audience'],
  ['O11 a mixed array, several opted in', token({ aud: [AUDIENCE, 1] }), 'audience', { multipleAudiences: true }],
  [
    'O11 several audiences, opted in, none of them ours',
    token({ aud: ['a', 'b'] }),
    'audience',
    { multipleAudiences: true },
  ],
  ...(
    [
      ['absent', undefined],
      ['a trailing slash', `${HOME}/`],
      ['a tenant that is not configured', 'https://idp.test/initech'],
      ['http', 'http://idp.test/acme'],
      ["the attacker's", 'https://evil.test'],
      ['a path traversal', 'https://idp.test/globex/../acme'],
      ['an encoded path', 'https://idp.test/%61cme'],
      ['upper case', 'https://IDP.test/acme'],
      ['an array', [HOME]],
      ['null', null],
      ['__proto__', '__proto__'],
    ] as const
  ).map(([name, iss]): Row => [`O13 iss ${name}`, token({ iss }), 'issuer']),
  ['O13 the key of another issuer with the same kid', token({}, {}, otherRsa.privateKey), 'signature'],
  ['O13 the other tenant of the IdP, signed with our key', token({ iss: OTHER }), 'signature'],
  ['O14 client_id not on the list', token({ client_id: 'evil' }), 'client', { allowedClients: ['agent'] }],
  ['O14 client_id in another case', token({ client_id: 'Agent' }), 'client', { allowedClients: ['agent'] }],
  ['O14 an empty list allows nobody', token(), 'client', { allowedClients: [] }],
  [
    'O14 azp not on the list',
    token({ client_id: undefined, azp: 'evil' }),
    'client',
    { ...ANY, allowedClients: ['agent'] },
  ],
  [
    'O14 client_id evil, azp on the list',
    token({ client_id: 'evil', azp: 'agent' }),
    'client',
    { allowedClients: ['agent'] },
  ],
  [
    'O14 no client, several audiences',
    token({ client_id: undefined, aud: [AUDIENCE, 'b'] }),
    'client',
    { ...ANY, multipleAudiences: true, allowedClients: ['agent'] },
  ],
  ['O14 client_id is an array', token({ client_id: ['agent'] }), 'client', { allowedClients: ['agent'] }],
  ['O14 client_id is empty', token({ client_id: '' }), 'client'],
  [
    'O14 a chain of actors that is too long',
    token({ act: { sub: '1', act: { sub: '2', act: { sub: '3', act: { sub: '4', act: { sub: '5' } } } } } }),
    'claims',
  ],
  ['B7 a subject of 5,000 characters', token({ sub: LONG }), 'claims'],
  ['B7 a client of 5,000 characters that is its own subject', token({ sub: LONG, client_id: LONG }), 'claims'],
  ['O14 an actor without a subject', token({ act: { act: { sub: 'x' } } }), 'claims'],
  ['O14 an actor that is text', token({ act: 'agent' }), 'claims'],
  ['O15 exp missing', token({ exp: undefined }), 'claims'],
  ['O15 exp in the past', token({ exp: NOW - 3600 }), 'expired'],
  ['O15 exp = now - skew', token({ exp: NOW - SKEW }), 'expired'],
  ['O15 exp is text', token({ exp: String(NOW + 600) }), 'claims'],
  ['O15 exp null', token({ exp: null }), 'claims'],
  ['O15 exp 1e20', token(raw('"exp":1e20')), 'malformed'],
  ['O15 exp 100000000000000000000', token(raw('"exp":100000000000000000000')), 'malformed'],
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
  [
    'O15 lifetime longer than the maximum, no iat',
    token({ iat: undefined, exp: NOW + 3600 + SKEW + 1 }),
    'lifetime',
    ANY,
  ],
  [
    'O15 skew is at most 60 s whatever is configured',
    token({ exp: NOW - 60 }),
    'expired',
    { clockSkewSeconds: 86_400 },
  ],
  ...(
    [
      ['iss', 'issuer'],
      ['exp', 'claims'],
      ['aud', 'audience'],
      ['sub', 'claims'],
      ['client_id', 'claims'],
      ['iat', 'claims'],
      ['jti', 'claims'],
    ] as const
  ).map(([claim, fault]): Row => [`O17 without ${claim}`, token({ [claim]: undefined }), fault]),
  ['O17 sub empty', token({ sub: '' }), 'claims'],
  ['O17 sub a number', token({ sub: 1 }), 'claims'],
  ['O17 a payload of 9 levels', token({ x: [[[[[[[[1]]]]]]]] }), 'malformed'],
  [
    'O17 a payload of 257 members',
    token(Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`c${at}`, at]))),
    'malformed',
  ],
  ['O17 a payload that is an array', token('[]'), 'malformed'],
  ['O18 a token that is bound to a DPoP key, as a bearer token', token({ cnf: { jkt: 'x' } }), 'bound'],
  ['O19 a token that is bound to a certificate, as a bearer token', token({ cnf: { 'x5t#S256': 'x' } }), 'bound'],
  ['O18 a token that is bound to nothing that we know', token({ cnf: {} }), 'bound'],
  ...[
    'mcp:read  mcp:write',
    ' mcp:read',
    'mcp:read ',
    'mcp:read\u00a0mcp:write',
    'mcp:read\u2003x',
    'mcp:read\tx',
    'a"b',
    ['mcp:read'],
    1,
    null,
  ].map((scope): Row => [
    `O22 scope ${JSON.stringify(scope)}`,
    token({ scope }),
    'scope',
    { requiredScopes: ['mcp:read'] },
  ]),
];

describe('a token is refused', () => {
  it.for<Row>(CLAIM_ROWS)('%s', expectRefused);
});

it('O13 only keys of the issuer that the token names are read', async () => {
  const harness = openHarness();
  await outcomeOf(harness.bearer(token({ iss: OTHER })));
  await outcomeOf(harness.bearer(token({ iss: 'https://evil.test' }, {}, attacker.privateKey)));
  expect(harness.lookups).toEqual([`${OTHER} k1`]);
});
const SCOPE_ROWS: readonly (readonly [name: string, claims: Claims])[] = [
  ['O22 no scope', {}],
  ['O22 an empty scope', { scope: '' }],
  ['O22 a longer scope', { scope: 'mcp:readwrite' }],
  ['O22 a shorter scope', { scope: 'mcp:rea' }],
  ['O22 another case', { scope: 'MCP:read' }],
  ['O22 a comma list', { scope: 'mcp:read,mcp:write' }],
  ['O22 another scope and a comma list', { scope: 'a mcp:read,b' }],
  ['O22 scp instead of scope', { scp: 'mcp:read' }],
  ['O22 a role of the name', { roles: ['mcp:read'] }],
  ['O22 scopes in an array under another name', { scopes: ['mcp:read'] }],
];
it.each(SCOPE_ROWS)('%s: the refusal names the required scope and nothing else', async (_name, claims) => {
  const refused = await openHarness({ issuer: { requiredScopes: ['mcp:read'] } })
    .bearer(token(claims))
    .catch((thrown: unknown) => thrown);
  expect(refused).toMatchObject({
    code: 'insufficient_scope',
    detail: { data: { error: 'insufficient_scope', scope: 'mcp:read' } },
  });
});
it('O22 roles are read from the configured claim only', async () => {
  const issuer = { claims: { ...ISSUER.claims, roles: 'https://acme.test/roles' } };
  const { user } = await openHarness({ issuer }).bearer(
    token({ roles: ['admin'], 'https://acme.test/roles': ['reader', 1, { admin: true }] }),
  );
  expect(user.roles).toEqual(['reader']);
});

it.each([
  ['A27 a JWT with a bad signature', token({ sub: 'CANARY' }, { kid: 'k1' }, attacker.privateKey)],
  ['A27 a kid', token({}, { kid: 'CANARY' })],
  ['A27 an issuer', token({ iss: 'CANARY' })],
  ['A27 JSON that is broken', token('{"CANARY":CANARY')],
  ['A27 no JWT', 'CANARY.CANARY.CANARY'],
  ['A27 a duplicate member', token('{"CANARY":1,"CANARY":2}')],
  ['A27 an API key', 'sp_CANARY'],
  ['A27 an expired token', token({ sub: 'CANARY', exp: 1 })],
])('%s: neither the refusal nor the metric shows what was presented', async (_name, text) => {
  const harness = openHarness();
  const thrown: unknown = await harness.bearer(text).catch((error: unknown) => error);
  const shown =
    inspect(thrown, { depth: Infinity, showHidden: true }) + JSON.stringify([thrown, harness.faults, harness.claims]);
  for (const secret of ['CANARY', text, tail(text), b64('CANARY')]) expect(shown).not.toContain(secret);
});

it('O24 an empty claim counts as absent, and a path never leaves the token', async () => {
  const harness = openHarness({
    issuer: { claims: { ...ISSUER.claims, tenant: 'org.constructor.name', groups: 'org.__proto__.toString' } },
  });
  const { tenantClaim, tier, user } = await harness.bearer(token({ org: {}, tier: '' }));
  expect([tenantClaim, tier, user.groups]).toEqual([undefined, undefined, []]);
});
