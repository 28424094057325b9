/**
 * What a server author gets wrong: schemas, results, tools that hang, keys and limits; with clients of the SDK over
 * HTTP.
 */
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { GuardError, refusalResult } from '@sallyport/guard';
import { createMemoryAuditLog, createMemoryKeys, systemClock } from '@sallyport/guard/memory';
import { createApiKeyAuthenticator, mintApiKey } from '@sallyport/guard/stages';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { secureServer, tool, type SecureServerOptions, type Tool } from './index.ts';

const keys = createMemoryKeys();
const { text: token, key } = mintApiKey({
  tenant: 'acme',
  subject: 'bob',
  name: 'bob',
  roles: [],
  scopes: [],
  tier: undefined,
  createdAtMs: Date.now(),
  expiresAtMs: undefined,
});
void keys.put(key);

const input = { type: 'object', properties: {} };
const answering = (name: string, answer: () => unknown): Tool =>
  tool({ name, description: name, input, roles: 'everyone', run: async () => answer() as string });
const failing = answering('fails', () => {
  throw new Error('no rows, password=hunter2\n    at query (/srv/db.js:1:2)');
});
const reported: { error: unknown; id: string }[] = [];
let aborted = false;
const base: SecureServerOptions = {
  name: 'crm',
  version: '1.0.0',
  authenticators: [createApiKeyAuthenticator(keys, systemClock)],
  tenants: ['acme'],
  audit: createMemoryAuditLog(),
  // Longer than a block of SHA-256, as keys from a random generator may be.
  hashingKey: Buffer.alloc(100, 7),
  tools: [],
};
const { factory } = secureServer({
  ...base,
  timeoutMs: 200,
  onError: (error, id) => {
    reported.push({ error, id });
    throw new Error('the logger is broken: hunter2');
  },
  tools: [
    answering('nothing', () => undefined),
    answering('null', () => null),
    answering('list', () => [1]),
    answering('big', () => ({ n: 1n })),
    answering('map', () => ({ at: new Date(0), gone: undefined, sum: Number.NaN })),
    failing,
    tool({
      name: 'hangs',
      description: 'never ends',
      input,
      roles: 'everyone',
      run: (_input, { signal }) =>
        new Promise(() =>
          signal.addEventListener('abort', () => {
            aborted = true;
          }),
        ),
    }),
  ],
});

let http: HttpServer;
const address = (path = '/'): URL => new URL(path, `http://127.0.0.1:${(http.address() as AddressInfo).port}`);
const as = (bearer: string) => ({ requestInit: { headers: { authorization: `Bearer ${bearer}` } } });
beforeAll(async () => {
  const handle = toNodeHandler(createMcpHandler(factory));
  const hide = toNodeHandler(createMcpHandler(secureServer({ ...base, errors: 'hide', tools: [failing] }).factory));
  http = createServer((req, res) => void (req.url === '/hide' ? hide : handle)(req as never, res as never));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
});
afterAll(
  () =>
    new Promise((resolve) => {
      http.closeAllConnections();
      http.close(resolve);
    }),
);
beforeEach(() => {
  reported.length = 0;
});

const connects: readonly (readonly [string, (bearer: string, path?: string) => Promise<Client>])[] = [
  [
    'v2',
    async (bearer, path) => {
      const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } } as never);
      await client.connect(new StreamableHTTPClientTransport(address(path), as(bearer)));
      return client;
    },
  ],
  [
    'v1',
    async (bearer, path) => {
      const client = new FirstClient({ name: 'test', version: '1' });
      await client.connect(new FirstTransport(address(path), as(bearer)) as never);
      return client as unknown as Client;
    },
  ],
];

describe.each(connects)('with the client of SDK %s', (_name, connect) => {
  it.each(['nothing', 'null', 'list', 'big', 'fails'])(
    'a tool that returns %s has failed, and its author gets the whole reason',
    async (name) => {
      const client = await connect(token);
      const answer = await client.callTool({ name, arguments: {} });
      expect(answer).toMatchObject({
        isError: true,
        structuredContent: {
          error_code: 'UPSTREAM_FAILED',
          message: name === 'fails' ? 'The tool failed: no rows, password=[redacted]' : 'The tool failed.',
          correlation_id: reported[0]?.id,
        },
      });
      expect(JSON.stringify(answer)).not.toContain('hunter2');
      expect(reported).toHaveLength(1);
      expect((reported[0]?.error as Error).message).toMatch(name === 'fails' ? /hunter2/ : /JSON|BigInt/);
      await client.close();
    },
  );

  it('an author can hide what the errors of tools say', async () => {
    const client = await connect(token, '/hide');
    expect(await client.callTool({ name: 'fails', arguments: {} })).toMatchObject({
      isError: true,
      structuredContent: { message: 'The tool failed.' },
    });
    await client.close();
  });

  it('text and structured content of an answer are equal', async () => {
    const client = await connect(token);
    expect(await client.callTool({ name: 'map', arguments: {} })).toMatchObject({
      structuredContent: { at: '1970-01-01T00:00:00.000Z', sum: null },
      content: [{ text: '{"at":"1970-01-01T00:00:00.000Z","sum":null}' }],
    });
    await client.close();
  });

  it('a tool that never ends is aborted, and the caller gets a timeout', async () => {
    aborted = false;
    const client = await connect(token);
    expect(await client.callTool({ name: 'hangs', arguments: {} })).toMatchObject({
      isError: true,
      structuredContent: { error_code: 'TIMEOUT' },
    });
    expect(aborted).toBe(true);
    await client.close();
  });

  it('an unknown caller gets a protocol error for lists and for calls', async () => {
    const client = await connect('sp_0000000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
    await expect(client.listTools()).rejects.toMatchObject({ code: 401, data: { error_code: 'UNAUTHENTICATED' } });
    await expect(client.callTool({ name: 'map', arguments: {} })).rejects.toMatchObject({ code: 401 });
    await client.close();
  });
});

it('a rate-limited model reads how long it has to wait', () => {
  const refused = refusalResult(new GuardError('rate_limited', { retryAfterSeconds: 7 }), 'c-1');
  expect(refused).toMatchObject({
    content: [
      { text: 'RATE_LIMITED: The rate limit is exhausted. Wait for the given time, then call again. Retry after 7 s.' },
    ],
    structuredContent: { retry_after: 7 },
  });
});

const written = (changes: Partial<Tool>): Tool => ({
  name: 'get',
  description: '',
  input,
  roles: 'everyone',
  run: async () => '',
  ...changes,
});

describe('a tool is checked when it is defined, not when it is called', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'a value that is not a schema',
      () => tool(written({ input: { type: 'object', properties: { id: { type: 'intger' } } } })),
      /tool get: the input schema cannot be used/,
    ],
    [
      'a reference that leaves the schema',
      () => tool(written({ input: { type: 'object', properties: { id: { $ref: 'https://x/y' } } } })),
      /leaves the schema/,
    ],
    [
      'a pattern that backtracks',
      () => tool(written({ input: { type: 'object', properties: { id: { type: 'string', pattern: '(a)\\1' } } } })),
      /cannot be used/,
    ],
    [
      'a schema of no object, which clients refuse with the whole list',
      () => tool(written({ input: {} })),
      /type: 'object'/,
    ],
    ['roles that are one name', () => tool(written({ roles: 'admin' as never })), /roles/],
    ['a tool that `tool` never saw', () => secureServer({ ...base, tools: [written({ name: 'a b' })] }), /A-Za-z/],
    [
      'limits without a default, which would be none',
      () => secureServer({ ...base, limits: { premium: [] } }),
      /default/,
    ],
    ['no time at all', () => secureServer({ ...base, timeoutMs: 0 }), /timeoutMs/],
  ])('%s', (_what, make, message) => expect(make).toThrow(message));
});
