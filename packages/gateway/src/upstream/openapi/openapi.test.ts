/** How a REST interface is reached: A23, R6, H11, S2, S4 and what else may come back. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GuardError } from '@sallyport/guard';
import { toolsOf } from '@sallyport/server/openapi';
import type { ServerSettings } from '../../snapshot.ts';
import { transportErrorOf } from '../transports/failure.ts';
import type { Endpoint } from '../transports/transport-kind.ts';
import { gatewayRequest, type Connection, type OutboundRequest } from '../transports/transport.ts';
import { openapiTransport } from './openapi.ts';

const DOCUMENT = `
openapi: 3.1.0
info: { title: T, version: '1' }
paths:
  /things/{id}:
    get:
      operationId: getThing
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses: { '200': { description: ok, content: { application/json: { schema: { type: object } } } } }
`;

let respond: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
let arrived = 0;
const server = createServer((request, response) => {
  arrived += 1;
  respond(request, response);
});
let baseUrl: string;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`;
});
beforeEach(() => void (arrived = 0));
afterAll(() => void server.close().closeAllConnections());

const settingsFor = (more: object = {}): ServerSettings =>
  ({
    name: 'rest',
    transport: {
      kind: 'openapi',
      file: '',
      title: 'T',
      version: '1',
      baseUrl,
      headers: { 'X-Tenant': 'acme' },
      credentials: {},
      tools: toolsOf(DOCUMENT, { allow: ['getThing'] }).tools,
      notes: [],
      trimBytes: 1_000,
      ...more,
    },
    timeoutMs: 60_000,
    errors: 'show',
  }) as unknown as ServerSettings;

async function connected<T>(settings: ServerSettings, use: (connection: Connection) => Promise<T>): Promise<T> {
  const endpoint: Endpoint = openapiTransport.openEndpoint(settings, {});
  try {
    return await use(await endpoint.connect({} as never));
  } finally {
    await endpoint.close();
  }
}

const callWith = (more: Partial<OutboundRequest> = {}, input: object = { id: 'a b' }): OutboundRequest => ({
  ...gatewayRequest('tools/call', { name: 'get_thing', arguments: input as never }, 60_000, 100_000),
  ...more,
});
const call = (more: Partial<OutboundRequest> = {}, settings = settingsFor()): Promise<unknown> =>
  connected(settings, async (connection) => (await connection.request(callWith(more))).value);
const failure = (more: Partial<OutboundRequest> = {}, settings = settingsFor()): Promise<GuardError> =>
  call(more, settings).then(
    (value) => Promise.reject(new Error(JSON.stringify(value))),
    (thrown: unknown) => thrown as GuardError,
  );
const json = (response: ServerResponse, value: unknown, status = 200): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));

describe('a call of a REST interface', () => {
  it('is one request below the base path with the headers of the operator', async () => {
    const seen: unknown[] = [];
    respond = (request, response) => {
      seen.push(request.method, request.url, request.headers['x-tenant']);
      json(response, { id: 1 });
    };
    expect(await call()).toEqual({ content: [{ type: 'text', text: '{"id":1}' }], structuredContent: { id: 1 } });
    expect(seen).toEqual(['GET', '/api/things/a%20b', 'acme']);
  });

  it('A23 with an argument that has no place is refused before anything is sent', async () => {
    for (const id of ['..', 'a\r\nb', ''])
      await expect(
        connected(settingsFor(), (connection) => connection.request(callWith({}, { id }))),
        JSON.stringify(id),
      ).rejects.toMatchObject({ code: 'invalid_input' });
    expect(arrived).toBe(0);
  });

  it('ends with the signal of its caller, and with the time that the interface may take', async () => {
    const waiting = Promise.withResolvers<void>();
    respond = () => waiting.resolve();
    const abort = new AbortController();
    const cancelled = failure({ signal: abort.signal });
    await waiting.promise;
    abort.abort();
    expect((await cancelled).code).toBe('cancelled');
    expect((await failure({ signal: abort.signal })).code).toBe('cancelled');
    respond = () => undefined;
    expect((await failure({ timeoutMs: 30 })).code).toBe('upstream_timeout');
  });

  it('R6 that fails says what the interface said, unless errors are hidden', async () => {
    respond = (_request, response) => json(response, { message: 'no such plan' }, 422);
    expect(JSON.stringify(await call())).toContain('no such plan');
    const hidden = await call({}, { ...settingsFor(), errors: 'hide' });
    expect([JSON.stringify(hidden).includes('plan'), hidden]).toEqual([
      false,
      expect.objectContaining({ isError: true }),
    ]);
  });

  it('R6 never shows a credential that the interface sends back', async () => {
    const credentials = { basic: { user: 'u', password: 'correct-horse' } };
    respond = (_request, response) => json(response, { message: 'wrong: correct-horse, acme-token' }, 400);
    const result = await call({}, settingsFor({ credentials, headers: { 'x-token': 'acme-token' } }));
    expect(JSON.stringify(result)).not.toMatch(/correct-horse|acme-token/);
  });

  it('S4 is not redirected', async () => {
    respond = (_request, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    expect(await call()).toMatchObject({ isError: true, structuredContent: { error_code: 'UPSTREAM_FAILED' } });
    expect(arrived).toBe(1);
  });

  it('H11 with a compressed answer that nobody asked for fails', async () => {
    respond = (_request, response) =>
      void response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(gzipSync('{}'));
    expect(transportErrorOf(await failure())?.reason).toContain('compressed');
  });

  it('B5 with an answer above the limit fails, and with a long one is trimmed', async () => {
    respond = (_request, response) => json(response, { items: Array.from({ length: 400 }, (_, n) => ({ n })) });
    expect((await failure({ bytesMax: 2_000 })).code).toBe('output_blocked');
    const { content } = (await call()) as { content: { text: string }[] };
    expect([content[0]!.text.length <= 1_000, content[1]?.text]).toEqual([
      true,
      expect.stringContaining('of 400 items'),
    ]);
  });

  it('of another method or of a tool that is not in the document is an error', async () => {
    for (const request of [callWith({ params: { name: 'other' } }), callWith({ method: 'prompts/list' })])
      await expect(connected(settingsFor(), (connection) => connection.request(request))).rejects.toMatchObject({
        code: 'upstream_failed',
      });
    expect(arrived).toBe(0);
  });
});

describe('a REST interface that cannot be reached', () => {
  const closed = async (): Promise<string> => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    other.close();
    return `http://127.0.0.1:${port}`;
  };

  it('is said to be so when it is connected to', async () => {
    const thrown = await failure({}, settingsFor({ baseUrl: await closed() }));
    expect(transportErrorOf(thrown)).toMatchObject({
      reason: 'it cannot be connected to (ECONNREFUSED)',
      unsent: true,
    });
  });

  it.each(['http://169.254.169.254/', 'http://[fe80::1]/', 'http://[::ffff:169.254.169.254]/', 'http://0.0.0.0/'])(
    'S2 %s is connected to for nobody',
    async (address) => {
      const thrown = await failure({}, settingsFor({ baseUrl: address }));
      expect(transportErrorOf(thrown)?.reason).toBe('it cannot be connected to: the address is private');
    },
  );
});
