/**
 * O1–O11, O13–O17, O20, O22, O24: every token that is none, at every endpoint of a gateway, in both eras, against an
 * issuer that is really asked for its keys. Nothing of a refused request reaches a server.
 */
import { sign } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import {
  attacker,
  AUDIENCE,
  b64,
  claims,
  ec,
  ed,
  KEYS,
  now,
  openForgingIssuer,
  otherRsa,
  rsa,
  signed,
  tail,
  withTail,
  type Claims,
  type ForgingIssuer,
} from './forging-issuer.ts';
import { headersFor, MODERN_META, post, type Answer, type Era } from './mcp-client.ts';
import { sendHttp, mcpHeaders } from './http-client.ts';
import { openStdioClient } from './stdio-client.ts';
import { openInstallation } from './installation.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

const ERAS = ['modern', 'legacy'] as const;
const SKEW = 30;
const SCOPED = 'http://sallyport.test/scoped';

let idp: ForgingIssuer;
let upstream: Upstream;
let gateway: TestGateway;
/** Its issuers name the clients that may come and the scope that each token must have. */
let strict: TestGateway;
/** Wherever a token points to, and whoever comes. */
const evil = { connections: 0, port: 0 };
const trap = createServer((socket) => {
  evil.connections += 1;
  socket.destroy();
});
beforeAll(async () => {
  idp = await openForgingIssuer();
  upstream = await openUpstream({ tools: [tool('alpha')] });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  evil.port = (trap.address() as { port: number }).port;
  const issuer = {
    audience: AUDIENCE,
    algorithms: ['RS256', 'ES256', 'EdDSA'],
    clockSkew: `${SKEW}s`,
    maxTokenLifetime: '1h',
  };
  const servers = { one: { url: upstream.url } };
  gateway = await openGateway({
    servers,
    settings: {
      identity: {
        issuers: [
          { issuer: idp.issuer, ...issuer },
          { issuer: idp.otherIssuer, ...issuer },
        ],
      },
    },
  });
  strict = await openGateway({
    servers,
    settings: {
      identity: {
        issuers: [
          { issuer: idp.issuer, ...issuer, audience: SCOPED, requiredScopes: ['mcp:read'], allowedClients: ['agent'] },
        ],
      },
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await strict?.close();
  await upstream.close();
  await idp.close();
  trap.close();
});
afterEach(() => {
  vi.useRealTimers();
});

const PATHS = ['/mcp/one', '/mcp'];

function call(url: string, path: string, era: Era, token: string): Promise<Answer> {
  const params = {
    name: path === '/mcp' ? 'one__alpha' : 'alpha',
    arguments: {},
    ...(era === 'modern' && { _meta: MODERN_META }),
  };
  return post(
    `${url}${path}`,
    headersFor(era, token, { method: 'tools/call', params }),
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  );
}

async function opens(url: string, token: string): Promise<void> {
  for (const era of ERAS)
    expect((await call(url, '/mcp/one', era, token)).result, era).toMatchObject({ content: [{ text: 'done {}' }] });
}

/** One answer for all that is no token, which says where to get one and nothing else. */
async function opensNothing(url: string, era: Era, token: string): Promise<void> {
  const acts = upstream.received.length;
  for (const path of PATHS) {
    const { status, headers, messages } = await call(url, path, era, token);
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe(
      `Bearer resource_metadata="${url}/.well-known/oauth-protected-resource${path}", ${url === strict.url ? 'scope="mcp:read", ' : ''}error="invalid_token"`,
    );
    expect(JSON.stringify(messages)).not.toMatch(/alpha|acme|alice/);
  }
  expect(upstream.received.length).toBe(acts);
}

/** The last character with one of its unused bits set: the same bytes for a decoder that does not care. */
function nonCanonical(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) as string) + 1];
}

type Row = readonly [name: string, make: () => string];
const t = (changes?: Claims | string, header?: Claims, key?: Parameters<ForgingIssuer['token']>[2]) => (): string =>
  idp.token(changes, header, key);
const esToken = (): string => idp.token({}, { alg: 'ES256', kid: 'ec' }, ec.privateKey);
const der = (token: string): string =>
  sign('sha256', Buffer.from(token.slice(0, token.lastIndexOf('.'))), ec.privateKey).toString('base64url');
const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const raw = (member: string): string =>
  `{${JSON.stringify({ iss: idp.issuer, ...claims(), exp: undefined }).slice(1, -1)},${member}}`;
const headed = (header: string): string =>
  signed(`${b64(header)}.${b64({ iss: idp.issuer, ...claims() })}`, rsa.privateKey);

const SIGNED: readonly Row[] = [
  ...['none', 'None', 'nOnE', '', undefined, null, ['RS256'], 'rs256', 'PS256', 'RS512'].flatMap((alg): Row[] => [
    [`O1 alg ${JSON.stringify(alg)}`, t({}, { alg })],
    [`O1 alg ${JSON.stringify(alg)}, empty signature`, () => withTail(idp.token({}, { alg }), '')],
  ]),
  ['O1 a good algorithm, empty signature', () => withTail(idp.token(), '')],
  ['O2 HS256 with the PEM', () => idp.hmac(pem)],
  ['O2 HS256 with the PEM without its newline', () => idp.hmac(pem.trimEnd())],
  ['O2 HS256 with the DER', () => idp.hmac(rsa.publicKey.export({ type: 'spki', format: 'der' }))],
  ['O2 HS256 with the JWK', () => idp.hmac(JSON.stringify(rsa.publicKey.export({ format: 'jwk' })))],
  ['O2 RS256 that names an EC key', t({}, { kid: 'ec' }, ec.privateKey)],
  ['O2 ES256 that names an RSA key', t({}, { alg: 'ES256' }, ec.privateKey)],
  ['O2 ES256 in the header, RSA signature', t({}, { alg: 'ES256', kid: 'ec' })],
  ['O2 EdDSA that names an EC key', t({}, { alg: 'EdDSA', kid: 'ec' }, ed.privateKey)],
  ['O3 r = s = 0', () => withTail(esToken(), Buffer.alloc(64).toString('base64url'))],
  [
    'O3 DER instead of raw',
    () => {
      const good = esToken();
      return withTail(good, der(good));
    },
  ],
  [
    'O3 one byte short',
    () => {
      const good = esToken();
      return withTail(good, Buffer.from(tail(good), 'base64url').subarray(0, 63).toString('base64url'));
    },
  ],
  [
    'O3 one byte more',
    () => {
      const good = esToken();
      return withTail(
        good,
        Buffer.concat([Buffer.from(tail(good), 'base64url'), Buffer.alloc(1)]).toString('base64url'),
      );
    },
  ],
  ['O3 three bytes more on an RSA signature', () => `${idp.token()}AAAA`],
  ['O3 another key', t({}, {}, attacker.privateKey)],
  ['O3 another payload under a good signature', () => withTail(idp.token({ sub: 'root' }), tail(idp.token()))],
  ['O3 padding', () => `${esToken()}==`],
  [
    'O3 whitespace inside',
    () => {
      const good = idp.token();
      return `${good.slice(0, -4)} ${good.slice(-4)}`;
    },
  ],
  ['O3 the + of plain base64', () => withTail(esToken(), `+${tail(esToken()).slice(1)}`)],
  ['O3 the / of plain base64', () => withTail(esToken(), `/${tail(esToken()).slice(1)}`)],
  ['O3 unused bits in the signature', () => nonCanonical(esToken())],
  ...[
    '../../dev/null',
    'file:///etc/passwd',
    "' OR 1=1 --",
    ';id',
    '__proto__',
    'constructor',
    'K1',
    'k1 ',
    'k'.repeat(8_000),
    ['k1'],
    { k1: 1 },
    1,
    null,
    '',
    'k1\0',
  ].map((kid): Row => [`O4 kid ${JSON.stringify(kid).slice(0, 40)}`, t({}, { kid })]),
  ['O4 kid __proto__ as a member', () => headed('{"alg":"RS256","typ":"at+jwt","__proto__":{"kid":"k1"}}')],
  ['O5 no kid, two keys of the type', t({}, { kid: undefined })],
  ['O6 a key that the token brings', t({}, { jwk: attacker.publicKey.export({ format: 'jwk' }) }, attacker.privateKey)],
  ...['jku', 'x5u'].map((name): Row => [
    `O6 ${name} of the attacker`,
    () => idp.token({}, { [name]: `http://127.0.0.1:${evil.port}/jwks` }, attacker.privateKey),
  ]),
  [
    'O6 a certificate that the token brings',
    t(
      {},
      { x5c: [otherRsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] },
      otherRsa.privateKey,
    ),
  ],
  ['O7 crit with an unknown name', t({}, { crit: ['urn:x'], 'urn:x': 1 })],
  ['O7 crit with exp', t({}, { crit: ['exp'] })],
  ['O7 b64 false', t({}, { crit: ['b64'], b64: false })],
  ['O7 b64 false without crit', t({}, { b64: false })],
  ['O7 zip', t({}, { zip: 'DEF' })],
  ['O7 a JWE', () => `${b64({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.AAAA.AAAA.AAAA.AAAA`],
  ['O7 a JWE header on three parts', t({}, { enc: 'A256GCM' })],
  ['O7 a nested JWT', () => idp.token(idp.token(), { cty: 'JWT' })],
  ['O7 a nested JWT in a good payload', t({}, { cty: 'JWT' })],
  ['O7 five parts', () => `${idp.token()}.AAAA.AAAA`],
  ['O7 four parts', () => `${idp.token()}.AAAA`],
  [
    'O7 two parts',
    () => {
      const good = idp.token();
      return good.slice(0, good.lastIndexOf('.'));
    },
  ],
  [
    'O7 a detached payload',
    () => {
      const [header, , signature] = idp.token().split('.');
      return `${header}..${signature}`;
    },
  ],
  ['O7 alg twice in the header', () => headed('{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"k1"}')],
];

const CLAIMED: readonly Row[] = [
  ...(
    [
      ['absent', undefined],
      ['another', 'https://other.example/mcp'],
      ['the right one and another', [AUDIENCE, 'https://other.example']],
      ['an array of another', ['https://other.example']],
      ['an empty array', []],
      ['a number', 1],
      ['null', null],
      ['an object', { [AUDIENCE]: 1 }],
      ['a longer host', 'http://sallyport.test.evil/mcp'],
      ['a longer path', `${AUDIENCE}x`],
      ['a trailing slash', `${AUDIENCE}/`],
      ['upper case', 'http://SALLYPORT.test/mcp'],
      ['a port', 'http://sallyport.test:80/mcp'],
      ['the path of a server', `${AUDIENCE}/one`],
      ['the path of another tenant', `${AUDIENCE}/globex`],
      ['the host alone', 'http://sallyport.test'],
      ['a nested array', [[AUDIENCE]]],
      ['the right one among words', `x ${AUDIENCE}`],
      ['https', AUDIENCE.replace('http', 'https')],
    ] as const
  ).map(([name, aud]): Row => [`O11 aud ${name}`, t({ aud })]),
  ...(
    [
      ['absent', () => undefined],
      ['a trailing slash', () => `${idp.issuer}/`],
      ['a tenant that is not configured', () => idp.issuer.replace('acme', 'initech')],
      ['https', () => idp.issuer.replace('http', 'https')],
      ["the attacker's", () => `http://127.0.0.1:${evil.port}`],
      ['a path traversal', () => `${idp.otherIssuer}/../acme`],
      ['an encoded path', () => idp.issuer.replace('acme', '%61cme')],
      ['upper case', () => idp.issuer.toUpperCase()],
      ['an array', () => [idp.issuer]],
      ['null', () => null],
      ['__proto__', () => '__proto__'],
    ] as const
  ).map(([name, iss]): Row => [`O13 iss ${name}`, () => idp.token({ iss: iss() })]),
  ['O13 the key of the other issuer with the same kid', t({}, {}, otherRsa.privateKey)],
  ['O13 the other issuer, signed with our key', () => idp.token({ iss: idp.otherIssuer })],
  ['O14 client_id is an array', t({ client_id: ['agent'] })],
  ['O14 client_id is empty', t({ client_id: '' })],
  ['O14 no client, several audiences', t({ client_id: undefined, azp: undefined, aud: [AUDIENCE, 'b'] })],
  ['O15 exp missing', t({ exp: undefined })],
  ['O15 exp in the past', () => idp.token({ exp: now() - 3600 })],
  ['O15 exp is text', () => idp.token({ exp: String(now() + 600) })],
  ['O15 exp null', t({ exp: null })],
  ...['1e20', '100000000000000000000', '1e400', 'NaN', '-1', '253402300800', '9.5', `1,"exp":99999999999`].map(
    (exp): Row => [`O15 exp ${exp}`, () => idp.token(raw(`"exp":${exp}`))],
  ),
  ['O15 nbf in the future', () => idp.token({ nbf: now() + 3600 })],
  ['O15 nbf is text', t({ nbf: '0' })],
  ['O15 iat in the future', () => idp.token({ iat: now() + 3600 })],
  ['O15 iat is text', t({ iat: '0' })],
  ['O15 a lifetime longer than the maximum', () => idp.token({ exp: now() + 3600 + SKEW + 60 })],
  ...[
    'JWT',
    undefined,
    'id+jwt',
    'ID+JWT',
    'logout+jwt',
    'dpop+jwt',
    'refresh+jwt',
    'at+jwtx',
    'xat+jwt',
    'text/at+jwt',
    '',
    1,
    ['at+jwt'],
  ].map((typ): Row => [`O16 typ ${JSON.stringify(typ)}`, t({}, { typ })]),
  ...['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'].map((claim): Row => [
    `O17 without ${claim}`,
    t({ [claim]: undefined }),
  ]),
  ['O17 sub empty', t({ sub: '' })],
  ['O17 sub a number', t({ sub: 1 })],
  ['O17 a payload that is an array', t('[]')],
  ['O18 bound to a DPoP key', t({ cnf: { jkt: 'x' } })],
  ['O19 bound to a certificate', t({ cnf: { 'x5t#S256': 'x' } })],
];

describe.each(ERAS)('%s: a token is refused', (era) => {
  it.each([...SIGNED, ...CLAIMED])('%s', (_name, make) => opensNothing(gateway.url, era, make()));
});

describe('a token is accepted', () => {
  const GOOD: readonly Row[] = [
    ['RS256', t()],
    ['ES256', esToken],
    ['EdDSA', t({}, { alg: 'EdDSA', kid: 'ed' }, ed.privateKey)],
    ['typ application/AT+JWT', t({}, { typ: 'application/AT+JWT' })],
    ['O5 no kid, one key of the type', t({}, { alg: 'ES256', kid: undefined }, ec.privateKey)],
    ['O11 the audience in an array', t({ aud: [AUDIENCE] })],
    ['O13 the other issuer, by its own key', () => idp.token({ iss: idp.otherIssuer }, {}, otherRsa.privateKey)],
    [
      'O6 with addresses and keys that nobody looks at',
      () =>
        idp.token(
          {},
          {
            jku: `http://127.0.0.1:${evil.port}/`,
            x5u: `http://127.0.0.1:${evil.port}/`,
            jwk: attacker.publicKey.export({ format: 'jwk' }),
          },
        ),
    ],
  ];
  it.each(GOOD)('%s', (_name, make) => opens(gateway.url, make()));
});

it('O6 nobody was asked where a token pointed to', () => expect(evil.connections).toBe(0));

describe('the exact second', () => {
  const BOUNDS: readonly (readonly [name: string, claims: (now: number) => Claims, ok: boolean])[] = [
    ['O15 exp + skew is now', (at) => ({ exp: at - SKEW }), false],
    ['O15 exp + skew is a second ahead', (at) => ({ exp: at - SKEW + 1 }), true],
    ['O15 nbf - skew is a second ahead', (at) => ({ nbf: at + SKEW + 1 }), false],
    ['O15 nbf - skew is now', (at) => ({ nbf: at + SKEW }), true],
    ['O15 iat - skew is a second ahead', (at) => ({ iat: at + SKEW + 1 }), false],
    ['O15 iat - skew is now', (at) => ({ iat: at + SKEW }), true],
    ['O15 as long as it may live, and a second', (at) => ({ iat: at, exp: at + 3600 + SKEW + 1 }), false],
    ['O15 as long as it may live', (at) => ({ iat: at, exp: at + 3600 + SKEW }), true],
  ];
  it.each(BOUNDS)('%s', async (_name, make, ok) => {
    vi.useFakeTimers({ toFake: ['Date'], now: now() * 1000 });
    const token = idp.token(make(now()));
    for (const era of ERAS) await (ok ? opens(gateway.url, token) : opensNothing(gateway.url, era, token));
  });

  it('O15 what was accepted ends at its second too', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: now() * 1000 });
    const token = idp.token({ exp: now() + 5 });
    await opens(gateway.url, token);
    vi.setSystemTime(Date.now() + (5 + SKEW) * 1000 - 1);
    await opens(gateway.url, token);
    vi.setSystemTime(Date.now() + 1);
    for (const era of ERAS) await opensNothing(gateway.url, era, token);
  });
});

describe('O2 a token that names another algorithm of the same type, signed by nobody', () => {
  it('comes first and spoils the key for nobody', async () => {
    const own = await openGateway({
      servers: { one: { url: upstream.url } },
      settings: { identity: { issuers: [{ issuer: idp.issuer, audience: AUDIENCE }] } },
    });
    try {
      await opensNothing(own.url, 'modern', withTail(idp.token({}, { alg: 'PS256' }), tail(idp.token())));
      for (const alg of ['RS256', 'PS256']) await opens(own.url, idp.token({}, { alg }));
    } finally {
      await own.close();
    }
  });
});

const MINUTE = 60_000;

describe('the keys of the issuer', () => {
  it('O8 2,000 unknown key ids in a row cause one fetch in a cooldown, and a good token is accepted all the while', async () => {
    await opens(gateway.url, idp.token());
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * MINUTE });
    const before = idp.requests.filter((path) => path === '/acme/jwks').length;
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          call(gateway.url, '/mcp/one', ERAS[at % 2] as Era, idp.token({}, { kid: `unknown-${round}-${at}` })),
        ),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
      await opens(gateway.url, idp.token());
    }
    expect(idp.requests.filter((path) => path === '/acme/jwks').length - before).toBe(1);
  }, 40_000);

  it('O10 a key that was removed opens nothing after eleven minutes; one that stayed does', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * MINUTE });
    const gone = (): string => idp.token({ exp: now() + 3_000 }, { kid: 'k2' }, otherRsa.privateKey);
    const early = gone();
    await opens(gateway.url, early);
    try {
      idp.answer = (response) =>
        void response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ keys: KEYS.filter((one) => (one as { kid: string }).kid !== 'k2') }));
      vi.setSystemTime(Date.now() + 11 * MINUTE);
      for (const era of ERAS) for (const token of [gone(), early]) await opensNothing(gateway.url, era, token);
      await opens(gateway.url, idp.token());
    } finally {
      idp.answer = undefined;
    }
  });

  it('O9 an issuer that is down: the last good keys for an hour, then nobody is let in; and when it is back, they are', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 40 * MINUTE });
    await opens(gateway.url, idp.token());
    try {
      idp.answer = (response) => void response.writeHead(500).end();
      vi.setSystemTime(Date.now() + 20 * MINUTE);
      await opens(gateway.url, idp.token());
      vi.setSystemTime(Date.now() + 50 * MINUTE);
      for (const era of ERAS) await opensNothing(gateway.url, era, idp.token());
    } finally {
      idp.answer = undefined;
    }
    vi.setSystemTime(Date.now() + MINUTE);
    await opens(gateway.url, idp.token());
  });
});

describe.each(ERAS)('%s: who and for what', (era) => {
  const scoped = (changes: Claims): string => idp.token({ aud: SCOPED, scope: 'mcp:read', ...changes });

  it.each([
    ['another', { client_id: 'evil' }],
    ['another case', { client_id: 'Agent' }],
    ['a longer one', { client_id: 'agent2' }],
    ['another, azp on the list', { client_id: 'evil', azp: 'agent' }],
  ])('O14 a client that is not on the list: %s', (_name, changes) => opensNothing(strict.url, era, scoped(changes)));

  it.each([
    ['none', { scope: undefined }],
    ['empty', { scope: '' }],
    ['a longer one', { scope: 'mcp:readwrite' }],
    ['a shorter one', { scope: 'mcp:rea' }],
    ['another case', { scope: 'MCP:read' }],
    ['a comma list', { scope: 'mcp:read,mcp:write' }],
    ['scp instead', { scope: undefined, scp: 'mcp:read' }],
    ['a role of that name', { scope: undefined, roles: ['mcp:read'] }],
    ['an array elsewhere', { scope: undefined, scopes: ['mcp:read'] }],
  ])('O22 scope: %s is told what is needed and nothing else', async (_name, changes) => {
    const acts = upstream.received.length;
    for (const path of PATHS) {
      const { status, headers } = await call(strict.url, path, era, scoped(changes));
      expect([status, headers['www-authenticate']]).toEqual([
        403,
        `Bearer resource_metadata="${strict.url}/.well-known/oauth-protected-resource${path}", scope="mcp:read", error="insufficient_scope"`,
      ]);
    }
    expect(upstream.received.length).toBe(acts);
  });

  it.each([
    ['twice a space', 'mcp:read  x'],
    ['a no-break space', 'mcp:read\u00a0x'],
    ['an em space', 'x\u2003mcp:read'],
    ['a tab', 'mcp:read\tx'],
    ['a quote', 'a"b mcp:read'],
    ['an array', ['mcp:read']],
    ['a number', 1],
    ['null', null],
  ])('O22 scope: %s is no scope', async (_name, scope) => {
    for (const path of PATHS) expect((await call(strict.url, path, era, scoped({ scope }))).status).toBe(401);
  });

  it('O22 the scope, among others and twice, is enough', async () => {
    for (const scope of ['mcp:read', 'a mcp:read b', 'mcp:read mcp:read'])
      expect((await call(strict.url, '/mcp/one', era, scoped({ scope }))).status).toBe(200);
  });

  it.each([
    ['absent', undefined],
    ['unknown', 'initech'],
    ['of the gateway itself', '_'],
    ['an array', ['acme']],
    ['another case', 'ACME'],
    ['a space', 'acme '],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['a path', '../acme'],
    ['a NUL-free control', 'acme\u0001'],
    ['10 kB', 'a'.repeat(8_000)],
    ['a number', 1],
    ['empty', ''],
  ])('O24 a tenant that is %s is none', async (_name, tenant) => {
    const acts = upstream.received.length;
    for (const path of PATHS) {
      const { status, messages } = await call(gateway.url, path, era, idp.token({ tenant_id: tenant }));
      expect(status).toBe(403);
      expect(JSON.stringify(messages)).toContain('UNKNOWN_TENANT');
    }
    expect(upstream.received.length).toBe(acts);
  });
});

describe.each(ERAS)('%s over stdio', (era) => {
  const WORN: readonly Row[] = [
    ['O1 alg none', t({}, { alg: 'none' })],
    ['O2 HS256 with the PEM', () => idp.hmac(pem)],
    ['O11 another audience', t({ aud: 'x' })],
    ['O15 expired', () => idp.token({ exp: now() - 3600 })],
    ['O24 the tenant of nobody', t({ tenant_id: 'initech' })],
  ];
  it.each(WORN)('%s', { timeout: 30_000 }, async (_name, make) => {
    const installation = await openInstallation({
      servers: { one: { url: upstream.url } },
      settings: { identity: { issuers: [{ issuer: idp.issuer, audience: AUDIENCE }] } },
    });
    const stdioClient = await openStdioClient(installation, make(), { era });
    try {
      const acts = upstream.operations().length;
      for (const [method, params] of [
        ['tools/call', { name: 'one__alpha', arguments: {} }],
        ['tools/list', {}],
      ] as const) {
        const { error, result } = await stdioClient.send(method, params);
        expect([result, error?.data?.['error_code']]).toEqual([
          undefined,
          expect.stringMatching(/^(UNAUTHENTICATED|UNKNOWN_TENANT)$/),
        ]);
      }
      expect(upstream.operations().length).toBe(acts);
    } finally {
      await stdioClient.close();
      await installation.close();
    }
  });
});

const bodyOf = (era: Era): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'alpha', arguments: {}, ...(era === 'modern' && { _meta: MODERN_META }) },
  });

describe('O25 who somebody is: issuer and subject, to the letter', () => {
  const open = async (token: string): Promise<string> => {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
    return String(
      (
        await post(
          `${gateway.url}/mcp/one`,
          headersFor('legacy', token, { method: 'initialize', params }),
          JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
        )
      ).headers['mcp-session-id'],
    );
  };
  const list = async (token: string, session: string): Promise<number> =>
    (
      await post(
        `${gateway.url}/mcp/one`,
        headersFor('legacy', token, { method: 'tools/list', params: {} }, session),
        JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
      )
    ).status;
  const OTHERS: readonly Row[] = [
    [
      'the same subject of another issuer',
      () => idp.token({ iss: idp.otherIssuer, sub: 'jos\u00e9' }, {}, otherRsa.privateKey),
    ],
    ['another case', t({ sub: 'Jos\u00e9' })],
    ['another normal form', t({ sub: 'jose\u0301' })],
    ['a space more', t({ sub: 'jos\u00e9 ' })],
    ['a zero width joiner more', t({ sub: 'jos\u00e9\u200d' })],
    [
      'without the accent, by the same address',
      t({ sub: 'jose', email: 'jos\u00e9@example.com', email_verified: false }),
    ],
    [
      'the issuer in the subject',
      () => idp.token({ iss: idp.otherIssuer, sub: `${idp.issuer} jos\u00e9` }, {}, otherRsa.privateKey),
    ],
  ];
  it.each(OTHERS)('%s is somebody else', async (_name, other) => {
    const mine = idp.token({ sub: 'jos\u00e9', email: 'jos\u00e9@example.com' });
    const session = await open(mine);
    expect([await list(mine, session), await list(other(), session)]).toEqual([200, 404]);
    expect(await list(idp.token({ sub: 'jos\u00e9' }), session), 'another token of the same person').toBe(200);
  });
});

describe.each(ERAS)('O20 %s: one header, one scheme, one space, one token', (era) => {
  const send = async (
    headers: Record<string, string | string[]>,
    more: { path?: string; body?: string } = {},
  ): Promise<number> => {
    const own = headersFor(era, '', { method: 'tools/call', params: { name: 'alpha' } });
    const { status } = await sendHttp(gateway.url, {
      method: 'POST',
      path: '/mcp/one',
      body: bodyOf(era),
      headers: { ...mcpHeaders(undefined), ...own, ...headers },
      ...more,
    });
    return status;
  };
  const WAYS: readonly (readonly [
    name: string,
    headers: (token: string) => Record<string, string | string[]>,
    status: number,
  ])[] = [
    ['two headers', (token) => ({ authorization: [`Bearer ${token}`, `Bearer ${token}`] }), 401],
    ['a header and a list', (token) => ({ authorization: `Bearer ${token}, Bearer ${token}` }), 401],
    ['two spaces', (token) => ({ authorization: `Bearer  ${token}` }), 401],
    ['a tab', (token) => ({ authorization: `Bearer\t${token}` }), 401],
    ['no scheme', (token) => ({ authorization: token }), 401],
    ['Basic', (token) => ({ authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` }), 401],
    ['Token', (token) => ({ authorization: `Token ${token}` }), 401],
    ['DPoP', (token) => ({ authorization: `DPoP ${token}` }), 401],
    ['quotes', (token) => ({ authorization: `Bearer "${token}"` }), 401],
    ['two tokens', (token) => ({ authorization: `Bearer ${token} ${token}` }), 401],
    ['20 kB', () => ({ authorization: `Bearer ${'a'.repeat(12_000)}` }), 401],
    ['a cookie', (token) => ({ cookie: `access_token=${token}; Authorization=Bearer ${token}` }), 401],
    ['Proxy-Authorization', (token) => ({ 'proxy-authorization': `Bearer ${token}` }), 401],
    ['X-Authorization', (token) => ({ 'x-authorization': `Bearer ${token}`, 'x-access-token': token }), 401],
    ['lower case', (token) => ({ authorization: `bearer ${token}` }), 200],
    ['as it should be', (token) => ({ authorization: `Bearer ${token}` }), 200],
  ];
  it.each(WAYS)('%s', async (_name, headers, status) => expect(await send(headers(idp.token()))).toBe(status));

  it('not in the address, not in a form, not in the body', async () => {
    const token = idp.token();
    for (const path of [`/mcp/one?access_token=${token}`, `/mcp?access_token=${token}`])
      expect(await send({}, { path })).toBe(404);
    expect(await send({ 'content-type': 'application/x-www-form-urlencoded' }, { body: `access_token=${token}` })).toBe(
      415,
    );
    const params = {
      name: 'alpha',
      arguments: {},
      access_token: token,
      _meta: { ...(era === 'modern' && MODERN_META), authorization: `Bearer ${token}` },
    };
    expect(await send({}, { body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }) })).toBe(401);
  });

  it('O24 a tenant in a header, a path or a parameter chooses nothing', async () => {
    const acts = upstream.operations().length;
    for (const name of ['x-tenant', 'x-tenant-id', 'tenant', 'x-scope-orgid', 'x-forwarded-user', 'x-remote-user'])
      expect(await send({ authorization: `Bearer ${idp.token({ tenant_id: 'initech' })}`, [name]: 'acme' })).toBe(403);
    expect(upstream.operations().length).toBe(acts);
  });
});
