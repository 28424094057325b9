import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { createMemoryAuditLog, createMemoryKeys, systemClock } from '@sallyport/guard/memory';
import { createApiKeyAuthenticator, mintApiKey } from '@sallyport/guard/stages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secureServer, tool, ToolError } from './index.ts';

const keys = createMemoryKeys();
const audit = createMemoryAuditLog();
const mint = (subject: string, role: string): string => {
  const { text, key } = mintApiKey({
    tenant: 'acme',
    subject,
    name: subject,
    roles: [role],
    scopes: [],
    tier: undefined,
    createdAtMs: Date.now(),
    expiresAtMs: undefined,
  });
  void keys.put(key);
  return text;
};
let ran = 0;
const number = { type: 'object', properties: { id: { type: 'integer' } }, required: ['id'] };
const { factory } = secureServer({
  name: 'crm',
  version: '1.0.0',
  authenticators: [createApiKeyAuthenticator(keys, systemClock)],
  tenants: ['acme'],
  audit,
  hashingKey: Buffer.alloc(32, 1),
  tools: [
    tool({
      name: 'get',
      description: 'One customer',
      input: number,
      roles: 'everyone',
      run: async ({ id }, { tenant }) => {
        ran += 1;
        return { id: id ?? null, tenant: tenant.id };
      },
    }),
    tool({
      name: 'delete',
      description: 'Deletes one',
      input: number,
      roles: ['admin'],
      run: async () => {
        throw new ToolError('LOCKED', 'It is locked.', { suggestion: 'Wait.', retryAfter: 1.5 });
      },
    }),
    tool({
      name: 'broken',
      description: 'Fails',
      input: { type: 'object', properties: {} },
      roles: 'everyone',
      run: async () => {
        throw new Error('password=hunter2');
      },
    }),
  ],
});

let http: HttpServer;
beforeAll(async () => {
  const handle = toNodeHandler(createMcpHandler(factory));
  http = createServer((req, res) => void handle(req as never, res as never));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
});
afterAll(
  () =>
    new Promise((resolve) => {
      http.closeAllConnections();
      http.close(resolve);
    }),
);

async function connect(token: string, modern: boolean): Promise<Client> {
  const client = new Client(
    { name: 'test', version: '1' },
    modern ? ({ versionNegotiation: { mode: 'auto' } } as never) : {},
  );
  const url = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
  await client.connect(
    new StreamableHTTPClientTransport(url, { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
  );
  return client;
}

describe.each([
  ['modern', true],
  ['legacy', false],
])('a secure server, %s client', (_era, modern) => {
  it('lists and runs what the role allows, and nothing else', async () => {
    const client = await connect(mint('bob', 'analyst'), modern);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['get', 'broken']);
    expect(await client.callTool({ name: 'get', arguments: { id: 7 } })).toMatchObject({
      structuredContent: { id: 7, tenant: 'acme' },
    });
    const before = ran;
    expect(await client.callTool({ name: 'delete', arguments: { id: 7 } })).toMatchObject({
      isError: true,
      structuredContent: { error_code: 'NOT_FOUND' },
    });
    expect(await client.callTool({ name: 'get', arguments: { id: '7' } })).toMatchObject({
      isError: true,
      structuredContent: { error_code: 'INVALID_ARGUMENT' },
    });
    expect(await client.callTool({ name: 'get', arguments: { id: 7, extra: 1 } })).toMatchObject({ isError: true });
    expect(ran).toBe(before);
    await client.close();
  });

  it('passes on a ToolError to the model, and no other error', async () => {
    const client = await connect(mint('alice', 'admin'), modern);
    expect(await client.callTool({ name: 'delete', arguments: { id: 1 } })).toMatchObject({
      isError: true,
      content: [{ text: 'LOCKED: It is locked. Wait. Retry after 2 s.' }],
      structuredContent: { error_code: 'LOCKED', message: 'It is locked.', suggestion: 'Wait.', retry_after: 2 },
    });
    const broken = await client.callTool({ name: 'broken', arguments: {} });
    expect(broken).toMatchObject({ isError: true, structuredContent: { error_code: 'UPSTREAM_FAILED' } });
    expect(JSON.stringify(broken)).not.toContain('hunter2');
    await client.close();
  });

  it('refuses a caller without a key', async () => {
    const client = await connect('sp_0000000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', modern);
    await expect(client.listTools()).rejects.toThrow();
    await client.close();
  });
});

it('records intent and outcome of every call, with arguments hashed', () => {
  const records = audit.records('acme').map((record) => record['unmapped'] as Record<string, unknown>);
  expect(records.filter(({ phase }) => phase === 'intent').length).toBeGreaterThan(3);
  expect(JSON.stringify(records)).toContain('hmac:');
});

it('refuses options that are incomplete', () => {
  expect(() =>
    secureServer({
      name: 'x',
      version: '1',
      authenticators: [],
      tenants: [],
      audit,
      hashingKey: Buffer.alloc(8),
      tools: [],
    }),
  ).toThrow(/32 bytes/);
});
