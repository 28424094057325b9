/** Row O21 of the attack list: opaque tokens, which their issuer is asked about (RFC 7662). */
import { beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../call.ts';
import { GuardError } from '../../errors.ts';
import { CLAIMS, HOME, NOW, openHarness, OTHER, outcomeOf, type Claims } from './testing/tokens.mts';

let answers: Map<string, Claims | undefined>;
let asked: string[];
let fails: Error | undefined;
let harness: ReturnType<typeof openHarness>;
beforeEach(() => {
  answers = new Map([['opaque-1', CLAIMS]]);
  asked = [];
  fails = undefined;
  harness = openHarness({
    issuer: { introspection: true },
    introspect: async (issuer, token) => {
      asked.push(`${issuer} ${token}`);
      if (fails !== undefined) throw fails;
      return answers.get(token) as JsonObject | undefined;
    },
  });
});

async function expectRefused(of: ReturnType<typeof openHarness>, text: string, fault: string): Promise<void> {
  expect([await outcomeOf(of.bearer(text)), of.faults.at(-1)]).toEqual(['unauthenticated', fault]);
}

it('the issuer is asked once, and its answer is remembered as a JWT is', async () => {
  const [first, second] = [await harness.bearer('opaque-1'), await harness.bearer('opaque-1')];
  expect(first.user).toMatchObject({ issuer: HOME, subject: 'alice', roles: ['reader'] });
  expect(second).toBe(first);
  expect(asked).toEqual([`${HOME} opaque-1`]);
});

it('O21 an answer is not remembered beyond the expiry of the token', async () => {
  answers.set('opaque-1', { ...CLAIMS, exp: NOW + 5 });
  await harness.bearer('opaque-1');
  harness.clock.ms += 36_000;
  await expectRefused(harness, 'opaque-1', 'expired');
});

describe('O21 refused', () => {
  it.each<[name: string, answer: Claims | undefined, fault: string]>([
    ['a token that is not active', undefined, 'inactive'],
    ['another audience', { ...CLAIMS, aud: 'https://other.example' }, 'audience'],
    ['no audience', { ...CLAIMS, aud: undefined }, 'audience'],
    ['no expiry', { ...CLAIMS, exp: undefined }, 'claims'],
    ['an expiry that is over', { ...CLAIMS, exp: NOW - 60 }, 'expired'],
    ['a token of another issuer', { ...CLAIMS, iss: OTHER }, 'issuer'],
    ['a refresh token', { ...CLAIMS, token_type: 'refresh_token' }, 'type'],
    ['a type that is no text', { ...CLAIMS, token_type: 1 }, 'type'],
    ['nobody', { ...CLAIMS, sub: undefined }, 'claims'],
    ['a token that is bound to a key', { ...CLAIMS, cnf: { jkt: 'x'.repeat(43) } }, 'bound'],
  ])('%s', async (_name, answer, fault) => {
    answers.set('opaque-1', JSON.parse(JSON.stringify(answer ?? null)) ?? undefined);
    await expectRefused(harness, 'opaque-1', fault);
  });

  it('an issuer that does not answer, and asked again it may', async () => {
    fails = new Error('no answer within 10 s');
    await expectRefused(harness, 'opaque-1', 'introspection');
    expect(harness.claims[0]?.found).toBe('"no answer within 10 s"');
    fails = undefined;
    expect((await harness.bearer('opaque-1')).user.subject).toBe('alice');
  });

  it('an opaque token where no issuer is asked', async () => {
    await expectRefused(openHarness(), 'opaque-1', 'malformed');
  });
});

it('a JWT is never sent to anyone: its signature decides', async () => {
  await expectRefused(
    harness,
    `eyJhbGciOiJSUzI1NiJ9.${Buffer.from('{"iss":"x"}').toString('base64url')}.c2ln`,
    'issuer',
  );
  expect(asked).toEqual([]);
});

describe('B3 what strangers may cost', () => {
  it('the same token that is not active is asked about once in ten seconds', async () => {
    for (let i = 0; i < 5; i += 1) await expectRefused(harness, 'unknown', 'inactive');
    expect(asked).toHaveLength(1);
  });

  it('calls with one token share one question, and few questions are open at a time', async () => {
    const results = await Promise.allSettled([
      ...Array.from({ length: 20 }, () => harness.bearer('opaque-1')),
      ...Array.from({ length: 200 }, (_, i) => harness.bearer(`stranger-${i}`)),
    ]);
    expect(asked).toHaveLength(64);
    expect(results.slice(0, 20).every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(results.slice(20).every((one) => one.status === 'rejected' && one.reason instanceof GuardError)).toBe(true);
  });
});
