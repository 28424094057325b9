/** What a configuration cannot say, and what it can say only as a weakening, beyond `weakenings.test.ts`. */
import { describe, expect, it } from 'vitest';
import { CONFIG_POLL_MS } from './follow.ts';
import { errorOf, snapshotOf } from './testing/load.mts';

const issuer = (more: string): string => `identity: { issuers: [{ issuer: "https://l", audience: x, ${more} }] }`;

describe('a configuration is refused', () => {
  it.each([
    [issuer('jwksUri: "http://keys.example.com/"'), 'jwksUri: must be an https URL'],
    ['identity: { issuers: [{ issuer: "https://user@l", audience: x }] }', 'must not have credentials or a fragment'],
    ['identity: { issuers: [{ issuer: "https://l/#a", audience: x }] }', 'must not have credentials or a fragment'],
    ['gateway: { maxBody: 8Mi, maxTenantBytes: 4Mi }', 'must not be smaller than gateway.maxBody'],
    [
      'servers: { a: { url: https://x, links: { max: 2, maxPerPrincipal: 3 } } }',
      'maxPerPrincipal: must not be larger than links.max',
    ],
    ['data: "${HOME}/data"', 'is never expanded here'],
  ])('%s', (text, why) => {
    expect(errorOf(text)).toContain(why);
  });
});

describe('weakenings of listeners are listed', () => {
  it.each([
    [
      'gateway: { listen: "0.0.0.0:8700", behindTlsProxy: true, publicUrl: https://x.example }',
      'gateway: plain HTTP is served outside loopback (behindTlsProxy: true)',
    ],
    ['admin: { listen: "0.0.0.0:8701", behindTlsProxy: true }', 'without a client certificate'],
  ])('%s', (text, weakening) => {
    expect(snapshotOf(text).weakenings.join('\n')).toContain(weakening);
  });
});

it('B7 a tenant has no fixed part of the links to a server unless the configuration names one', () => {
  const links = (more: string): number | undefined =>
    snapshotOf(`{ tenants: [acme, globex], servers: { a: { url: "http://127.0.0.1:1/mcp"${more} } } }`).servers[0]
      ?.sessions.maxPerTenant;
  expect([links(''), links(', links: { maxPerTenant: 5 }')]).toEqual([undefined, 5]);
});

it('S12 a file that changed is read within a second', () => {
  expect(CONFIG_POLL_MS).toBe(1_000);
});
