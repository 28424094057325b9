/** O20, O24: the gateway reads one token, from one `Authorization` header of one scheme, and from nowhere else. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestGateway } from '../e2e/gateway.ts';
import type { ForgingIssuer } from './forging-issuer.ts';
import { mcpHeaders, sendHttp } from './http-client.ts';
import { headersFor, MODERN_META, type Era } from './mcp-client.ts';
import { ERAS, openTokenSetup, type TokenSetup } from './token-setup.ts';
import type { Upstream } from './upstream.ts';

let setup: TokenSetup;
let idp: ForgingIssuer;
let upstream: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  setup = await openTokenSetup();
  ({ idp, upstream, gateway } = setup);
});
afterAll(() => setup?.close());

const bodyOf = (era: Era): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'alpha', arguments: {}, ...(era === 'modern' && { _meta: MODERN_META }) },
  });

describe.each(ERAS)('O20 %s: the Authorization header', (era) => {
  const send = async (
    headers: Record<string, string | string[]>,
    more: { path?: string; body?: string } = {},
  ): Promise<number> => {
    const own = headersFor(era, '', { method: 'tools/call', params: { name: 'alpha' } });
    const { status } = await sendHttp(gateway.url, {
      method: 'POST',
      path: '/mcp/one',
      body: bodyOf(era),
      headers: { ...mcpHeaders(undefined), ...own, ...headers },
      ...more,
    });
    return status;
  };
  const HEADERS: readonly (readonly [
    name: string,
    headers: (token: string) => Record<string, string | string[]>,
    status: number,
  ])[] = [
    ['two headers', (token) => ({ authorization: [`Bearer ${token}`, `Bearer ${token}`] }), 401],
    ['a header and a list', (token) => ({ authorization: `Bearer ${token}, Bearer ${token}` }), 401],
    ['two spaces', (token) => ({ authorization: `Bearer  ${token}` }), 401],
    ['a tab', (token) => ({ authorization: `Bearer\t${token}` }), 401],
    ['no scheme', (token) => ({ authorization: token }), 401],
    ['Basic', (token) => ({ authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` }), 401],
    ['Token', (token) => ({ authorization: `Token ${token}` }), 401],
    ['DPoP', (token) => ({ authorization: `DPoP ${token}` }), 401],
    ['quotes', (token) => ({ authorization: `Bearer "${token}"` }), 401],
    ['two tokens', (token) => ({ authorization: `Bearer ${token} ${token}` }), 401],
    ['20 kB', () => ({ authorization: `Bearer ${'a'.repeat(12_000)}` }), 401],
    ['a cookie', (token) => ({ cookie: `access_token=${token}; Authorization=Bearer ${token}` }), 401],
    ['Proxy-Authorization', (token) => ({ 'proxy-authorization': `Bearer ${token}` }), 401],
    ['X-Authorization', (token) => ({ 'x-authorization': `Bearer ${token}`, 'x-access-token': token }), 401],
    ['lower case', (token) => ({ authorization: `bearer ${token}` }), 200],
    ['a well-formed header', (token) => ({ authorization: `Bearer ${token}` }), 200],
  ];
  it.each(HEADERS)('with %s', async (_name, headers, status) => expect(await send(headers(idp.token()))).toBe(status));

  it('a token in the URL, in a form or in the body does not count', async () => {
    const token = idp.token();
    for (const path of [`/mcp/one?access_token=${token}`, `/mcp?access_token=${token}`])
      expect(await send({}, { path })).toBe(404);
    expect(await send({ 'content-type': 'application/x-www-form-urlencoded' }, { body: `access_token=${token}` })).toBe(
      415,
    );
    const params = {
      name: 'alpha',
      arguments: {},
      access_token: token,
      _meta: { ...(era === 'modern' && MODERN_META), authorization: `Bearer ${token}` },
    };
    expect(await send({}, { body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }) })).toBe(401);
  });

  it('O24 a tenant in another header has no effect', async () => {
    const before = upstream.operations().length;
    for (const name of ['x-tenant', 'x-tenant-id', 'tenant', 'x-scope-orgid', 'x-forwarded-user', 'x-remote-user'])
      expect(await send({ authorization: `Bearer ${idp.token({ tenant_id: 'initech' })}`, [name]: 'acme' })).toBe(403);
    expect(upstream.operations().length).toBe(before);
  });
});
