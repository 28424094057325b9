/**
 * What the token tests share: an issuer that is really asked for its keys, a server behind two gateways, and a trap.
 */
import { createServer, type AddressInfo } from 'node:net';
import { expect } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { AUDIENCE, openForgingIssuer, type ForgingIssuer } from './forging-issuer.ts';
import { headersFor, MODERN_META, post, type Answer, type Era } from './mcp-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

export const ERAS = ['modern', 'legacy'] as const;
/** Clock skew that the gateways tolerate, in seconds. */
export const SKEW = 30;
/** Audience of the tokens for `strict`. */
export const SCOPED = 'http://sallyport.test/scoped';
export const ENDPOINTS = ['/mcp/one', '/mcp'];

export interface TokenSetup {
  readonly idp: ForgingIssuer;
  readonly upstream: Upstream;
  readonly gateway: TestGateway;
  /** Its issuer names the clients that may call and the scope that each token must have. */
  readonly strict: TestGateway;
  /** Listens where forged tokens point to. */
  readonly trap: { readonly port: number; connections(): number };
  close(): Promise<void>;
}

export async function openTokenSetup(): Promise<TokenSetup> {
  const idp = await openForgingIssuer();
  const upstream = await openUpstream({ tools: [tool('alpha')] });
  let connections = 0;
  const trap = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  const rules = {
    audience: AUDIENCE,
    algorithms: ['RS256', 'ES256', 'EdDSA'],
    clockSkew: `${SKEW}s`,
    maxTokenLifetime: '1h',
    tenants: ['acme', 'globex'],
  };
  const servers = { one: { url: upstream.url } };
  const open = (issuers: readonly object[]): Promise<TestGateway> =>
    // The tests replace `Date`, so all time of these gateways is read from it.
    openGateway({ servers, settings: { identity: { issuers } }, clock: { now: () => Date.now() } });
  const gateway = await open([
    { issuer: idp.issuer, ...rules },
    { issuer: idp.otherIssuer, ...rules },
  ]);
  const strict = await open([
    { issuer: idp.issuer, ...rules, audience: SCOPED, requiredScopes: ['mcp:read'], allowedClients: ['agent'] },
  ]);
  return {
    idp,
    upstream,
    gateway,
    strict,
    trap: { port: (trap.address() as AddressInfo).port, connections: () => connections },
    close: async () => {
      await gateway.close();
      await strict.close();
      await upstream.close();
      await idp.close();
      trap.close();
    },
  };
}

export function callWith(url: string, endpoint: string, era: Era, token: string): Promise<Answer> {
  const params = {
    name: endpoint === '/mcp' ? 'one__alpha' : 'alpha',
    arguments: {},
    ...(era === 'modern' && { _meta: MODERN_META }),
  };
  return post(
    `${url}${endpoint}`,
    headersFor(era, token, { method: 'tools/call', params }),
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  );
}

export async function expectAccepted(url: string, token: string): Promise<void> {
  for (const era of ERAS) {
    const { result } = await callWith(url, '/mcp/one', era, token);
    expect(result, era).toMatchObject({ content: [{ text: 'done {}' }] });
  }
}

/** Every refused token gets one answer, which says where to get a token and nothing else. */
export async function expectRefused(
  { upstream, strict }: TokenSetup,
  url: string,
  token: string,
  { eras = ERAS, endpoints = ENDPOINTS }: { eras?: readonly Era[]; endpoints?: readonly string[] } = {},
): Promise<void> {
  const before = upstream.received.length;
  for (const era of eras)
    for (const endpoint of endpoints) {
      const { status, headers, messages } = await callWith(url, endpoint, era, token);
      expect(status).toBe(401);
      const metadata = `${url}/.well-known/oauth-protected-resource${endpoint}`;
      const scope = url === strict.url ? 'scope="mcp:read", ' : '';
      expect(headers['www-authenticate']).toBe(`Bearer resource_metadata="${metadata}", ${scope}error="invalid_token"`);
      expect(JSON.stringify(messages)).not.toMatch(/alpha|acme|alice/);
    }
  expect(upstream.received.length).toBe(before);
}
