/** O18: tokens that are bound to a key (RFC 9449), on the running gateway, with the DPoP of the official SDK. */
import { DpopSession, isDpopNonceChallenge } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { AUDIENCE, openForgingIssuer, type ForgingIssuer } from './forging-issuer.ts';
import { headersFor, MODERN_META } from './mcp-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

let idp: ForgingIssuer;
let upstream: Upstream;
let gateway: TestGateway;
let session: DpopSession;
let token: string;
beforeAll(async () => {
  idp = await openForgingIssuer();
  upstream = await openUpstream({ tools: [tool('alpha')] });
  gateway = await openGateway({
    servers: { one: { url: upstream.url } },
    settings: {
      identity: {
        issuers: [{ issuer: idp.issuer, audience: AUDIENCE, tenants: ['acme'] }],
        dpop: { nonce: 'required' },
      },
    },
  });
  session = await DpopSession.create();
  token = idp.token({ cnf: { jkt: session.thumbprint } });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
  await idp?.close();
});

const endpoint = (): string => `${gateway.url}/mcp/one`;
const prove = (): Promise<string> => session.buildProof({ htm: 'POST', htu: endpoint(), accessToken: token });

/** One call. @param proof in the header `DPoP`; `undefined` for none. */
function call(proof: string | undefined, scheme = 'DPoP'): Promise<Response> {
  const params = { name: 'alpha', arguments: { a: 'x' }, _meta: MODERN_META };
  return fetch(endpoint(), {
    method: 'POST',
    headers: {
      ...headersFor('modern', token, { method: 'tools/call', params }),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `${scheme} ${token}`,
      ...(proof !== undefined && { DPoP: proof }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  });
}

it('O18 the SDK proves its key with the nonce of the gateway, once for each request, and nothing else works', async () => {
  const challenged = await call(await prove());
  expect(isDpopNonceChallenge(challenged)).toBe(true);
  session.observeNonce(challenged, endpoint());
  const proof = await prove();
  const answer = await call(proof);
  expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('done')]);
  const calls = upstream.operations().length;
  for (const refused of [await call(proof), await call(undefined), await call(await prove(), 'Bearer')]) {
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toMatch(
      /^(DPoP .*error="invalid_dpop_proof", algs="ES256|Bearer )/,
    );
  }
  expect(upstream.operations().length).toBe(calls);
});

it('O18 clients can learn that proofs are taken (RFC 9728)', async () => {
  const metadata = await fetch(`${gateway.url}/.well-known/oauth-protected-resource/mcp/one`);
  expect(await metadata.json()).toMatchObject({ dpop_signing_alg_values_supported: expect.arrayContaining(['ES256']) });
});
