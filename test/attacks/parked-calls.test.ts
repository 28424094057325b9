/**
 * S11, S12: a call that is parked until its user answers is checked again when it is resumed. What is refused over
 * stdio has a record.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecords } from '../../packages/server/src/segments/verify.ts';
import { legacyHttp, type LegacyHttp } from '../../packages/gateway/src/upstream/testing/legacy-server.mts';
import { modernHttp, type ModernHttp } from '../../packages/gateway/src/upstream/testing/modern-server.mts';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { openStdioClient } from './stdio-client.ts';
import { openInstallation } from './installation.ts';
import { headersFor, MODERN_META, post, type Answer, type Era } from './mcp-client.ts';

type Json = Record<string, unknown>;
const ALL = 'permit (principal, action, resource);';

let old: LegacyHttp;
let fresh: ModernHttp;
let gateway: TestGateway;
beforeAll(async () => {
  [old, fresh] = await Promise.all([legacyHttp(), modernHttp()]);
  const asks = { clientRequests: { elicitation: true } };
  gateway = await openGateway({ servers: { old: { url: old.url, ...asks }, fresh: { url: fresh.url, ...asks } } });
});
afterAll(async () => {
  await gateway?.close();
  await old.close();
  await fresh.close();
});

const META = { ...MODERN_META, 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };
const call = async (server: string, more: Json, token: string): Promise<Answer> => {
  const params = { name: 'ask', arguments: {}, ...more };
  return post(
    `${gateway.url}/mcp/${server}`,
    headersFor('modern', token, { method: 'tools/call', params }),
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { ...params, _meta: META } }),
  );
};
async function begin(server: string, token: string): Promise<Json> {
  const { result } = await call(server, {}, token);
  const inputResponses = Object.fromEntries(
    Object.keys(result?.['inputRequests'] as Json).map((key) => [
      key,
      { action: 'accept', content: { name: 'ANSWERED' } },
    ]),
  );
  return { requestState: result?.['requestState'], inputResponses };
}
const codeOf = ({ result, error }: Answer): unknown =>
  (result?.['structuredContent'] as Json | undefined)?.['error_code'] ?? error?.data?.['error_code'];

describe.each(['old', 'fresh'])('S12 a parked call to the server %s', (server) => {
  const policy = (text: string): void => writeFileSync(join(gateway.folder, 'policies', 'test.cedar'), text);

  it('is not resumed after its permission was revoked, and is after it was restored', async () => {
    const token = await gateway.token('alice');
    const more = await begin(server, token);
    policy(`${ALL} forbid (principal, action == Action::"call", resource == Tool::"${server}/ask");`);
    try {
      await expect
        .poll(async () => codeOf(await call(server, {}, token)), { timeout: 15_000, interval: 150 })
        .toBe('NOT_FOUND');
      expect(codeOf(await call(server, more, token))).toBe('NOT_FOUND');
    } finally {
      policy(ALL);
    }
    await expect
      .poll(async () => codeOf(await call(server, {}, token)), { timeout: 15_000, interval: 150 })
      .toBeUndefined();
    expect(JSON.stringify((await call(server, more, token)).result)).toContain('ANSWERED');
  });

  it('is not resumed with an expired token or for an unknown tenant', async () => {
    const token = await gateway.token('alice');
    const more = await begin(server, token);
    expect(
      (await call(server, more, await gateway.token('alice', { exp: Math.floor(Date.now() / 1000) - 60 }))).status,
    ).toBe(401);
    expect((await call(server, more, await gateway.token('alice', { tenant_id: 'initech' }))).status).toBe(403);
    expect(JSON.stringify((await call(server, more, await gateway.token('alice'))).result)).toContain('ANSWERED');
  });
});

describe.each<Era>(['modern', 'legacy'])('J2 J4 %s: a message that is refused over stdio', (era) => {
  it('is recorded, as it is over HTTP', async () => {
    const installation = await openInstallation({ servers: { old: { url: old.url } } });
    const stdioClient = await openStdioClient(installation, await installation.token('alice'), { era, server: 'old' });
    try {
      for (const line of [
        '{',
        '[]',
        '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}',
        '{"jsonrpc":"2.0","id":7,"method":"no/such/method"}',
      ])
        expect(await stdioClient.exchange(line)).toContain('"error"');
      const rejected = (): number =>
        readRecords(join(installation.data, 'audit', '+stdio-1', '_')).records.filter(({ bytes }) =>
          bytes.includes('request.rejected'),
        ).length;
      await expect.poll(rejected, { timeout: 15_000 }).toBe(4);
    } finally {
      await stdioClient.close();
      await installation.close();
    }
  });
});
