/** O14, O22, O24, O25: for which client, with which scope, of which tenant a token is, and whom it identifies. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestGateway } from '../e2e/gateway.ts';
import { token, type TokenRow } from './forged-tokens.ts';
import { otherRsa, type Claims, type ForgingIssuer } from './forging-issuer.ts';
import { headersFor, post } from './mcp-client.ts';
import { callWith, ENDPOINTS, ERAS, expectRefused, openTokenSetup, SCOPED, type TokenSetup } from './token-setup.ts';
import type { Upstream } from './upstream.ts';

let setup: TokenSetup;
let idp: ForgingIssuer;
let upstream: Upstream;
let gateway: TestGateway;
let strict: TestGateway;
beforeAll(async () => {
  setup = await openTokenSetup();
  ({ idp, upstream, gateway, strict } = setup);
});
afterAll(() => setup?.close());

describe.each(ERAS)('%s: client, scope and tenant', (era) => {
  const scoped = (changes: Claims): string => idp.token({ aud: SCOPED, scope: 'mcp:read', ...changes });

  it.each([
    ['another', { client_id: 'evil' }],
    ['another case', { client_id: 'Agent' }],
    ['a longer one', { client_id: 'agent2' }],
    ['another, azp on the list', { client_id: 'evil', azp: 'agent' }],
  ])('O14 the gateway refuses a client that is not on the list: %s', (_name, changes) =>
    expectRefused(setup, strict.url, scoped(changes), { eras: [era] }),
  );

  it.each([
    ['none', { scope: undefined }],
    ['empty', { scope: '' }],
    ['a longer one', { scope: 'mcp:readwrite' }],
    ['a shorter one', { scope: 'mcp:rea' }],
    ['another case', { scope: 'MCP:read' }],
    ['a comma list', { scope: 'mcp:read,mcp:write' }],
    ['scp instead', { scope: undefined, scp: 'mcp:read' }],
    ['a role of that name', { scope: undefined, roles: ['mcp:read'] }],
    ['an array elsewhere', { scope: undefined, scopes: ['mcp:read'] }],
  ])('O22 with the scope %s the answer names the scope needed and nothing else', async (_name, changes) => {
    const before = upstream.received.length;
    for (const path of ENDPOINTS) {
      const { status, headers } = await callWith(strict.url, path, era, scoped(changes));
      expect([status, headers['www-authenticate']]).toEqual([
        403,
        `Bearer resource_metadata="${strict.url}/.well-known/oauth-protected-resource${path}", ` +
          'scope="mcp:read", error="insufficient_scope"',
      ]);
    }
    expect(upstream.received.length).toBe(before);
  });

  it.each([
    ['twice a space', 'mcp:read  x'],
    ['a no-break space', 'mcp:read\u00a0x'],
    ['an em space', 'x\u2003mcp:read'],
    ['a tab', 'mcp:read\tx'],
    ['a quote', 'a"b mcp:read'],
    ['an array', ['mcp:read']],
    ['a number', 1],
    ['null', null],
  ])('O22 the gateway refuses a malformed scope: %s', async (_name, scope) => {
    for (const path of ENDPOINTS) expect((await callWith(strict.url, path, era, scoped({ scope }))).status).toBe(401);
  });

  it('O22 the scope counts among others and when repeated', async () => {
    for (const scope of ['mcp:read', 'a mcp:read b', 'mcp:read mcp:read'])
      expect((await callWith(strict.url, '/mcp/one', era, scoped({ scope }))).status).toBe(200);
  });

  it.each([
    ['absent', undefined],
    ['unknown', 'initech'],
    ['the name of the gateway itself', '_'],
    ['an array', ['acme']],
    ['another case', 'ACME'],
    ['a space', 'acme '],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['a path', '../acme'],
    ['a NUL-free control', 'acme\u0001'],
    ['10 kB', 'a'.repeat(8_000)],
    ['a number', 1],
    ['empty', ''],
  ])('O24 the gateway refuses a tenant that is %s', async (_name, tenant) => {
    const before = upstream.received.length;
    for (const path of ENDPOINTS) {
      const { status, messages } = await callWith(gateway.url, path, era, idp.token({ tenant_id: tenant }));
      expect(status).toBe(403);
      expect(JSON.stringify(messages)).toContain('UNKNOWN_TENANT');
    }
    expect(upstream.received.length).toBe(before);
  });
});

describe('O25 issuer and subject, to the letter, identify a user', () => {
  const open = async (token: string): Promise<string> => {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
    return String(
      (
        await post(
          `${gateway.url}/mcp/one`,
          headersFor('legacy', token, { method: 'initialize', params }),
          JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
        )
      ).headers['mcp-session-id'],
    );
  };
  const list = async (token: string, session: string): Promise<number> =>
    (
      await post(
        `${gateway.url}/mcp/one`,
        headersFor('legacy', token, { method: 'tools/list', params: {} }, session),
        JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
      )
    ).status;
  const OTHERS: readonly TokenRow[] = [
    [
      'the same subject of another issuer',
      (idp) => idp.token({ iss: idp.otherIssuer, sub: 'jos\u00e9' }, {}, otherRsa.privateKey),
    ],
    ['another case', token({ sub: 'Jos\u00e9' })],
    ['another normal form', token({ sub: 'jose\u0301' })],
    ['a space more', token({ sub: 'jos\u00e9 ' })],
    ['a zero width joiner more', token({ sub: 'jos\u00e9\u200d' })],
    [
      'without the accent, by the same address',
      token({ sub: 'jose', email: 'jos\u00e9@example.com', email_verified: false }),
    ],
    [
      'the issuer in the subject',
      (idp) => idp.token({ iss: idp.otherIssuer, sub: `${idp.issuer} jos\u00e9` }, {}, otherRsa.privateKey),
    ],
  ];
  it.each(OTHERS)('%s is another user', async (_name, other) => {
    const mine = idp.token({ sub: 'jos\u00e9', email: 'jos\u00e9@example.com' });
    const session = await open(mine);
    expect([await list(mine, session), await list(other(idp, setup.trap.port), session)]).toEqual([200, 404]);
    expect(await list(idp.token({ sub: 'jos\u00e9' }), session), 'another token of the same user').toBe(200);
  });
});
