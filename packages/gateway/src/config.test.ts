import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  childEnvironment,
  credentialToken,
  defaultConfigFile,
  formatConfigError,
  loadConfig,
  loadConfigText,
  openSealingKey,
  secretsOf,
} from './config.ts';
import { weakness } from './config/secrets.ts';
import type { Snapshot } from './snapshot.ts';

const CANARY = 'canary-9f3c1b7e5d2a4860-canary';
const folder = mkdtempSync(join(tmpdir(), 'sallyport-config-'));

function load(text: string, environment: Record<string, string> = {}) {
  return loadConfigText(text, 'sallyport.yaml', { environment, folder });
}
function snapshotOf(text: string, environment?: Record<string, string>): Snapshot {
  const loaded = load(text, environment);
  if ('errors' in loaded) throw new Error(loaded.errors.map(formatConfigError).join('\n'));
  return loaded.snapshot;
}
function errorsOf(text: string, environment?: Record<string, string>): string[] {
  const loaded = load(text, environment);
  return 'errors' in loaded ? loaded.errors.map(formatConfigError) : [];
}
const errorOf = (text: string, environment?: Record<string, string>): string => errorsOf(text, environment).join('\n');

describe('defaults', () => {
  it('need no file', () => {
    const snapshot = snapshotOf('');
    expect(snapshot.gateway.listen).toEqual({ host: '127.0.0.1', port: 8700, tls: undefined, behindTlsProxy: false });
    expect(snapshot.gateway.publicUrl).toBe('http://127.0.0.1:8700');
    expect(snapshot.admin.listen.port).toBe(8701);
    expect(snapshot.limits).toEqual({ default: [{ limit: 100, periodMs: 60_000, per: ['user', 'tool'] }] });
    expect(snapshot.dataFolder).toBe(join(folder, 'data'));
    expect(snapshot.audit.folder).toBe(join(folder, 'data', 'audit'));
    expect(snapshot.policies.cedar).toBeUndefined();
    expect(snapshot.weakenings).toEqual([]);
    expect(snapshot.demo).toBe(false);
  });

  it('a snapshot cannot be changed, at any depth', () => {
    const snapshot = snapshotOf('servers: { a: { url: "http://127.0.0.1:1/mcp" } }');
    expect(() => {
      (snapshot.servers[0]?.sessions as { max: number }).max = 1;
    }).toThrow(TypeError);
    expect(() => {
      (snapshot.tenants as string[]).push('x');
    }).toThrow(TypeError);
  });

  it('the whole of the contract sketch that applies now loads', () => {
    const snapshot = snapshotOf(
      `
gateway: { listen: "0.0.0.0:8700", publicUrl: https://mcp.example.com, behindTlsProxy: true, addressLimit: 100/s, allowedHosts: [mcp.internal] }
data: ./state
tenants: [acme, globex]
identity:
  issuers:
    - issuer: https://login.example.com
      audience: https://mcp.example.com/mcp
      claims: { tenant: org.id }
servers:
  search: { url: https://search.internal/mcp, headers: { Authorization: { secret: "env:SEARCH", prefix: "Bearer " } }, tools: { allow: [find] }, pin: approval, verify: 0 }
  files: { command: [npx, -y, "@modelcontextprotocol/server-filesystem@2026.8.31", /srv/docs], env: { LEVEL: info }, maxResult: 64Ki, pin: approval }
limits: { default: 100/min per user per tool, premium: [1000/min per user, 5000/h per tenant] }
approvals: { rules: [{ server: files, tool: write_file }], ttl: 90s }
inspect: { maxResult: 1Mi }
audit: { clearArguments: [files/read_file/path] }
`,
      { SEARCH: 'tok-5d41402abc4b2a76b9719d911017c592' },
    );
    expect(snapshot.gateway.addressLimitPerMinute).toBe(6000);
    expect(snapshot.servers.map((server) => server.name)).toEqual(['files', 'search']);
    expect(snapshot.servers[1]?.transport).toEqual({
      kind: 'http',
      url: 'https://search.internal/mcp',
      headers: { Authorization: 'Bearer tok-5d41402abc4b2a76b9719d911017c592' },
    });
    expect(snapshot.servers[1]).toMatchObject({
      allowTools: ['find'],
      pin: 'approval',
      verifyIntervalMs: 0,
      resultBytesMax: 1024 ** 2,
    });
    expect(snapshot.servers[0]).toMatchObject({ resultBytesMax: 65_536, verifyIntervalMs: 30_000 });
    expect(snapshot.identity.issuers[0]).toMatchObject({
      claims: { tenant: 'org.id', roles: 'roles' },
      clockSkewSeconds: 30,
      accessTokenProfile: 'rfc9068',
    });
    expect(snapshot.limits['premium']).toEqual([
      { limit: 1000, periodMs: 60_000, per: ['user'] },
      { limit: 5000, periodMs: 3_600_000, per: ['tenant'] },
    ]);
    expect(snapshot.weakenings).toEqual(['gateway: plain HTTP is served outside loopback (behindTlsProxy: true)']);
  });
});

describe('errors name file, line and column', () => {
  it.each([
    ['gatewy: {}', 'sallyport.yaml:1:1: gatewy: unknown key; did you mean "gateway"?'],
    ['gateway:\n  lisen: 1', 'sallyport.yaml:2:3: gateway.lisen: unknown key; did you mean "listen"?'],
    [
      'servers:\n  crm:\n    url: https://x\n    tool: {}',
      'sallyport.yaml:4:5: servers.crm.tool: unknown key; did you mean "tools"?',
    ],
    [
      'identity:\n  issuers:\n    - issuer: https://x\n      audience: y\n      audiance: z',
      'sallyport.yaml:5:7: identity.issuers.0.audiance: unknown key; did you mean "audience"?',
    ],
    [
      'servers:\n  c_r: { url: https://x }',
      'sallyport.yaml:2:3: servers.c_r: the name must be 1-32 characters of a-z 0-9 -',
    ],
    [
      'servers:\n  crm: { url: https://x, timeout: 3 weeks }',
      'sallyport.yaml:2:35: servers.crm.timeout: must be a duration such as 500ms, 30s, 5m or 24h',
    ],
    [
      'servers:\n  crm: { url: https://x, timeout: 30d }',
      'sallyport.yaml:2:35: servers.crm.timeout: must be at most 24d',
    ],
    ['gateway: { requestTimeout: 999999999d }', 'sallyport.yaml:1:28: gateway.requestTimeout: must be at most 24d'],
    [
      'servers: { crm: { url: https://x, links: { idle: 25d } } }',
      'sallyport.yaml:1:50: servers.crm.links.idle: must be at most 24d',
    ],
    ['gateway: { maxBody: 1Gi }', 'sallyport.yaml:1:21: gateway.maxBody: must be at most 256Mi'],
    ['inspect: { maxResult: 999999999999Gi }', 'sallyport.yaml:1:23: inspect.maxResult: must be at most 256Mi'],
    ['gateway: { refusalLimit: 10/d }', 'sallyport.yaml:1:26: gateway.refusalLimit: must come to at least 1/min'],
    [
      'servers: { crm: { url: https://x, tools: { allow: [get, "get_*"] } } }',
      'sallyport.yaml:1:57: servers.crm.tools.allow.1: must be the exact name of a tool',
    ],
    [
      'servers: { crm: { url: https://x, tools: { allow: ["*"] } } }',
      'sallyport.yaml:1:52: servers.crm.tools.allow.0: must be the exact name of a tool',
    ],
    [
      'approvals: { rules: [{ server: "*", tool: "delete_*" }] }',
      'sallyport.yaml:1:43: approvals.rules.0.tool: must be the exact name of a tool (1-128 of A-Z a-z 0-9 _ . -); there are no patterns, only * for every tool',
    ],
    [
      'limits:\n  default: 100/min',
      'sallyport.yaml:2:12: limits.default.0: must say per what: tenant, user, agent or tool',
    ],
    ['limits: { gold: 1/s per user }', 'sallyport.yaml:1:9: limits: must have a "default" tier'],
    [
      'gateway: { listen: "127.0.0.1:70000" }',
      'sallyport.yaml:1:20: gateway.listen: must have a port of at most 65535',
    ],
    ['log: { level: loud }', 'sallyport.yaml:1:15: log.level: expected one of "debug"|"info"|"warn"|"error"'],
    ['tenants: [acme, Acme]', 'sallyport.yaml:1:17: tenants.1: differs from acme in case only'],
    ['tenants: ["../x"]', 'sallyport.yaml:1:11: tenants.0: must be 1-64 characters'],
    ['data: 7', 'sallyport.yaml:1:7: data: expected string, received number'],
    ['a: 1\na: 2', 'sallyport.yaml:2:1: Map keys must be unique'],
    ['a: *x', 'sallyport.yaml:1:4:'],
    ['log: { level: !!js/function "x" }', 'sallyport.yaml:1:15: Unresolved tag'],
    ['gateway: [', 'sallyport.yaml:1:'],
    [
      'approvals: { rules: [{ server: crn, tool: x }] }\nservers: { crm: { url: https://x } }',
      'approvals.rules.0.server: no such server; did you mean "crm"?',
    ],
    ['audit: { clearArguments: [crm/a/b] }', 'audit.clearArguments.0: no such server'],
    ['policies: { cedar: ./nowhere }', 'policies.cedar: is not a folder'],
    ['servers: { a: {} }', 'servers.a: must have either "url" or "command"'],
    ['servers: { a: { url: https://x, command: [y] } }', 'servers.a: must have either "url" or "command"'],
    ['identity: { apiKeys: false }', 'nobody could be let in'],
  ])('%j', (text, expected) => {
    expect(errorOf(text)).toContain(expected);
  });

  it('reports every error at once, in the order of the file', () => {
    expect(errorsOf('gateway: { x: 1 }\nlog: { level: 1 }\ntenants: 3').map((line) => line.split(':')[1])).toEqual([
      '1',
      '2',
      '3',
    ]);
  });

  it('a missing file is an error, not the defaults', () => {
    expect(loadConfig(join(folder, 'none.yaml'), {})).toEqual({
      errors: [{ file: join(folder, 'none.yaml'), line: 1, column: 1, message: 'the file does not exist' }],
    });
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const loaded = load(text);
        if ('errors' in loaded) for (const error of loaded.errors) expect(error.line).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  it('R5 an alias bomb costs nothing', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[i]}`).join(',')}]`),
    ].join('\n');
    const started = performance.now();
    expect(errorOf(bomb)).toContain('aliases (*name) are not supported');
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('J1 __proto__ as a key is refused and pollutes nothing', () => {
    for (const text of [
      '__proto__: { polluted: 1 }',
      'servers: { __proto__: { url: https://x } }',
      'limits: { default: 1/s per user, constructor: 1 }',
    ]) {
      expect(errorsOf(text).length, text).toBeGreaterThan(0);
    }
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('secrets', () => {
  const withHeader = (value: string, name = 'Authorization'): string =>
    `servers:\n  crm: { url: https://x, headers: { ${name}: ${value} } }`;

  it.each([
    ['{ secret: env:CRM }', 'the environment variable CRM is not set', {}],
    ['{ secret: env:CRM }', 'is empty', { CRM: '' }],
    ['{ secret: env:CRM }', 'is empty', { CRM: '  ' }],
    ['{ secret: env:CRM }', 'is a default or example value', { CRM: 'changeme' }],
    ['{ secret: env:CRM }', 'is a default or example value', { CRM: 'secret-api-key' }],
    ['{ secret: env:CRM }', 'is a default or example value', { CRM: 'your-secret-key' }],
    ['{ secret: env:CRM }', 'is a default or example value', { CRM: 'changemechangemechangemechangeme' }],
    ['{ secret: env:CRM }', 'repeats a few characters', { CRM: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }],
    ['{ secret: env:CRM }', 'contains a line break', { CRM: 'good-5d41402abc\r\nX-Evil: 1' }],
    ['{ secret: "file:/nonexistent/x" }', 'cannot be read (ENOENT)', {}],
  ])('A30 %s refuses: %s', (value, expected, environment) => {
    expect(errorOf(withHeader(value), environment as Record<string, string>)).toContain(expected);
  });

  it.each(['vault:kv/crm#token', 'aws:x', 'azure:x', 'gcp:x', 'k8s:x'])(
    '%s is refused with what to use instead',
    (reference) => {
      expect(errorOf(withHeader(`{ secret: "${reference}" }`))).toContain(
        'not supported by this release; use env:NAME or file:/path',
      );
    },
  );

  it.each([
    ['Authorization', `Bearer ${CANARY}`],
    ['X-Api-Key', CANARY],
    ['api-token', CANARY],
    ['X-Trace', `ghp_${CANARY.replaceAll('-', '')}`],
    ['X-Trace', `eyJhbGciOiJIUzI1NiJ9.${CANARY}.x`],
    ['Cookie', CANARY],
  ])('a literal secret in %s is refused and not repeated', (name, value) => {
    const message = errorOf(withHeader(`"${value}"`, name));
    expect(message).toContain('secrets are never written here');
    expect(message).not.toContain('canary');
  });

  it('a literal secret where a reference belongs, or in arguments, is refused and not repeated', () => {
    const message = `${errorOf(withHeader(`{ secret: ${CANARY} }`))}\n${errorOf(`servers: { a: { command: [x, "sk-${CANARY.replaceAll('-', '')}"] } }`)}`;
    expect(message).toMatch(/is not a reference[\s\S]*looks like a secret/);
    expect(message).not.toContain('canary');
  });

  it('a syntax error does not repeat the line that it is on', () => {
    const message = errorOf(`servers: { a: { env: { TOKEN: "${CANARY} } } }`);
    expect(message).not.toBe('');
    expect(message).not.toContain('canary');
  });

  it('are read from the environment and from files, without the final line break', () => {
    writeFileSync(join(folder, 'crm.token'), 'tok-5d41402abc4b2a76\n');
    const transport = snapshotOf(withHeader('{ secret: "file:crm.token", prefix: "Bearer " }')).servers[0]?.transport;
    expect(transport).toMatchObject({ headers: { Authorization: 'Bearer tok-5d41402abc4b2a76' } });
  });

  it('A27 what they resolved to is known to the logger, with and without its prefix', () => {
    const snapshot = snapshotOf(withHeader('{ secret: env:CRM, prefix: "Bearer " }'), { CRM: 'tok-5d41402abc4b2a76' });
    expect(secretsOf(snapshot)).toEqual(['Bearer tok-5d41402abc4b2a76', 'tok-5d41402abc4b2a76']);
  });

  it.each([
    'data: ./${SECRET}',
    'servers: { a: { url: "https://${SECRET}.example.com" } }',
    'servers: { a: { url: https://x, headers: { X-A: "${SECRET}" } } }',
    'servers: { "${SECRET}": { url: https://x } }',
    'servers: { a: { command: [x, "${SECRET}"] } }',
    'servers: { a: { command: [x], env: { A: "${SECRET}" } } }',
  ])('A28 nothing is expanded: %s', (text) => {
    const message = errorOf(text, { SECRET: CANARY });
    expect(message).toContain('never expanded');
    expect(message).not.toContain(CANARY);
  });

  it('A30 our own key material needs 32 bytes', () => {
    expect(weakness('Hc8sQ1p0zLm5', 32)).toBe('is shorter than 32 bytes');
    expect(weakness(Buffer.alloc(32), 32)).toBeDefined();
    expect(weakness('b7Kq0Zx2Wm9vTn4Lr6Yp1Cs8Fd3Hg5Jk', 32)).toBeUndefined();
  });
});

describe('weakenings are spelled, and listed', () => {
  it.each([
    ['gateway: { listen: "0.0.0.0:8700", publicUrl: https://x.example }', 'plain HTTP is refused'],
    ['gateway: { listen: "[::]:8700", publicUrl: https://x.example }', 'plain HTTP is refused'],
    ['admin: { listen: "10.0.0.1:8701" }', 'plain HTTP is refused'],
    ['gateway: { listen: "0.0.0.0:8700", behindTlsProxy: true }', 'publicUrl must say'],
    ['gateway: { publicUrl: http://mcp.example.com }', 'must be https outside loopback'],
    ['gateway: { publicUrl: https://mcp.example.com/mcp }', 'must be an origin'],
    ['gateway: { allowedOrigins: ["*"] }', 'must be an exact origin'],
    ['gateway: { allowedOrigins: ["null"] }', 'must be an exact origin'],
    ['gateway: { allowedHosts: ["*.example.com"] }', 'must be an exact host'],
    [
      'demo: true\ngateway: { listen: "0.0.0.0:1", behindTlsProxy: true, publicUrl: https://x.example }',
      'works on loopback only',
    ],
    ['servers: { a: { url: http://10.0.0.1/mcp } }', 'must be https outside loopback'],
    ['servers: { a: { url: "file:///etc/passwd" } }', 'must be an http or https URL'],
    ['servers: { a: { url: "gopher://x" } }', 'must be an http or https URL'],
    ['servers: { a: { url: "https://user:pw@x/mcp" } }', 'must not contain credentials'],
    ['servers: { a: { url: https://x, headers: { Host: evil } } }', 'is set by the gateway'],
    ['servers: { a: { url: https://x, headers: { Mcp-Method: x } } }', 'is set by the gateway'],
    ['identity: { issuers: [{ issuer: "http://login.example.com", audience: x }] }', 'must be an https URL'],
    ['identity: { issuers: [{ issuer: "https://l", audience: x, algorithms: [HS256] }] }', 'expected one of'],
    ['identity: { issuers: [{ issuer: "https://l", audience: x, algorithms: [none] }] }', 'expected one of'],
    ['identity: { issuers: [{ issuer: "https://l", audience: x, clockSkew: 2m }] }', 'must be at most 60s'],
    [
      'identity: { issuers: [{ issuer: "https://l", audience: x }, { issuer: "https://l", audience: y }] }',
      'is configured twice',
    ],
  ])('refused: %s', (text, expected) => {
    expect(errorOf(text)).toContain(expected);
  });

  it.each([
    [
      'servers: { a: { url: https://x } }',
      'servers.a: definitions are trusted when they are first seen (pin: first_use), not approved by a person',
    ],
    ['servers: { a: { url: https://x, pin: approval, additionalArguments: allow } }', 'additionalArguments: allow'],
    ['servers: { a: { url: http://10.0.0.1/mcp, pin: approval, plainHttp: allow } }', 'plainHttp: allow'],
    [
      'servers: { a: { url: https://x, pin: approval, clientRequests: { sampling: true } } }',
      'clientRequests.sampling: true',
    ],
    ['servers: { a: { command: [npx, -y, some-server], pin: approval } }', 'some-server has no exact version'],
    ['servers: { a: { command: [sh, -c, "x"], pin: approval } }', 'started through a shell'],
    [
      'servers: { a: { command: [x], env: { NODE_OPTIONS: "--import ./y.mjs" }, pin: approval } }',
      'NODE_OPTIONS can load other code',
    ],
    [
      'identity: { issuers: [{ issuer: "https://l", audience: x, accessTokenProfile: any-jwt }] }',
      'accessTokenProfile: any-jwt',
    ],
    [
      'identity: { issuers: [{ issuer: "https://l", audience: x, multipleAudiences: true }] }',
      'multipleAudiences: true',
    ],
    ['identity: { issuers: [{ issuer: "https://l", audience: x, maxTokenLifetime: 30d }] }', 'longer than a day'],
    [
      'servers: { a: { url: https://x, pin: approval } }\naudit: { clearArguments: [a/b/*] }',
      'a/b/* is recorded in clear',
    ],
    ['demo: true', 'demo users'],
  ])('listed: %s', (text, expected) => {
    const { weakenings } = snapshotOf(text);
    expect(weakenings).toHaveLength(1);
    expect(weakenings[0]).toContain(expected);
  });
});

describe('the sealing key', () => {
  const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'sallyport-key-')), 'data');

  it('is made once, for its owner only', () => {
    const data = fresh();
    const key = openSealingKey(data);
    expect(key.length).toBe(32);
    expect(statSync(join(data, 'sallyport.key')).mode & 0o777).toBe(0o600);
    expect(openSealingKey(data)).toEqual(key);
  });

  it.each([
    '',
    'changeme',
    'changemechangemechangemechangemechangemech',
    Buffer.alloc(32).toString('base64url'),
    'c2hvcnQ',
    `${Buffer.alloc(32, 'abcdefgh').toString('base64url')}==`,
  ])('A30 refuses %j', (text) => {
    const data = fresh();
    openSealingKey(data);
    writeFileSync(join(data, 'sallyport.key'), text);
    expect(() => openSealingKey(data)).toThrow(/delete it to get a new one/);
  });

  it('is refused when others can read it', () => {
    const data = fresh();
    openSealingKey(data);
    chmodSync(join(data, 'sallyport.key'), 0o644);
    expect(() => openSealingKey(data)).toThrow(/can be read by other users/);
    expect(readFileSync(join(data, 'sallyport.key'), 'utf8')).not.toBe('');
  });
});

describe('the environment', () => {
  it('children get four variables and nothing else', () => {
    expect(
      childEnvironment({
        PATH: '/bin',
        HOME: '/h',
        AWS_SECRET_ACCESS_KEY: CANARY,
        SALLYPORT_TOKEN: CANARY,
        NODE_OPTIONS: 'x',
      }),
    ).toEqual({ PATH: '/bin', HOME: '/h' });
  });

  it('an empty token is no token', () => {
    expect([
      credentialToken({}),
      credentialToken({ SALLYPORT_TOKEN: '' }),
      credentialToken({ SALLYPORT_TOKEN: 'x' }),
    ]).toEqual([undefined, undefined, 'x']);
  });

  it('names the file that is read when no other is', () => {
    const here = mkdtempSync(join(tmpdir(), 'sallyport-here-'));
    expect(defaultConfigFile({}, here)).toBeUndefined();
    writeFileSync(join(here, 'sallyport.yaml'), '');
    expect(defaultConfigFile({}, here)).toBe(join(here, 'sallyport.yaml'));
    expect(defaultConfigFile({ SALLYPORT_CONFIG: 'other.yaml' }, here)).toBe(join(here, 'other.yaml'));
  });
});

describe('certificates', () => {
  const make = (name: string): void =>
    void execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=x',
        '-keyout',
        join(folder, `${name}.key`),
        '-out',
        join(folder, `${name}.crt`),
      ],
      { stdio: 'ignore' },
    );
  beforeAll(() => {
    make('one');
    make('two');
    writeFileSync(join(folder, 'text.pem'), 'not PEM');
  });
  const tls = (cert: string, key: string, ca = ''): string =>
    errorOf(`gateway: { tls: { cert: ${cert}, key: ${key}${ca} } }`);

  it('a pair that fits is accepted', () => expect(tls('one.crt', 'one.key', ', clientCa: two.crt')).toBe(''));

  it.each([
    ['absent.crt', 'one.key', '', 'gateway.tls.cert: the file absent.crt cannot be read'],
    ['text.pem', 'one.key', '', 'gateway.tls.cert: the file text.pem does not hold a PEM certificate'],
    [
      'one.crt',
      'one.crt',
      '',
      'gateway.tls.key: the file one.crt does not hold a PEM private key without a passphrase',
    ],
    ['one.crt', 'two.key', '', 'gateway.tls.key: the key two.key does not belong to the certificate one.crt'],
    [
      'one.crt',
      'one.key',
      ', clientCa: one.key',
      'gateway.tls.clientCa: the file one.key does not hold a PEM certificate',
    ],
  ])('%s with %s%s is refused by name', (cert, key, ca, says) =>
    expect(tls(cert, key, ca)).toMatch(new RegExp(`^sallyport\\.yaml:1:\\d+: ${says}$`)),
  );
});

it('a data folder that cannot be one is named, and what to do', () => {
  writeFileSync(join(folder, 'plain'), '');
  expect(() => openSealingKey(join(folder, 'plain'))).toThrow(
    /^data: the folder .*plain cannot be written \(EEXIST\): it must be a folder/,
  );
});

it.each([
  ['tenants: []', 'tenants: must have at least 1 entry'],
  ['gateway: { maxDepth: 2 }', 'gateway.maxDepth: must be at least 4'],
  ['gateway: { maxStreams: 20000 }', 'gateway.maxStreams: must be at most 10000'],
  ['data: ""', 'data: must have at least 1 character'],
])('%s says its bound in words', (text, says) => expect(errorOf(text)).toContain(says));
