/**
 * O1–O7, O11, O13–O17: the gateway refuses every forged or broken token, against an issuer that is really asked for its
 * keys. Nothing of a refused request reaches a server.
 *
 * Which paths a row takes: one stage of the guard verifies every token, whatever era or endpoint the request has, so
 * each row runs once. Eras and endpoints only render the refusal; one row per kind runs with both eras at both
 * endpoints. The standard input takes its token from the environment, so rows of each kind run there too.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { BADLY_CLAIMED, BADLY_SIGNED, esToken, pem, token, type TokenRow } from './forged-tokens.ts';
import { attacker, AUDIENCE, ec, ed, now, otherRsa, tail, withTail, type ForgingIssuer } from './forging-issuer.ts';
import { openInstallation, type Installation } from './installation.ts';
import { openStdioClient } from './stdio-client.ts';
import { ERAS, expectAccepted, expectRefused, openTokenSetup, type TokenSetup } from './token-setup.ts';
import type { Upstream } from './upstream.ts';

let setup: TokenSetup;
let idp: ForgingIssuer;
let upstream: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  setup = await openTokenSetup();
  ({ idp, upstream, gateway } = setup);
});
afterAll(() => setup?.close());

describe('the gateway refuses', () => {
  it.each([...BADLY_SIGNED, ...BADLY_CLAIMED])('%s', (_name, forge) =>
    expectRefused(setup, gateway.url, forge(idp, setup.trap.port), { eras: ['modern'], endpoints: ['/mcp/one'] }),
  );

  const ONE_PER_KIND = Map.groupBy([...BADLY_SIGNED, ...BADLY_CLAIMED], ([name]) => name.slice(0, name.indexOf(' ')));
  it.each([...ONE_PER_KIND.values()].map((rows) => rows[0] as TokenRow))(
    '%s, in both eras and at both endpoints',
    (_name, forge) => expectRefused(setup, gateway.url, forge(idp, setup.trap.port)),
  );
});

describe('the gateway accepts', () => {
  const GOOD: readonly TokenRow[] = [
    ['RS256', token()],
    ['ES256', esToken],
    ['EdDSA', token({}, { alg: 'EdDSA', kid: 'ed' }, ed.privateKey)],
    ['typ application/AT+JWT', token({}, { typ: 'application/AT+JWT' })],
    ['O5 no kid, one key of the type', token({}, { alg: 'ES256', kid: undefined }, ec.privateKey)],
    ['O11 the audience in an array', token({ aud: [AUDIENCE] })],
    ['O13 the other issuer, by its own key', (idp) => idp.token({ iss: idp.otherIssuer }, {}, otherRsa.privateKey)],
    [
      'O6 a token with addresses and keys that the gateway ignores',
      (idp, trapPort) =>
        idp.token(
          {},
          {
            jku: `http://127.0.0.1:${trapPort}/`,
            x5u: `http://127.0.0.1:${trapPort}/`,
            jwk: attacker.publicKey.export({ format: 'jwk' }),
          },
        ),
    ],
  ];
  it.each(GOOD)('%s', (_name, forge) => expectAccepted(gateway.url, forge(idp, setup.trap.port)));
});

it('O6 the gateway never asks an address that a token names', () => expect(setup.trap.connections()).toBe(0));

it('O2 a forged token with another algorithm of the key does not spoil that key for good tokens', async () => {
  const own = await openGateway({
    servers: { one: { url: upstream.url } },
    settings: { identity: { issuers: [{ issuer: idp.issuer, audience: AUDIENCE, tenants: ['acme'] }] } },
  });
  try {
    await expectRefused(setup, own.url, withTail(idp.token({}, { alg: 'PS256' }), tail(idp.token())), {
      eras: ['modern'],
    });
    for (const alg of ['RS256', 'PS256']) await expectAccepted(own.url, idp.token({}, { alg }));
  } finally {
    await own.close();
  }
});

describe('over stdio', () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await openInstallation({
      servers: { one: { url: upstream.url } },
      settings: { identity: { issuers: [{ issuer: idp.issuer, audience: AUDIENCE, tenants: ['acme'] }] } },
    });
  });
  afterAll(() => installation?.close());

  const OVER_STDIO: readonly TokenRow[] = [
    ['O1 alg none', token({}, { alg: 'none' })],
    ['O2 HS256 with the PEM', (idp) => idp.hmac(pem)],
    ['O11 another audience', token({ aud: 'x' })],
    ['O15 an expired token', (idp) => idp.token({ exp: now() - 3600 })],
    ['O24 a tenant that is not configured', token({ tenant_id: 'initech' })],
  ];
  it.each(OVER_STDIO)('the gateway refuses %s', async (_name, forge) => {
    const client = await openStdioClient(installation, forge(idp, setup.trap.port), { era: 'legacy' });
    try {
      const before = upstream.operations().length;
      for (const era of ERAS)
        for (const [method, params] of [
          ['tools/call', { name: 'one__alpha', arguments: {} }],
          ['tools/list', {}],
        ] as const) {
          const { error, result } = await client.send(method, params, era);
          expect([result, error?.data?.['error_code']]).toEqual([
            undefined,
            expect.stringMatching(/^(UNAUTHENTICATED|UNKNOWN_TENANT)$/),
          ]);
        }
      expect(upstream.operations().length).toBe(before);
    } finally {
      await client.close();
    }
  });
});
