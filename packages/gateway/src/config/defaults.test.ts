/** What a configuration becomes: defaults, units, frozen snapshots. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, snapshotOf } from './testing/load.mts';

describe('defaults', () => {
  it('need no file', () => {
    const snapshot = snapshotOf('');
    expect(snapshot.gateway.listen).toEqual({ host: '127.0.0.1', port: 8700, tls: undefined, behindTlsProxy: false });
    expect(snapshot.gateway.publicUrl).toBe('http://127.0.0.1:8700');
    expect(snapshot.admin.listen.port).toBe(8701);
    expect(snapshot.limits).toEqual({
      default: [
        { limit: 100, periodMs: 60_000, per: ['user', 'tool'] },
        { limit: 1_200, periodMs: 60_000, per: ['user'] },
      ],
    });
    expect(snapshot.dataFolder).toBe(join(folder, 'data'));
    expect(snapshot.audit.folder).toBe(join(folder, 'data', 'audit'));
    expect(snapshot.policies.cedar).toBeUndefined();
    expect(snapshot.weakenings).toEqual([]);
    expect(snapshot.demo).toBe(false);
  });

  it.each([
    ['100/min per user per tool', 1],
    ['[100/min per user per tool, 5/s per tool]', 1],
    ['[100/min per user per tool, 50/min per tenant]', 0],
    ['5/min per user', 0],
    ['5/min per user per agent', 1],
  ])('B8 a tier of %s gets a limit for each user where nothing else limits what has no tool', (limits, added) => {
    const { default: tier = [] } = snapshotOf(
      `{ limits: { default: ${limits} }, gateway: { userLimit: 7/min } }`,
    ).limits;
    expect(tier.filter(({ limit, per }) => limit === 7 && per.join(' ') === 'user')).toHaveLength(added);
    expect(tier.some(({ per }) => !per.includes('tool') && !per.includes('agent'))).toBe(true);
  });

  it.each([['{ command: [npx, -y, x] }'], ['{ command: npx, args: [-y, x] }'], ['{ command: [npx, -y], args: [x] }']])(
    'a program with its arguments: %s',
    (server) => {
      expect(snapshotOf(`servers: { a: ${server} }`).servers[0]?.transport).toMatchObject({
        command: 'npx',
        args: ['-y', 'x'],
      });
    },
  );

  it('a snapshot cannot be changed, at any depth', () => {
    const snapshot = snapshotOf('servers: { a: { url: "http://127.0.0.1:1/mcp" } }');
    expect(() => {
      (snapshot.servers[0]?.sessions as { max: number }).max = 1;
    }).toThrow(TypeError);
    expect(() => {
      (snapshot.tenants as string[]).push('x');
    }).toThrow(TypeError);
  });

  it('a configuration with every section loads', () => {
    const snapshot = snapshotOf(
      `
gateway:
  { listen: "0.0.0.0:8700", publicUrl: https://mcp.example.com, behindTlsProxy: true, addressLimit: 100/s,
    allowedHosts: [mcp.internal] }
data: ./state
tenants: [acme, globex]
identity:
  issuers:
    - issuer: https://login.example.com
      audience: https://mcp.example.com/mcp
      claims: { tenant: org.id }
      tenants: [acme]
servers:
  search:
    url: https://search.internal/mcp
    headers: { Authorization: { secret: "env:SEARCH", prefix: "Bearer " } }
    tools: { allow: [find] }
    pin: approval
    verify: 0
  files:
    command: [npx, -y, "@modelcontextprotocol/server-filesystem@2026.8.31", /srv/docs]
    env: { LEVEL: info }
    maxResult: 64Ki
    pin: approval
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
      tenants: ['acme'],
      clockSkewSeconds: 30,
      accessTokenProfile: 'rfc9068',
      provider: 'generic',
    });
    expect(snapshot.limits['premium']).toEqual([
      { limit: 1000, periodMs: 60_000, per: ['user'] },
      { limit: 5000, periodMs: 3_600_000, per: ['tenant'] },
    ]);
    expect(snapshot.weakenings).toEqual(['gateway: plain HTTP is served outside loopback (behindTlsProxy: true)']);
  });
});
