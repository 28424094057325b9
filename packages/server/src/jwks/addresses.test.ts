/**
 * A21: which addresses the gateway connects to when a document of somebody else names them. The resolver is replaced,
 * so that a name can have any address, and another one each time.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { judgedLookup } from '../http/index.ts';
import { discoverJwksUri } from './discover.ts';
import { fetchJson } from './fetch-json.ts';

type Address = { readonly address: string; readonly family: number };
const resolver = vi.hoisted(() => ({ asked: [] as string[], answers: [] as Address[][] }));
vi.mock('node:dns', async (importOriginal) => ({
  ...(await importOriginal<typeof import('node:dns')>()),
  lookup: (host: string, _options: object, done: (error: Error | null, addresses: Address[]) => void) => {
    resolver.asked.push(host);
    done(null, resolver.answers.length > 1 ? (resolver.answers.shift() ?? []) : (resolver.answers[0] ?? []));
  },
}));

const LOOPBACK: Address = { address: '127.0.0.1', family: 4 };
const PUBLIC: Address = { address: '93.184.215.14', family: 4 };
const ISSUER = 'https://idp.test';

let server: Server;
let origin: string;
let answer: (path: string) => unknown = () => ({});
const requests: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer(request.url ?? '')));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close().closeAllConnections());
beforeEach(() => {
  requests.length = 0;
  resolver.asked.length = 0;
  resolver.answers = [[LOOPBACK]];
});
afterEach(() => vi.unstubAllEnvs());

const refusal = (address: string): Promise<string> =>
  fetchJson(new URL(address), ISSUER).then(
    () => 'fetched',
    (thrown: unknown) => (thrown as Error).message,
  );

describe('S1 only https is fetched', () => {
  it.each([
    'file:///etc/passwd',
    'gopher://idp.test/',
    'ftp://idp.test/',
    'data:,x',
    'unix:/run/x',
    'http://idp.test/',
  ])('S1 %s is refused before anything is resolved', async (address) => {
    expect(await refusal(address)).toBe('only https is allowed');
    expect(resolver.asked).toEqual([]);
  });
});

const SPECIAL = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.100.100.200', '100.127.255.255'],
  ...['127.0.0.1', '127.255.255.254', '169.254.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255'],
  ...['192.0.0.1', '192.0.2.1', '192.168.0.1', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1'],
  ...['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8', '64:ff9b::a9fe:a9fe'],
  ...['64:ff9b:1::1', '100::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '2002:a00:1::', 'fc00::1', 'fd00:ec2::254'],
  ...['fe80::1', 'febf::1', 'ff02::1'],
];

describe('S2 an address that is not of the public internet', () => {
  it.each(SPECIAL)('S2 %s is not public, and a name that has it is not connected to', async (address) => {
    resolver.answers = [[{ address, family: address.includes(':') ? 6 : 4 }]];
    expect(await refusal('https://keys.test/')).toContain('private address');
  });

  it.each([
    ...['127.1', '2130706433', '0x7f000001', '0177.0.0.1', '①②⑦.0.0.1', '127。0。0。1', '127.0.0.1.', '0'],
    ...['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:0:0:1]', '[64:ff9b::a9fe:a9fe]', '[2002:7f00:1::]'],
  ])('S2 %s is that address, in whatever spelling', async (host) => {
    expect(await refusal(`https://${host}:8443/`)).toBe('the address is private');
    expect(resolver.asked).toEqual([]);
  });

  it.each(['169.254.169.254', 'fd00:ec2::254', '100.100.100.200', '168.63.129.16', '::ffff:169.254.169.254'])(
    'S2 %s is a metadata service, also where the name of the configured issuer leads to it',
    async (address) => {
      resolver.answers = [[{ address, family: address.includes(':') ? 6 : 4 }]];
      await expect(fetchJson(new URL(`${ISSUER}/jwks`), ISSUER)).rejects.toThrow('private address');
      await expect(fetchJson(new URL('https://169.254.169.254/'), 'https://169.254.169.254')).rejects.toThrow(
        'private',
      );
    },
  );
});

describe('S3 the address that was checked is the one that is connected to', () => {
  const looked = (): Promise<unknown> =>
    new Promise((resolve) =>
      judgedLookup(false)('keys.test', {}, (error, addresses) => resolve(error?.message ?? addresses)),
    );

  it('S3 a name is resolved once for a connection, so that a second answer changes nothing', async () => {
    resolver.answers = [[PUBLIC], [LOOPBACK]];
    expect(await looked()).toEqual([PUBLIC]);
    expect(resolver.asked).toEqual(['keys.test']);
    resolver.answers = [[LOOPBACK]];
    resolver.asked.length = 0;
    expect(await refusal('https://keys.test/')).toContain('private address');
    expect(resolver.asked).toEqual(['keys.test']);
  });

  it.each([
    ['a public and a private address', [PUBLIC, LOOPBACK]],
    ['a private and a public address', [LOOPBACK, PUBLIC]],
    ['addresses of both families', [PUBLIC, { address: 'fd00::1', family: 6 }]],
  ])('S3 a name with %s is refused', async (_name, addresses) => {
    resolver.answers = [addresses];
    expect(await looked()).toContain('private address');
  });

  it('S3 names that only this machine knows are resolved and refused like others', async () => {
    for (const name of ['localhost.', 'metadata.google.internal', 'localhost.localdomain'])
      expect(await refusal(`https://${name}/`), name).toContain('private address');
  });
});

describe('S5 one parser decides where a request goes', () => {
  it.each([
    ['https://ok.test@evil.test/', 'the address must not carry credentials'],
    ['https://ok.test:pass@evil.test/', 'the address must not carry credentials'],
    ['https://:pass@evil.test/', 'the address must not carry credentials'],
  ])('S5 %s is refused', async (address, why) => {
    expect(await refusal(address)).toBe(why);
    expect(resolver.asked).toEqual([]);
  });

  it.each([
    ['https://evil.test#@ok.test/', 'evil.test'],
    ['https://evil.test\\@ok.test/', 'evil.test'],
    ['https://evil.test?@ok.test/', 'evil.test'],
    ['https://ev\til.te\nst/', 'evil.test'],
    ['https://EVIL.test/', 'evil.test'],
    ['https:\\\\evil.test/', 'evil.test'],
  ])('S5 %j is resolved as %s, and that address is judged', async (address, host) => {
    expect(await refusal(address)).toContain('private address');
    expect(resolver.asked).toEqual([host]);
  });

  it.each(['https://evil%00.test/', 'https://a b/', 'https://[::1', 'https://'])('S5 %j is no address', (address) => {
    expect(URL.canParse(address)).toBe(false);
  });
});

describe('S6 the proxy variables of the environment', () => {
  it('S6 are ignored: the request goes to the address itself', async () => {
    let proxied = 0;
    const proxy = createServer().on('connection', () => void (proxied += 1));
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'])
      vi.stubEnv(name, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    vi.stubEnv('NO_PROXY', '');
    expect(await fetchJson(new URL(`${origin}/jwks`), origin)).toEqual({});
    expect([proxied, requests]).toEqual([0, ['/jwks']]);
    proxy.close();
  });
});

describe('P13 the metadata of an issuer', () => {
  const found = (): Promise<string> =>
    discoverJwksUri(origin, fetchJson).catch((thrown: unknown) => (thrown as Error).message);

  it('P13 of another issuer, of none, or with another spelling of its name is not used', async () => {
    const jwks_uri = `${origin}/jwks`;
    for (const issuer of [
      `${origin}/`,
      `${origin}/x`,
      origin.toUpperCase(),
      'https://idp.test',
      undefined,
      7,
      [origin],
    ]) {
      answer = () => ({ issuer, jwks_uri });
      expect(await found(), String(issuer)).toContain('no metadata');
    }
    answer = () => ({ issuer: origin, jwks_uri });
    expect(await found()).toBe(jwks_uri);
  });

  it('P13 at each of the places that a path can be put is read, and only its own name counts', async () => {
    answer = (path) => ({
      issuer: path === '/.well-known/oauth-authorization-server/tenant' ? `${origin}/tenant` : origin,
      jwks_uri: `${origin}/keys-of${path}`,
    });
    expect(await discoverJwksUri(`${origin}/tenant`, fetchJson)).toBe(
      `${origin}/keys-of/.well-known/oauth-authorization-server/tenant`,
    );
    expect(requests.sort()).toEqual([
      '/.well-known/oauth-authorization-server/tenant',
      '/.well-known/openid-configuration/tenant',
      '/tenant/.well-known/openid-configuration',
    ]);
  });

  it('P13 that names keys at a private address, without TLS or at another machine’s loopback leads to no request', async () => {
    for (const address of [
      'http://keys.test/',
      'https://169.254.169.254/',
      'https://127.0.0.1:1/',
      'https://keys.test/',
    ])
      await expect(fetchJson(new URL(address), ISSUER), address).rejects.toThrow(/private|only https/);
    await expect(fetchJson(new URL(`${origin}/jwks`), ISSUER)).rejects.toThrow('only https');
    expect(requests).toEqual([]);
  });

  it('P13 that is larger than 256 KiB is not read', async () => {
    answer = () => ({ issuer: origin, jwks_uri: `${origin}/jwks`, filler: 'x'.repeat(256 * 1024) });
    expect(await found()).toContain('no metadata');
    await expect(fetchJson(new URL(`${origin}/jwks`), origin)).rejects.toThrow('larger than 262144 bytes');
  });
});
