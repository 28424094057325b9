/** Who two tokens are: the exact pair of issuer and subject, and no other text (O25). */
import { expect, it } from 'vitest';
import { principalKey } from './index.ts';
import { HOME, openHarness, OTHER, otherRsa, token, type Claims } from './testing/tokens.mts';

it('O25 every other issuer, subject, tenant, client or actor gives another key', async () => {
  const claims: readonly Claims[] = [
    {},
    { sub: 'Alice' },
    { sub: 'alice ' },
    { sub: 'al\u0131ce' },
    { sub: '\u00e9' },
    { sub: 'e\u0301' },
    { sub: 'alice","acme' },
    { client_id: 'agent2' },
    { tenant: 'globex' },
    { tenant: undefined },
    { tenant: 'null' },
    { act: { sub: 'x' } },
    { act: { sub: 'x', act: { sub: 'y' } } },
    { act: { sub: 'x","y' } },
  ];
  const harness = openHarness();
  const found = await Promise.all(
    [...claims.map((one) => token(one)), token({ iss: OTHER }, {}, otherRsa.privateKey)].map(harness.bearer),
  );
  expect(new Set(found.map(({ key }) => key)).size).toBe(claims.length + 1);
  expect(principalKey({ issuer: 'a', subject: 'b' }, { clientId: 'c', actors: [] }, undefined)).not.toBe(
    principalKey({ issuer: 'a', subject: 'b' }, { clientId: '', actors: ['c'] }, undefined),
  );
});
it('O25 an address that is not verified is not an identity', async () => {
  const { user, key } = await openHarness().bearer(
    token({ sub: 'mallory', email: 'alice@acme.test', email_verified: false, preferred_username: 'alice' }),
  );
  expect([user.subject, key]).toEqual(['mallory', JSON.stringify([HOME, 'mallory', 'acme', 'agent'])]);
});

it('O25 parts that join to the same text give different keys', () => {
  const key = (subject: string, tenant: string | undefined, ...actors: string[]): string =>
    principalKey({ issuer: HOME, subject }, { clientId: 'c', actors }, tenant);
  const all = [
    key('a:b', 'c'),
    key('a', 'b:c'),
    key('a', 'b', 'c'),
    key('a', undefined),
    key('a', ''),
    key('a', 'null'),
    key('a","b', 'c'),
    key('a', 'b","c'),
    key('__proto__', 'c'),
  ];
  expect(new Set(all).size).toBe(all.length);
});
