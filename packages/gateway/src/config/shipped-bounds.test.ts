/**
 * The bounds of a configuration that says nothing, as literals: whoever raises one does it here too, and a reviewer
 * sees it.
 */
import { describe, expect, it } from 'vitest';
import { errorOf, snapshotOf } from './testing/load.mts';

const KIB = 1024;
const MIB = 1024 ** 2;

describe('the bounds as shipped', () => {
  it('of what clients send, hold and use', () => {
    const { gateway, limits, refusalsPerMinute, shutdown } = snapshotOf('');
    expect(gateway).toMatchObject({
      bodyBytesMax: 4 * MIB,
      strangerBytesMax: 16 * MIB,
      tenantBytesMax: 128 * MIB,
      depthMax: 64,
      keysMax: 10_000,
      streamsPerPrincipalMax: 16,
      requestTimeoutMs: 300_000,
      sessionLifetimeMs: 86_400_000,
      addressLimitPerMinute: 6_000,
      allowedHosts: [],
      allowedOrigins: [],
    });
    expect(limits).toEqual({
      default: [
        { limit: 100, periodMs: 60_000, per: ['user', 'tool'] },
        { limit: 1_200, periodMs: 60_000, per: ['user'] },
      ],
    });
    expect(refusalsPerMinute).toBe(120);
    const demand = { required: 1, approvers: [{ name: 'approver' }, { name: 'admin' }] };
    expect(snapshotOf('approvals: { rules: [{ server: "*", tool: "*" }] }').approvals.rules).toMatchObject([
      { ttlMs: 600_000, demand },
      { ttlMs: 600_000, destructiveOnly: true, demand },
    ]);
    expect(shutdown.graceMs).toBe(30_000);
  });

  it('of what issuers may sign', () => {
    const [issuer] = snapshotOf(
      'identity: { issuers: [{ issuer: https://login.example.com, audience: https://mcp.example.com/mcp }] }',
    ).identity.issuers;
    expect(issuer).toMatchObject({
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      accessTokenProfile: 'rfc9068',
      multipleAudiences: false,
      clockSkewSeconds: 30,
      lifetimeSecondsMax: 86_400,
    });
  });

  it('of what a server may take, send and ask', () => {
    const [server] = snapshotOf('servers: { a: { url: "http://127.0.0.1:1/mcp" } }').servers;
    expect(server).toMatchObject({
      timeoutMs: 60_000,
      startTimeoutMs: 60_000,
      resultBytesMax: 4 * MIB,
      verifyIntervalMs: 30_000,
      additionalArguments: 'reject',
      clientRequests: { sampling: false, elicitation: false, roots: false },
      sessions: { max: 64, maxPerPrincipal: 8, idleMs: 300_000 },
    });
  });

  it.each([
    ['gateway: { maxBody: 257Mi }', 'at most 256Mi'],
    ['inspect: { maxResult: 257Mi }', 'at most 256Mi'],
    ['gateway: { maxDepth: 513 }', 'at most 512'],
    ['gateway: { maxKeys: 1000001 }', 'at most 1000000'],
    ['gateway: { maxStreams: 10001 }', 'at most 10000'],
    ['gateway: { requestTimeout: 25d }', 'at most 24d'],
    ['servers: { a: { url: "http://127.0.0.1:1/mcp", links: { max: 10001 } } }', 'at most 10000'],
    ['servers: { a: { url: "http://127.0.0.1:1/mcp", links: { maxPerPrincipal: 1001 } } }', 'at most 1000'],
  ])('%s is beyond what may be configured', (text, why) => {
    expect(errorOf(text)).toContain(why);
  });

  it('a size of the audit log’s files', () => {
    expect(snapshotOf('').audit.segmentBytes).toBe(64 * KIB * KIB);
  });
});
