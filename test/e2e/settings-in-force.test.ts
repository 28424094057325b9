/**
 * S12: each setting that can be changed without a restart is in force for the first call after a reload, for callers
 * that were known before. A setting that is read once and kept would pass every test that only starts a gateway.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sendHttp } from '../attacks/http-client.ts';
import { connect } from '../attacks/mcp-client.ts';
import { openUpstream, textResult, tool, type Upstream } from '../attacks/upstream.ts';
import { startIssuer } from '../fixtures/issuer.ts';
import { openGateway, type TestGateway } from './gateway.ts';

let upstream: Upstream;
let gateway: TestGateway;
let shipped: string;
beforeAll(async () => {
  upstream = await openUpstream({
    tools: [tool('say')],
    respond: async ({ method }) => (method === 'tools/call' ? textResult('x'.repeat(2_000)) : undefined),
  });
  gateway = await openGateway({
    servers: { one: { url: upstream.url, additionalArguments: 'allow' } },
    gateway: { allowedOrigins: ['https://app.example.com'] },
  });
  shipped = readFileSync(gateway.config, 'utf8');
}, 30_000);
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

type Settings = Record<string, Record<string, never>>;
type Change = (settings: Settings) => object;
const merge =
  (name: string, more: object): Change =>
  (settings) => ({ [name]: { ...settings[name], ...more } });
const server =
  (more: object): Change =>
  ({ servers }) => ({ servers: { one: { ...(servers?.['one'] as unknown as object), ...more } } });
const issuer =
  (more: object): Change =>
  ({ identity }) => ({
    identity: { issuers: (identity?.['issuers'] as unknown as object[]).map((one) => ({ ...one, ...more })) },
  });

/** The error code of a call, or `undefined` when it succeeds. */
async function errorOfCall(token: string): Promise<unknown> {
  const client = await connect(`${gateway.url}/mcp`, token, 'modern');
  const { result, error } = await client.call({ id: 1, name: 'one__say', arguments: { a: 'b', more: [[[[1]]]] } }).done;
  await client.close();
  const refusal = (error?.['data'] ?? result?.['structuredContent'] ?? {}) as { error_code?: unknown };
  return refusal.error_code;
}

it.each<[name: string, change: Change, code: string]>([
  ['the names that a server may serve', server({ tools: { allow: ['other'] } }), 'NOT_FOUND'],
  ['what becomes of arguments that are not declared', server({ additionalArguments: 'reject' }), 'INVALID_ARGUMENT'],
  ['the size of results', server({ maxResult: '1Ki' }), 'OUTPUT_BLOCKED'],
  ['tenants', (settings) => ({ tenants: ['globex'], ...issuer({ tenants: ['globex'] })(settings) }), 'UNKNOWN_TENANT'],
  ['issuers', () => ({ identity: { issuers: [] } }), 'UNAUTHENTICATED'],
  ['scopes', issuer({ requiredScopes: ['admin'] }), 'INSUFFICIENT_SCOPE'],
  ['rules for approval', () => ({ approvals: { rules: [{ server: 'one', tool: 'say' }] } }), 'APPROVAL_REQUIRED'],
  ['the size of bodies', merge('gateway', { maxBody: '64' }), 'PAYLOAD_TOO_LARGE'],
  ['the depth of bodies', merge('gateway', { maxDepth: 4 }), 'INVALID_REQUEST'],
  ['servers', () => ({ servers: {} }), 'NOT_FOUND'],
  ['policies', () => ({ policies: {} }), 'NOT_FOUND'],
])('%s', async (_name, change, code) => {
  const token = await gateway.token('alice');
  expect(await errorOfCall(token)).toBeUndefined();
  const settings = JSON.parse(shipped) as Settings;
  writeFileSync(gateway.config, JSON.stringify({ ...settings, ...change(settings) }));
  await gateway.reload();
  const codeAfter = await errorOfCall(token);
  writeFileSync(gateway.config, shipped);
  await gateway.reload();
  expect(codeAfter).toBe(code);
  expect(await errorOfCall(token)).toBeUndefined();
});

it('the address of a server, and an issuer that is new', async () => {
  const settings = JSON.parse(shipped) as Settings;
  const other = await openUpstream({ tools: [tool('say')] });
  const issuers = settings['identity']?.['issuers'] as unknown as readonly { readonly audience: string }[];
  const second = await startIssuer(issuers[0]?.audience ?? '');
  try {
    const secondToken = await second.token({ sub: 'erin', tenant_id: 'acme', roles: ['admin'] });
    await expect(errorOfCall(secondToken)).resolves.toBe('UNAUTHENTICATED');
    const changed = {
      ...settings,
      ...server({ url: other.url })(settings),
      identity: { issuers: [...issuers, { ...issuers[0], issuer: second.issuer }] },
    };
    writeFileSync(gateway.config, JSON.stringify(changed));
    await gateway.reload();
    expect(await errorOfCall(await gateway.token('alice'))).toBeUndefined();
    expect(other.operations()).toHaveLength(1);
    expect(await errorOfCall(secondToken)).toBeUndefined();
  } finally {
    writeFileSync(gateway.config, shipped);
    await gateway.reload();
    await Promise.all([other.close(), second.close()]);
  }
});

it('limits and origins', async () => {
  const settings = JSON.parse(shipped) as Settings;
  const token = await gateway.token('bob');
  const statusFrom = async (): Promise<number> =>
    (await sendHttp(gateway.url, { method: 'OPTIONS', path: '/mcp', headers: { origin: 'https://app.example.com' } }))
      .status;
  expect([await errorOfCall(token), await statusFrom()]).toEqual([undefined, 204]);
  const changed = {
    ...settings,
    ...merge('gateway', { allowedOrigins: [] })(settings),
    limits: { default: '1/h per user' },
  };
  writeFileSync(gateway.config, JSON.stringify(changed));
  await gateway.reload();
  const codes = [await errorOfCall(token), await errorOfCall(token)];
  expect([codes.at(-1), await statusFrom()]).toEqual(['RATE_LIMITED', 403]);
  writeFileSync(gateway.config, shipped);
  await gateway.reload();
});
