/** O21: opaque tokens on the running gateway, with `oidc-provider` as the issuer that is asked (RFC 7662). */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { AUDIENCE } from './forging-issuer.ts';
import { callWith, expectAccepted } from './token-setup.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

const SECRET = 'introspection-secret-of-the-gateway-0123456789';
let server: Server;
let provider: Provider;
let upstream: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  provider = new Provider(issuer, {
    clients: [
      { client_id: 'agent', token_endpoint_auth_method: 'none', redirect_uris: ['http://127.0.0.1/cb'] },
      { client_id: 'gateway', client_secret: SECRET, grant_types: [], response_types: [], redirect_uris: [] },
    ],
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: (_ctx, client) => client.clientId === 'gateway' },
    },
    extraTokenClaims: () => ({ tenant_id: 'acme', roles: ['admin'] }),
  });
  server.on('request', provider.callback());
  upstream = await openUpstream({ tools: [tool('alpha')] });
  gateway = await openGateway({
    environment: { INTROSPECTION_SECRET: SECRET },
    servers: { one: { url: upstream.url } },
    settings: {
      identity: {
        issuers: [
          {
            issuer,
            audience: AUDIENCE,
            tenants: ['acme'],
            introspection: { clientId: 'gateway', clientSecret: { secret: 'env:INTROSPECTION_SECRET' } },
          },
        ],
      },
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
  server?.close();
});

/** A token that the provider has issued to a client for alice. */
async function issue(aud: string) {
  const client = await provider.Client.find('agent');
  if (client === undefined) throw new Error('the provider does not know the client');
  const grantId = await new provider.Grant({ accountId: 'alice', clientId: client.clientId }).save();
  const token = new provider.AccessToken({
    accountId: 'alice',
    client,
    grantId,
    aud,
    scope: '',
    gty: 'authorization_code',
  });
  return { token, text: await token.save() };
}

it('O21 an opaque token works until the issuer says that it is not active, and for its audience only', async () => {
  const { text } = await issue(AUDIENCE);
  expect(text).not.toContain('.');
  await expectAccepted(gateway.url, text);
  const calls = upstream.operations().length;
  const { text: other } = await issue('https://other.example');
  const revoked = await issue(AUDIENCE);
  await revoked.token.destroy();
  for (const refused of [other, revoked.text, 'unknown'])
    expect((await callWith(gateway.url, '/mcp/one', 'modern', refused)).status).toBe(401);
  expect(upstream.operations().length).toBe(calls);
});
