/** Settings that weaken a protection: refused where that is not spelled out, listed where it is. */
import { describe, expect, it } from 'vitest';
import { errorOf, snapshotOf } from './testing/load.mts';

describe('weakenings must be explicit, and are listed', () => {
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
    ['approvals: { destructive: allow }', 'destructive: allow'],
    ['approvals: { rules: [{ server: "*", tool: x, required: 0 }] }', 'calls of * x need no approval (required: 0)'],
  ])('listed: %s', (text, expected) => {
    const { weakenings } = snapshotOf(text);
    expect(weakenings).toHaveLength(1);
    expect(weakenings[0]).toContain(expected);
  });
});
