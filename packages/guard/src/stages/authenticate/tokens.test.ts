/**
 * Access tokens that are good: what becomes of them, how long they are believed, and the one header that they come in
 * (O10, O15, O20).
 */
import { expect, it, vi } from 'vitest';
import type { Credentials } from '../../call.ts';
import { readAuthorization, type JwtIssuer } from './index.ts';
import { TOKEN_REMEMBERED_MS } from './access-token.ts';
import {
  ANY,
  AUDIENCE,
  ec,
  ed,
  HOME,
  ISSUER,
  NOW,
  openHarness,
  OTHER,
  otherRsa,
  outcomeOf,
  SKEW,
  token,
} from './testing/tokens.mts';

const good = token();
const goodEc = token({}, { alg: 'ES256', kid: 'ec' }, ec.privateKey);

const ACCEPTED: readonly (readonly [name: string, text: string, issuer?: Partial<JwtIssuer>])[] = [
  ['O1 RS256', good],
  ['O1 ES256', goodEc],
  ['O1 EdDSA', token({}, { alg: 'EdDSA', kid: 'ed' }, ed.privateKey)],
  ['O11 the array with ours alone', token({ aud: [AUDIENCE] })],
  ['O11 several audiences, opted in', token({ aud: ['b', AUDIENCE] }), { multipleAudiences: true }],
  ['O13 the other issuer with its own key', token({ iss: OTHER }, {}, otherRsa.privateKey)],
  [
    'O14 the longest chain of actors',
    token({ act: { sub: '1', act: { sub: '2', act: { sub: '3', act: { sub: '4' } } } } }),
  ],
  ['O14 a client on the list', token(), { allowedClients: ['agent'] }],
  ['O15 exp = now - skew + 1', token({ exp: NOW - SKEW + 1 })],
  ['O15 exp a fraction', token({ exp: NOW - SKEW + 0.5 })],
  ['O15 nbf = now + skew', token({ nbf: NOW + SKEW })],
  ['O15 iat = now + skew', token({ iat: NOW + SKEW })],
  ['O15 the longest lifetime', token({ exp: NOW + 3600 })],
  ['O16 AT+JWT', token({}, { typ: 'AT+JWT' })],
  ['O16 application/at+jwt', token({}, { typ: 'application/at+jwt' })],
  ['O16 JWT outside of RFC 9068', token({}, { typ: 'JWT' }), ANY],
  ['O16 no typ outside of RFC 9068', token({}, { typ: undefined }), ANY],
  [
    'O22 exactly the scopes, one of them twice',
    token({ scope: 'mcp:write mcp:read mcp:read' }),
    { requiredScopes: ['mcp:read'] },
  ],
];

it.for(ACCEPTED)('%s is accepted', async ([, text, issuer = {}]) => {
  expect((await openHarness({ issuer }).bearer(text)).user.subject).toBe('alice');
});

it('a token becomes the principal of its claims, the same object each time', async () => {
  const harness = openHarness();
  const text = token({
    scope: 'mcp other',
    groups: ['staff', 7],
    tier: 'gold',
    act: { sub: 'broker', act: { sub: 'bot' } },
  });
  const principal = await harness.bearer(text);
  expect(principal).toMatchObject({
    user: { issuer: HOME, subject: 'alice', roles: ['reader'], groups: ['staff'] },
    agent: { clientId: 'agent', actors: ['broker', 'bot'] },
    tenantClaim: 'acme',
    scopes: ['mcp', 'other'],
    tier: 'gold',
    expiresAtMs: (NOW + 600) * 1000,
  });
  expect(await harness.bearer(text)).toBe(principal);
  expect(harness.lookups).toEqual([`${HOME} k1`]);
});

it('O15 a remembered token expires at the same moment as a new one', async () => {
  const harness = openHarness();
  const principal = await harness.bearer(good);
  harness.clock.ms = (NOW + 600 + SKEW) * 1000 - 1;
  expect(await harness.bearer(good)).toBe(principal);
  harness.clock.ms += 1;
  expect(await outcomeOf(harness.bearer(good))).toBe('unauthenticated');
  expect(harness.faults).toEqual(['expired']);
});
it('O10 a remembered token is accepted no longer than the stated time after its key was removed', async () => {
  const harness = openHarness();
  const principal = await harness.bearer(good);
  harness.keys.clear();
  harness.clock.ms += TOKEN_REMEMBERED_MS - 1;
  expect(await harness.bearer(good)).toBe(principal);
  harness.clock.ms += 1;
  expect([await outcomeOf(harness.bearer(good)), harness.faults]).toEqual(['unauthenticated', ['key']]);
});
it('L7 while the clock stands still a remembered token is verified again after the stated time', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const harness = openHarness();
  await harness.bearer(good);
  harness.keys.clear();
  vi.advanceTimersByTime(TOKEN_REMEMBERED_MS);
  expect([await outcomeOf(harness.bearer(good)), harness.faults]).toEqual(['unauthenticated', ['key']]);
  vi.useRealTimers();
});
it('O13 a token is refused once its issuer was removed or configured otherwise', async () => {
  const harness = openHarness();
  const before = await harness.bearer(good);
  harness.issuers[0] = { ...ISSUER, claims: { ...ISSUER.claims, roles: 'other' } };
  const after = await harness.bearer(good);
  expect([before.user.roles, after.user.roles]).toEqual([['reader'], []]);
  harness.issuers.shift();
  expect([await outcomeOf(harness.bearer(good)), harness.faults]).toEqual(['unauthenticated', ['issuer']]);
});

it('O8 a flood of tokens does not fill the memory', { timeout: 60_000 }, async () => {
  const harness = openHarness();
  await harness.bearer(good);
  const flood = (at: number): Promise<unknown> =>
    harness.bearer(token({ jti: `j-${at}` }, { alg: 'EdDSA', kid: 'ed' }, ed.privateKey));
  for (let at = 0; at < 10_000; at += 500)
    await Promise.all(Array.from({ length: 500 }, (_, more) => flood(at + more)));
  harness.lookups.length = 0;
  await harness.bearer(good);
  expect(harness.lookups, 'looked up again, because it was forgotten').toEqual([`${HOME} k1`]);
});

const HEADER_ROWS: readonly (readonly [name: string, values: readonly string[], kind: Credentials['kind']])[] = [
  ['O20 no header: query, form and cookie are ignored', [], 'none'],
  ['O20 one header', [`Bearer ${good}`], 'bearer'],
  ['O20 bearer in lower case', [`bearer ${good}`], 'bearer'],
  ['O20 two headers', [`Bearer ${good}`, `Bearer ${good}`], 'malformed'],
  ['O20 two headers, one empty', ['', `Bearer ${good}`], 'malformed'],
  ['O20 two spaces', [`Bearer  ${good}`], 'malformed'],
  ['O20 a tab', [`Bearer\t${good}`], 'malformed'],
  ['O20 a comma list', [`Bearer ${good}, Bearer ${good}`], 'malformed'],
  ['O20 a comma list without spaces', [`Bearer ${good},${good}`], 'malformed'],
  ['O20 a trailing space', [`Bearer ${good} `], 'malformed'],
  ['O20 a trailing newline', [`Bearer ${good}\n`], 'malformed'],
  ['O20 a leading space', [` Bearer ${good}`], 'malformed'],
  ['O20 no scheme', [good], 'malformed'],
  ['O20 an empty header', [''], 'malformed'],
  ['O20 no token', ['Bearer '], 'malformed'],
  ['O20 Basic', ['Basic YTpi'], 'malformed'],
  ['O20 DPoP', [`DPoP ${good}`], 'malformed'],
  ['O20 the scheme alone', ['Bearer'], 'malformed'],
  ['O20 no space', [`Bearer${good}`], 'malformed'],
  ['O20 two tokens', [`Bearer ${good} ${good}`], 'malformed'],
  ['O20 the scheme in mixed case', [`bEaReR ${good}`], 'bearer'],
  ['O20 a NUL', [`Bearer ${good}\0`], 'malformed'],
  ['O20 quotes', [`Bearer "${good}"`], 'malformed'],
  ['O20 20 kB', [`Bearer ${'a'.repeat(20_000)}`], 'malformed'],
];
it.each(HEADER_ROWS)('%s', async (_name, values, kind) => {
  const read = readAuthorization(values);
  expect(read.kind).toBe(kind);
  if (read.kind === 'bearer') expect(read.token).toBe(good);
  if (kind === 'malformed') expect(await outcomeOf(openHarness().present(read))).toBe('unauthenticated');
});
