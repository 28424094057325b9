/** Attacks on how the keys of issuers are fetched and selected (O5 to O10), against a real HTTP server on loopback. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAccessTokenAuthenticator, IDENTITY_PROVIDERS, type KeySource } from '@sallyport/guard/stages';
import { afterEach, describe, expect, it } from 'vitest';
import { discoverJwksUri } from './discover.ts';
import { FETCH_TIMEOUT_MS, fetchJson } from './fetch-json.ts';
import { createKeySource, KEYS_COOLDOWN_MS, KEYS_FRESH_MS, KEYS_STALE_MS } from './keys.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const second = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = (key: KeyObject, members: object = {}): object => ({
  ...key.export({ format: 'jwk' }),
  use: 'sig',
  ...members,
});
const ONE = jwk(rsa.publicKey, { kid: 'k1' });
const TWO = jwk(second.publicKey, { kid: 'k2' });

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const json =
  (document: unknown): Handler =>
  (_request, response) =>
    void response.setHeader('content-type', 'application/json').end(JSON.stringify(document));
const keys = (...all: object[]): Handler => json({ keys: all });

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

async function serve(handler: Handler) {
  const site = { answer: handler, requests: [] as string[], connections: 0, origin: '' };
  const server = createServer((request, response) => {
    site.requests.push(request.url ?? '');
    site.answer(request, response);
  }).on('connection', () => void (site.connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => void server.close().closeAllConnections());
  site.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return site;
}

async function openBench(...first: object[]) {
  const site = await serve(keys(...first));
  const clock = { ms: 1_700_000_000_000, now: () => clock.ms };
  const location = { issuer: site.origin, jwksUri: `${site.origin}/jwks` };
  const source = createKeySource({ issuers: () => [location], clock });
  const ask = (kid: string | undefined, algorithm = 'RS256'): Promise<string> =>
    outcome(source, site.origin, kid, algorithm);
  return { site, clock, source, ask };
}

async function outcome(source: KeySource, issuer: string, kid: string | undefined, algorithm: string): Promise<string> {
  return source.key(issuer, kid, algorithm).then(
    () => 'found',
    (thrown: unknown) => (thrown as Error).message,
  );
}

const NOT_KNOWN = 'the key is not known';
const AMBIGUOUS = 'the key is ambiguous';
const GONE = 'the keys of the issuer are not available';
const EC = jwk(ec.publicKey, { kid: 'k1' });
const SECRET = { kty: 'oct', k: 'c2VjcmV0', kid: 'k1', alg: 'HS256' };

describe('the readiness of an issuer', () => {
  it('its keys are fetched before the first call; a failure is reported, and logged once per cooldown', async () => {
    const site = await serve((_request, response) => void response.writeHead(500).end());
    const clock = { ms: 1_700_000_000_000, now: () => clock.ms };
    const logged: unknown[] = [];
    const source = createKeySource({
      issuers: () => [{ issuer: site.origin, jwksUri: `${site.origin}/jwks` }],
      clock,
      log: (...line) => void logged.push(line),
    });
    const why = 'its keys cannot be fetched: the answer was 500';
    expect(await source.ready()).toEqual({ [site.origin]: why });
    expect(await source.ready()).toEqual({ [site.origin]: why });
    expect(logged).toEqual([['warn', 'the keys of an issuer cannot be fetched', { issuer: site.origin, why }]]);
    site.answer = keys(ONE);
    clock.ms += KEYS_COOLDOWN_MS;
    expect(await source.ready()).toEqual({ [site.origin]: undefined });
    expect(await outcome(source, site.origin, 'k1', 'RS256')).toBe('found');
    expect(site.requests).toHaveLength(2);
    site.answer = (_request, response) => void response.writeHead(500).end();
    clock.ms += KEYS_STALE_MS;
    expect(await source.ready(), 'the last good keys are still used').toEqual({ [site.origin]: undefined });
    clock.ms += KEYS_COOLDOWN_MS;
    expect(await source.ready()).toEqual({ [site.origin]: why });
  });
});

describe('the selected key', () => {
  it.each<
    readonly [name: string, set: readonly object[], kid: string | undefined, algorithm: string, expected: string]
  >([
    ['O5 no kid, one key', [ONE], undefined, 'RS256', 'found'],
    ['O5 no kid, many keys', [ONE, TWO], undefined, 'RS256', AMBIGUOUS],
    ['O5 no kid, many keys, one of the type', [ONE, EC], undefined, 'ES256', 'found'],
    ['O5 the same kid with another kty', [ONE, EC], 'k1', 'RS256', 'found'],
    ['O5 the same kid twice', [ONE, { ...TWO, kid: 'k1' }], 'k1', 'RS256', AMBIGUOUS],
    [
      'O5 the same kid twice, told apart by alg',
      [
        { ...ONE, alg: 'RS256' },
        { ...TWO, kid: 'k1', alg: 'PS256' },
      ],
      'k1',
      'RS256',
      'found',
    ],
    ['O5 no kid, no key', [], undefined, 'RS256', NOT_KNOWN],
    ['O5 a kid where the key has none', [jwk(rsa.publicKey)], 'k1', 'RS256', NOT_KNOWN],
    ['O2 the alg of the key is another one', [{ ...ONE, alg: 'PS256' }], 'k1', 'RS256', NOT_KNOWN],
    ['O2 another curve', [EC], 'k1', 'ES384', NOT_KNOWN],
    ['O2 a symmetric key in the set', [SECRET], 'k1', 'HS256', NOT_KNOWN],
    ['O2 a private key in the set', [jwk(rsa.privateKey, { kid: 'k1' })], 'k1', 'RS256', NOT_KNOWN],
    ['O2 an encryption key', [{ ...ONE, use: 'enc' }], 'k1', 'RS256', NOT_KNOWN],
    ['O4 __proto__', [ONE], '__proto__', 'RS256', NOT_KNOWN],
  ])('%s', async (...[, set, kid, algorithm, expected]) =>
    expect(await (await openBench(...set)).ask(kid, algorithm)).toBe(expected),
  );

  it('O13 no key is fetched for an issuer that is not configured', async () => {
    const { source, site } = await openBench(ONE);
    expect([await outcome(source, `${site.origin}/`, 'k1', 'RS256'), site.connections]).toEqual([
      'the issuer is not configured',
      0,
    ]);
  });
});

it.each(['jku', 'x5u', 'jwk', 'x5c', 'all of them'])(
  'O6 %s in the header is ignored, and no connection is opened',
  async (member) => {
    const evil = await serve(keys(jwk(second.publicKey, { kid: 'k1' })));
    const { site, source, clock } = await openBench(ONE);
    const offers: Record<string, unknown> = {
      jku: `${evil.origin}/jwks`,
      x5u: `${evil.origin}/cert`,
      jwk: jwk(second.publicKey, { kid: 'k1' }),
      x5c: [Buffer.from('certificate').toString('base64')],
    };
    const issuer = {
      issuer: site.origin,
      audience: 'gw',
      multipleAudiences: false,
      algorithms: ['RS256'],
      provider: 'generic' as const,
      accessTokenProfile: 'any-jwt' as const,
      introspection: false,
      requiredScopes: [],
      claims: { ...IDENTITY_PROVIDERS.generic.claims, tenant: 'tenant' },
      tenants: ['acme'],
      tenantWithoutClaim: undefined,
      allowedClients: undefined,
      senderConstrained: false,
      clockSkewSeconds: 0,
      lifetimeSecondsMax: 3600,
    };
    const authenticate = createAccessTokenAuthenticator({ issuers: () => [issuer], keys: source, clock });
    const present = async (key: KeyObject): Promise<string> => {
      const header = { alg: 'RS256', kid: 'k1', ...(member in offers ? { [member]: offers[member] } : offers) };
      const text = [header, { iss: site.origin, sub: 'alice', aud: 'gw', exp: clock.ms / 1000 + 60 }]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
      const token = `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
      return Promise.resolve(authenticate({ kind: 'bearer', token })).then(
        (found) => found?.user.subject ?? '',
        (thrown: { code: string }) => thrown.code,
      );
    };
    expect([await present(second.privateKey), await present(rsa.privateKey)]).toEqual(['unauthenticated', 'alice']);
    expect([evil.connections, site.requests]).toEqual([0, ['/jwks']]);
  },
);

it('O2 a key that was used with one algorithm is found for another one of its type', async () => {
  const { site, source } = await openBench(ONE);
  for (const algorithm of ['PS256', 'RS256', 'RS512']) {
    const key = (await source.key(site.origin, 'k1', algorithm)) as CryptoKey;
    expect(key.algorithm).toMatchObject({
      name: algorithm.startsWith('PS') ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5',
      hash: { name: `SHA-${algorithm.slice(2)}` },
    });
  }
});

describe('O8 unknown key ids', () => {
  it('O8 10,000 in 10 s cause one fetch, and a known key is found meanwhile', async () => {
    const { site, clock, ask } = await openBench(ONE);
    await ask('k1');
    clock.ms += KEYS_COOLDOWN_MS;
    const answers = new Set<string>();
    for (let at = 0; at < 10_000; at++) {
      clock.ms += 1;
      answers.add(await ask(`unknown-${at}`));
      if (at % 100 === 0) expect(await ask('k1')).toBe('found');
    }
    expect([[...answers], site.requests.length]).toEqual([[NOT_KNOWN], 2]);
  });

  it('O8 10,000 at once cause one fetch, also when it fails', async () => {
    const { site, ask } = await openBench();
    site.answer = (_request, response) => void response.writeHead(500).end();
    const answers = await Promise.all(Array.from({ length: 10_000 }, (_, at) => ask(`unknown-${at}`)));
    expect([[...new Set(answers)], site.requests.length]).toEqual([[GONE], 1]);
  });

  it('O8 a known key does not wait for the fetch that an unknown one caused', async () => {
    const { site, clock, ask } = await openBench(ONE);
    await ask('k1');
    clock.ms += KEYS_COOLDOWN_MS;
    let release = (): void => {};
    site.answer = (request, response) => void (release = () => keys(ONE)(request, response));
    const unknown = ask('unknown');
    expect(await ask('k1')).toBe('found');
    await expect.poll(() => site.requests.length, { timeout: 15_000 }).toBe(2);
    release();
    expect(await unknown).toBe(NOT_KNOWN);
  });

  it('O8 a new key is found after the cooldown', async () => {
    const { site, clock, ask } = await openBench(ONE);
    await ask('k1');
    site.answer = keys(ONE, TWO);
    clock.ms += KEYS_COOLDOWN_MS - 1;
    expect(await ask('k2')).toBe(NOT_KNOWN);
    clock.ms += 1;
    expect(await ask('k2')).toBe('found');
  });
});

const MIB = Buffer.alloc(1024 * 1024, ' ');
const BROKEN: readonly (readonly [name: string, answer: Handler])[] = [
  ['500', (_request, response) => void response.writeHead(500).end(JSON.stringify({ keys: [TWO] }))],
  ['HTML', (_request, response) => void response.setHeader('content-type', 'text/html').end('<html>sign in</html>')],
  ['not a set', json([TWO])],
  ['null', json(null)],
  ['10,000 keys', keys(...Array.from({ length: 10_000 }, (_, at) => ({ kty: 'OKP', kid: `${at}` })))],
  ['101 small keys', keys(TWO, ...Array.from({ length: 100 }, () => ({ kty: 'OKP' })))],
  ['a connection that is cut', (_request, response) => void response.destroy()],
  ['an encoded body', (_request, response) => void response.setHeader('content-encoding', 'gzip').end('x')],
  [
    'a redirect to the metadata address',
    (_request, response) => void response.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end(),
  ],
];

describe('O9 an issuer that fails', () => {
  it.each(BROKEN)('O9 %s: the last good keys are used for a while, then tokens are refused', async (_name, answer) => {
    const { site, clock, ask } = await openBench(ONE);
    await ask('k1');
    site.answer = answer;
    clock.ms += KEYS_FRESH_MS + 1;
    expect([await ask('k1'), await ask('k2')]).toEqual(['found', NOT_KNOWN]);
    clock.ms += KEYS_STALE_MS - KEYS_FRESH_MS - 1;
    expect(await ask('k1')).toBe('found');
    clock.ms += 1;
    expect(await ask('k1')).toBe(GONE);
    site.answer = keys(ONE);
    clock.ms += KEYS_COOLDOWN_MS;
    expect(await ask('k1')).toBe('found');
  });

  it('O9 a redirect to a neighbour is not followed', async () => {
    const neighbour = await serve(keys(ONE));
    const { site, ask } = await openBench();
    site.answer = (_request, response) => void response.writeHead(307, { location: `${neighbour.origin}/jwks` }).end();
    expect([await ask('k1'), neighbour.connections]).toEqual([GONE, 0]);
  });

  it('O9 only a small part of 50 MB is read', async () => {
    const { site, ask } = await openBench();
    let sent = 0;
    site.answer = (_request, response) => {
      const more = (): void => {
        while (sent < 50 && !response.destroyed) {
          sent += 1;
          if (!response.write(MIB)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    };
    expect(await ask('k1')).toBe(GONE);
    expect(sent).toBeLessThan(25);
  });

  it('O9 a response that does not end is aborted', async () => {
    const { site, ask } = await openBench();
    site.answer = (_request, response) => {
      const drip = setInterval(() => response.write(' '), 200);
      response.on('close', () => clearInterval(drip));
    };
    expect(FETCH_TIMEOUT_MS).toBe(5_000);
    expect(await ask('k1')).toBe(GONE);
  });
});

describe('O9 addresses that a document names', () => {
  it.each([
    'http://169.254.169.254/',
    'https://169.254.169.254/',
    'https://2852039166/',
    'https://[::ffff:169.254.169.254]/',
    'https://10.0.0.1/',
    'https://[::1]/',
    'https://[fd00::1]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://localhost/',
    'http://idp.test/',
    'ftp://idp.test/',
    'file:///etc/passwd',
    'https://a:b@idp.test/',
  ])('O9 no connection is opened to %s', async (address) => {
    await expect(fetchJson(new URL(address), 'https://idp.test')).rejects.toThrow(/private|only https|credentials/);
  });

  it('O13 metadata that names another issuer is ignored', async () => {
    const site = await serve((request, response) =>
      json({ issuer: `${site.origin}/`, jwks_uri: 'https://evil.test/jwks' })(request, response),
    );
    await expect(discoverJwksUri(site.origin, fetchJson)).rejects.toThrow('no metadata');
    site.answer = json({ issuer: site.origin, jwks_uri: `${site.origin}/jwks` });
    expect(await discoverJwksUri(site.origin, fetchJson)).toBe(`${site.origin}/jwks`);
  });
});

it('O10 a key that was removed is refused when the set is no longer fresh', async () => {
  const { site, clock, ask } = await openBench(ONE, TWO);
  expect(await ask('k1')).toBe('found');
  site.answer = keys(TWO);
  clock.ms += KEYS_FRESH_MS;
  expect(await ask('k1')).toBe('found');
  clock.ms += 1;
  expect([await ask('k1'), await ask('k2'), site.requests.length]).toEqual([NOT_KNOWN, 'found', 2]);
});
