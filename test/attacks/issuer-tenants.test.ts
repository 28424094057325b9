/** B14: an issuer names the tenants that the configuration binds it to, and no other customer's. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { AUDIENCE, openForgingIssuer, otherRsa, type Claims, type ForgingIssuer } from './forging-issuer.ts';
import { callWith, ENDPOINTS, ERAS } from './token-setup.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

let idp: ForgingIssuer;
let upstream: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  idp = await openForgingIssuer();
  upstream = await openUpstream({ tools: [tool('alpha')] });
  gateway = await openGateway({
    servers: { one: { url: upstream.url } },
    settings: {
      identity: {
        issuers: [
          { issuer: idp.issuer, audience: AUDIENCE, tenants: ['acme'] },
          { issuer: idp.otherIssuer, audience: AUDIENCE, tenant: 'globex' },
        ],
      },
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
  await idp?.close();
});

const ofAcme = (claims: Claims): string => idp.token(claims);
const ofGlobex = (claims: Claims): string => idp.token({ iss: idp.otherIssuer, ...claims }, {}, otherRsa.privateKey);

/** The answers to one call on every endpoint in both eras: the status, and what a refusal says. */
async function answersTo(token: string): Promise<readonly string[]> {
  const answers: string[] = [];
  for (const era of ERAS)
    for (const endpoint of ENDPOINTS) {
      const { status, messages } = await callWith(gateway.url, endpoint, era, token);
      answers.push(`${status}${JSON.stringify(messages).includes('UNKNOWN_TENANT') ? ' UNKNOWN_TENANT' : ''}`);
    }
  return [...new Set(answers)];
}

it.each([
  ['its own tenant', () => ofAcme({ tenant_id: 'acme' })],
  ['the one tenant that it has', () => ofGlobex({ tenant_id: 'globex' })],
  ['no tenant, when it has one', () => ofGlobex({ tenant_id: undefined })],
])('B14 an issuer that names %s is believed', async (_what, token) => {
  expect(await answersTo(token())).toEqual(['200']);
});

it.each([
  ['the tenant of another customer', () => ofAcme({ tenant_id: 'globex' })],
  ['another tenant than the one that it has', () => ofGlobex({ tenant_id: 'acme' })],
  ['its tenant in another case', () => ofGlobex({ tenant_id: 'Globex' })],
  ['a list with its tenant', () => ofGlobex({ tenant_id: ['globex'] })],
  ['an empty tenant', () => ofGlobex({ tenant_id: '' })],
  ['null', () => ofGlobex({ tenant_id: null })],
  ['no tenant', () => ofAcme({ tenant_id: undefined })],
])('B14 an issuer that names %s is refused as for a tenant that does not exist', async (_what, token) => {
  const before = upstream.received.length;
  expect(await answersTo(token())).toEqual(['403 UNKNOWN_TENANT']);
  expect(upstream.received.length).toBe(before);
});

it('B14 a tenant that is taken from an issuer is refused for tokens that were accepted before', async () => {
  const token = ofAcme({ tenant_id: 'acme' });
  expect(await answersTo(token)).toEqual(['200']);
  const text = readFileSync(gateway.config, 'utf8');
  writeFileSync(gateway.config, text.replace('"tenants":["acme"]', '"tenants":["globex"]'));
  await gateway.reload();
  expect(await answersTo(token)).toEqual(['403 UNKNOWN_TENANT']);
  writeFileSync(gateway.config, text);
  await gateway.reload();
});
