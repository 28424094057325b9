/** Requests of tools: one origin, judged addresses, bounded, cancelled with the call, no foreign credential. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ToolError } from '../errors.ts';
import {
  AddressError,
  clientCredentials,
  http,
  path,
  segments,
  withQuery,
  type Http,
  type HttpOptions,
} from './index.ts';

const SECRET = 'k-3f9d17c2a8e04b65';
let respond: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;
const arrived: string[] = [];
const server = createServer((request, response) => {
  arrived.push(`${request.method} ${request.url}`);
  respond(request, response);
});
let origin: string;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => void (arrived.length = 0));
const clients: Http[] = [];
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  server.close().closeAllConnections();
});

const call = { signal: new AbortController().signal };
const opened = (options: HttpOptions = {}, base = `${origin}/api`): Http => {
  const client = http(base, { internal: true, ...options });
  clients.push(client);
  return client;
};
const failure = async (request: Promise<unknown>): Promise<ToolError> => {
  const thrown: unknown = await request.then(
    () => new Error('there was an answer'),
    (reason: unknown) => reason,
  );
  if (thrown instanceof ToolError) return thrown;
  throw thrown;
};
const json = (response: ServerResponse, value: unknown): void =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));

describe('R1 R2 paths', () => {
  it('R1 hold each value as one encoded part', () => {
    expect(path`/a/${'b/c?d#e%2f'}/f`.text).toBe('/a/b%2Fc%3Fd%23e%252f/f');
    expect(path`/a/x${1}.json?q=${'a&b=c'}&r=${true}`.text).toBe('/a/x1.json?q=a%26b%3Dc&r=true');
    expect(segments(['a', 'b c', 7]).text).toBe('/a/b%20c/7');
    expect(withQuery(path`/a?x=1`, { 'y[]': ['1&2', 'ä'], z: undefined }).text).toBe(
      '/a?x=1&y%5B%5D=1%262&y%5B%5D=%C3%A4',
    );
    expect(path`/`.text).toBe('/');
  });

  it.each([
    '..',
    '.',
    '',
    '%2e%2e',
    '%252e%252e',
    '..;/',
    '/..',
    'a/../b',
    '..\\',
    '..\u2215x',
    '\uff0e\uff0e',
    'a\r\nb',
    '\ud800',
  ])('R1 %j is no value of a path', (value) => {
    expect(() => path`/a/${value}/b`).toThrow(ToolError);
    expect(() => segments(['a', value])).toThrow(ToolError);
  });

  it('A23 no template makes another origin', () => {
    for (const make of [() => path`//evil.test/`, () => path`${'/a'}`, () => path`/a#${1}`, () => path`/a b`])
      expect(make).toThrow(RangeError);
    expect(path`/${'/evil.test'}`.text).toBe('/%2Fevil.test');
  });
});

describe('a request', () => {
  it('goes below the base path, with the credential that is read for it', async () => {
    respond = (request, response) => json(response, request.headers);
    let reads = 0;
    const client = opened({
      headers: { 'X-App': 'crm' },
      credentials: { 'x-api-key': () => (reads++, `${SECRET}\n`) },
    });
    const headers = (await client.post(call, path`/a/${'b'}`, { query: { c: 'd&e' }, json: { f: 1 } })).json();
    expect(arrived).toEqual(['POST /api/a/b?c=d%26e']);
    expect(headers).toMatchObject({ 'x-app': 'crm', 'x-api-key': SECRET, 'content-type': 'application/json' });
    expect(reads).toBe(1);
  });

  it('R3 has no header of framing, and no value that adds a line', async () => {
    const client = opened();
    for (const name of ['Host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'a b'])
      await expect(failure(client.get(call, path`/`, { headers: { [name]: 'x' } })), name).rejects.toThrow(RangeError);
    for (const value of ['a\r\nX: 1', 'a\nb', 'ä', ''])
      expect((await failure(client.get(call, path`/`, { headers: { 'x-a': value } }))).code).toBe('INVALID_ARGUMENT');
    expect(arrived).toEqual([]);
  });

  it('ends with the call, and after its time', async () => {
    const waiting = Promise.withResolvers<void>();
    respond = () => waiting.resolve();
    const abort = new AbortController();
    const cancelled = failure(opened().get({ signal: abort.signal }, path`/slow`));
    await waiting.promise;
    abort.abort();
    expect((await cancelled).code).toBe('CANCELLED');
    respond = () => undefined;
    expect((await failure(opened({ timeoutMs: 50 }).get(call, path`/slow`))).code).toBe('TIMEOUT');
  });

  it('H11 B5 is not answered with more than it may be, nor with a bomb', async () => {
    respond = (_request, response) => void response.writeHead(200).end('x'.repeat(2_000));
    expect((await failure(opened({ bytesMax: 1_000 }).get(call, path`/`))).cause).toHaveProperty(
      'message',
      'the answer is larger than 1000 bytes',
    );
    expect((await opened({ bytesMax: 2_000 }).get(call, path`/`)).text().length).toBe(2_000);
    respond = (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'));
    expect(String((await failure(opened().get(call, path`/`))).cause)).toContain('compressed');
  });

  it('S4 follows a few redirects within its origin, and none to another', async () => {
    respond = (request, response) => {
      if (request.url === '/api/a') return void response.writeHead(302, { location: '/api/b?c=1' }).end();
      if (request.url === '/api/loop') return void response.writeHead(301, { location: '/api/loop' }).end();
      if (request.url === '/api/out')
        return void response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
      if (request.url === '/api/port') return void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
      return json(response, {});
    };
    const client = opened({ credentials: { 'x-api-key': () => SECRET } });
    expect((await client.get(call, path`/a`)).json()).toEqual({});
    expect(arrived).toEqual(['GET /api/a', 'GET /api/b?c=1']);
    for (const target of [path`/out`, path`/port`])
      expect(String((await failure(client.get(call, target))).cause)).toContain('redirect');
    arrived.length = 0;
    await failure(client.get(call, path`/loop`));
    expect(arrived.length).toBe(4);
    await failure(client.post(call, path`/a`, { json: {} }));
    expect(arrived.length).toBe(5);
  });

  it('J12 is read as what its type says', async () => {
    respond = (request, response) =>
      void response
        .writeHead(200, { 'content-type': request.url?.endsWith('json') === true ? 'application/json' : 'text/html' })
        .end(Buffer.from([0x22, 0xff, 0x22]));
    const client = opened();
    await expect((async () => (await client.get(call, path`/html`)).json())()).rejects.toThrow('no JSON');
    await expect((async () => (await client.get(call, path`/json`)).json())()).rejects.toThrow();
  });

  it('R6 that fails says nothing of address or credential', async () => {
    const client = opened({ credentials: { authorization: () => `Bearer ${SECRET}\r\nX: 1` } });
    const thrown = await failure(client.get(call, path`/`)).catch((reason: unknown) => reason as Error);
    expect(String(thrown)).not.toContain(SECRET);
    const refused = await failure(opened({}, 'http://127.0.0.1:1').get(call, path`/customers/42`));
    expect(refused.message).toBe('The system behind this tool failed.');
  });
});

describe('S1 S2 where a request may go', () => {
  it.each([
    'ftp://a.test',
    'file:///etc',
    'http://crm.test',
    'https://u:p@crm.test',
    'https://crm.test?a',
    'https://crm.test#a',
    'x',
  ])('S1 S5 %s is no base URL', (base) => expect(() => http(base)).toThrow(RangeError));

  it('S2 a private address is reached only where the author says so, a metadata service never', async () => {
    const judged = await failure(opened({ internal: false }).get(call, path`/`));
    expect(judged.cause).toBeInstanceOf(AddressError);
    for (const base of ['https://169.254.169.254', 'https://[fe80::1]', 'https://0x7f.1', 'https://[::ffff:10.0.0.1]'])
      expect(
        (await failure(opened({ internal: base.includes('0x7f') ? false : true }, base).get(call, path`/`))).cause,
        base,
      ).toBeInstanceOf(AddressError);
    const named = await failure(
      opened({ internal: false }, `https://localhost:${new URL(origin).port}`).get(call, path`/`),
    );
    expect(named.cause).toBeInstanceOf(AddressError);
    expect(arrived).toEqual([]);
  });
});

describe('client credentials', () => {
  it('are asked for once for all calls, and again when they expire', async () => {
    let tokens = 0;
    respond = (request, response) => {
      void request.toArray().then((chunks) => {
        expect(Buffer.concat(chunks).toString()).toBe('grant_type=client_credentials&scope=a+b');
        expect(request.headers.authorization).toBe(`Basic ${Buffer.from(`id:${SECRET}`).toString('base64')}`);
        tokens += 1;
        json(response, { access_token: `token-${tokens}`, expires_in: tokens === 1 ? 3_600 : 1 });
      });
    };
    const source = (): (() => Promise<string>) =>
      clientCredentials(opened(), path`/token`, { clientId: 'id', clientSecret: () => SECRET, scopes: ['a', 'b'] });
    const token = source();
    expect(await Promise.all([token(), token(), token()])).toEqual(['token-1', 'token-1', 'token-1']);
    expect([await token(), tokens]).toEqual(['token-1', 1]);
    const short = source();
    expect([await short(), await short()]).toEqual(['token-2', 'token-3']);
  });

  it('that are refused fail without a word of the server', async () => {
    respond = (_request, response) => void response.writeHead(401).end(`wrong ${SECRET}`);
    const token = clientCredentials(opened(), path`/token`, { clientId: 'id', clientSecret: () => SECRET });
    await expect(token()).rejects.toThrow('gave no token (HTTP status 401)');
  });
});
