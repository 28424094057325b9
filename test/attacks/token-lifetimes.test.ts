/** O8–O10, O15: how long a token counts, and how long the keys of its issuer do. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TestGateway } from '../e2e/gateway.ts';
import { KEYS, now, otherRsa, type Claims, type ForgingIssuer } from './forging-issuer.ts';
import type { Era } from './mcp-client.ts';
import { callWith, ERAS, expectAccepted, expectRefused, openTokenSetup, SKEW, type TokenSetup } from './token-setup.ts';

let setup: TokenSetup;
let idp: ForgingIssuer;
let gateway: TestGateway;
beforeAll(async () => {
  setup = await openTokenSetup();
  ({ idp, gateway } = setup);
});
afterAll(() => setup?.close());
afterEach(() => {
  vi.useRealTimers();
});

describe('a token counts to the exact second', () => {
  const BOUNDS: readonly (readonly [name: string, claims: (now: number) => Claims, ok: boolean])[] = [
    ['O15 exp + skew is now', (at) => ({ exp: at - SKEW }), false],
    ['O15 exp + skew is a second ahead', (at) => ({ exp: at - SKEW + 1 }), true],
    ['O15 nbf - skew is a second ahead', (at) => ({ nbf: at + SKEW + 1 }), false],
    ['O15 nbf - skew is now', (at) => ({ nbf: at + SKEW }), true],
    ['O15 iat - skew is a second ahead', (at) => ({ iat: at + SKEW + 1 }), false],
    ['O15 iat - skew is now', (at) => ({ iat: at + SKEW }), true],
    ['O15 a lifetime one second over the maximum', (at) => ({ iat: at, exp: at + 3600 + SKEW + 1 }), false],
    ['O15 the maximum lifetime', (at) => ({ iat: at, exp: at + 3600 + SKEW }), true],
  ];
  it.each(BOUNDS)('%s', async (_name, make, ok) => {
    vi.useFakeTimers({ toFake: ['Date'], now: now() * 1000 });
    const token = idp.token(make(now()));
    await (ok ? expectAccepted(gateway.url, token) : expectRefused(setup, gateway.url, token));
  });

  it('O15 a token that was accepted before ends at its second too', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: now() * 1000 });
    const token = idp.token({ exp: now() + 5 });
    await expectAccepted(gateway.url, token);
    vi.setSystemTime(Date.now() + (5 + SKEW) * 1000 - 1);
    await expectAccepted(gateway.url, token);
    vi.setSystemTime(Date.now() + 1);
    await expectRefused(setup, gateway.url, token);
  });
});

const MINUTE = 60_000;

describe('the keys of the issuer', () => {
  it('O8 2,000 unknown key ids cause one fetch per cooldown, and good tokens stay accepted', async () => {
    await expectAccepted(gateway.url, idp.token());
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * MINUTE });
    const before = idp.requests.filter((path) => path === '/acme/jwks').length;
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          callWith(gateway.url, '/mcp/one', ERAS[at % 2] as Era, idp.token({}, { kid: `unknown-${round}-${at}` })),
        ),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
      await expectAccepted(gateway.url, idp.token());
    }
    expect(idp.requests.filter((path) => path === '/acme/jwks').length - before).toBe(1);
  }, 40_000);

  it('O10 the gateway refuses a removed key after eleven minutes and accepts the one that stayed', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * MINUTE });
    const removed = (): string => idp.token({ exp: now() + 3_000 }, { kid: 'k2' }, otherRsa.privateKey);
    const early = removed();
    await expectAccepted(gateway.url, early);
    try {
      idp.answer = (response) =>
        void response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ keys: KEYS.filter((key) => (key as { kid: string }).kid !== 'k2') }));
      vi.setSystemTime(Date.now() + 11 * MINUTE);
      for (const token of [removed(), early]) await expectRefused(setup, gateway.url, token);
      await expectAccepted(gateway.url, idp.token());
    } finally {
      idp.answer = undefined;
    }
  });

  it('O9 while an issuer is down its last keys count for an hour, then its tokens are refused', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 40 * MINUTE });
    await expectAccepted(gateway.url, idp.token());
    try {
      idp.answer = (response) => void response.writeHead(500).end();
      vi.setSystemTime(Date.now() + 20 * MINUTE);
      await expectAccepted(gateway.url, idp.token());
      vi.setSystemTime(Date.now() + 50 * MINUTE);
      await expectRefused(setup, gateway.url, idp.token());
    } finally {
      idp.answer = undefined;
    }
    vi.setSystemTime(Date.now() + MINUTE);
    await expectAccepted(gateway.url, idp.token());
  });
});
