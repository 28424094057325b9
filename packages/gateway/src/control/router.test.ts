/** An endpoint with a path parameter, a query, a body and a caller, which exists in this test only. */
import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GuardError, type Identity } from '@sallyport/guard';
import { openListener, type Listener } from '../listen/listener.ts';
import { jsonResponse, type Endpoint, type EndpointRequest } from './endpoint.ts';
import { createRouter, type AdminRoute } from './router.ts';

const ALICE = {
  principal: { user: { issuer: 'https://i', subject: 'alice' }, key: 'alice' },
  tenant: { id: 'acme' },
} as unknown as Identity;

let listener: Listener;
let received: EndpointRequest[] = [];

const record: Endpoint = (request) => {
  received.push(request);
  return { ...jsonResponse(201, { stored: request.body ?? null }), headers: { Location: '/notes/1' } };
};
const routes: readonly AdminRoute[] = [
  { path: /^\/notes\/([a-z0-9]{1,8})$/, params: ['id'], endpoints: { GET: record, PUT: record } },
  { path: /^\/open$/, endpoints: { POST: record }, authentication: 'optional' },
  { path: /^\/closed$/, endpoints: { POST: record }, authentication: 'required' },
  {
    path: /^\/broken$/,
    endpoints: {
      POST: () => {
        throw new Error('CANARY');
      },
    },
  },
];

beforeEach(async () => {
  received = [];
  const handler = createRouter(routes, {
    listenHost: '127.0.0.1',
    authenticate: ([authorization]) => {
      if (authorization === undefined) return undefined;
      if (authorization === 'Bearer good') return ALICE;
      throw new GuardError('unauthenticated');
    },
  });
  const settings = { host: '127.0.0.1', port: 0, tls: undefined, behindTlsProxy: false };
  listener = await openListener({ settings, handler, name: 'admin', limits: { drainMs: 100 } });
});
afterEach(() => listener.close());

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** @param body sent with a `Content-Length`, or in chunks without one. */
function send(
  method: string,
  path: string,
  body?: string | readonly string[],
  headers: Readonly<Record<string, string>> = JSON_TYPE,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(listener.url);
    const length = typeof body === 'string' ? { 'Content-Length': String(Buffer.byteLength(body)) } : {};
    const request = httpRequest(
      { host: hostname, port, path, method, headers: { ...headers, ...length }, agent: false },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
      },
    );
    request.on('error', reject);
    if (typeof body === 'object') for (const chunk of body) request.write(chunk);
    request.end(typeof body === 'string' ? body : undefined);
  });
}

describe('an endpoint', () => {
  it('gets the method, path parameters, query and body', async () => {
    const answer = await send('PUT', '/notes/n1?mode=full&mode=x', '{"title":"a","tags":["b"]}');
    expect(answer).toMatchObject({ status: 201, text: '{"stored":{"title":"a","tags":["b"]}}\n' });
    expect(answer.headers).toMatchObject({ location: '/notes/1', 'content-type': 'application/json' });
    expect(received).toHaveLength(1);
    const [{ query, ...request }] = received as [EndpointRequest];
    expect(request).toEqual({
      method: 'PUT',
      params: { id: 'n1' },
      body: { title: 'a', tags: ['b'] },
      caller: undefined,
    });
    expect(query.getAll('mode')).toEqual(['full', 'x']);
  });

  it('gets a body that is sent in chunks, and undefined when there is none', async () => {
    expect((await send('PUT', '/notes/n1', ['{"a"', ':1}'])).status).toBe(201);
    expect((await send('PUT', '/notes/n1')).status).toBe(201);
    expect(received.map(({ body }) => body)).toEqual([{ a: 1 }, undefined]);
  });

  it('serves HEAD with GET, and never reads a body of them', async () => {
    const answer = await send('HEAD', '/notes/n1');
    expect([answer.status, answer.text]).toEqual([201, '']);
    expect((await send('GET', '/notes/n1', '{"a":1}')).headers['connection']).toBe('close');
    expect(received).toMatchObject([
      { method: 'GET', body: undefined },
      { method: 'GET', body: undefined },
    ]);
  });

  it('A29 that throws is answered with 500 without a reason', async () => {
    expect(await send('POST', '/broken', '{}')).toMatchObject({ status: 500, text: '{"error":"internal"}\n' });
  });
});

describe('a caller', () => {
  const as = (token?: string): Record<string, string> =>
    token === undefined ? JSON_TYPE : { ...JSON_TYPE, Authorization: `Bearer ${token}` };

  it('is the authenticated principal', async () => {
    expect((await send('POST', '/closed', '{}', as('good'))).status).toBe(201);
    expect((await send('POST', '/open', '{}', as('good'))).status).toBe(201);
    expect(received.map(({ caller }) => caller)).toEqual([ALICE, ALICE]);
  });

  it('is undefined where a credential is optional and absent, or not read', async () => {
    expect((await send('POST', '/open', '{}')).status).toBe(201);
    expect((await send('PUT', '/notes/n1', '{}', as('good'))).status).toBe(201);
    expect(received.map(({ caller }) => caller)).toEqual([undefined, undefined]);
  });

  it.each([
    ['/closed', undefined],
    ['/closed', 'bad'],
    ['/open', 'bad'],
  ])('that is not accepted gets 401: %s with the token %s', async (path, token) => {
    const { status, headers } = await send('POST', path, '{}', as(token));
    expect([status, headers['www-authenticate'], received]).toEqual([401, 'Bearer', []]);
  });
});

describe('a request is refused before the endpoint runs:', () => {
  it('405 with the allowed methods', async () => {
    for (const method of ['POST', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      const { status, headers } = await send(method, '/notes/n1');
      expect([method, status, headers['allow']]).toEqual([method, 405, 'GET, HEAD, PUT']);
    }
    expect((await send('GET', '/open')).headers['allow']).toBe('POST');
    expect(received).toEqual([]);
  });

  it('404 for a path that is not matched as it is', async () => {
    for (const path of ['/notes/', '/notes/N1', '/notes/n1/', '/notes/%6e1', '/notes/../open', '//open'])
      expect([path, (await send('PUT', path, '{}')).status]).toEqual([path, 404]);
  });

  it.each([
    { 'Content-Type': 'text/plain' },
    { 'Content-Type': 'application/x-www-form-urlencoded' },
    { 'Content-Type': 'application/json; charset=utf-16' },
    { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
    {},
  ])('415 for a body of %j', async (headers) => {
    expect((await send('PUT', '/notes/n1', '{}', headers)).status).toBe(415);
    expect(received).toEqual([]);
  });

  it('413 for a body above 64 KiB, announced or in chunks', async () => {
    const text = JSON.stringify({ a: 'x'.repeat(64 * 1024) });
    const chunks = [text.slice(0, 40_000), text.slice(40_000)];
    expect((await send('PUT', '/notes/n1', text)).status).toBe(413);
    expect((await send('PUT', '/notes/n1', chunks)).status).toBe(413);
    expect(received).toEqual([]);
  });

  it.each([
    ['not JSON', '{'],
    ['a key twice', '{"a":1,"a":2}'],
    ['nesting deeper than 32', `${'['.repeat(33)}${']'.repeat(33)}`],
    ['more than 1,000 keys', JSON.stringify(Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [n, 0])))],
  ])('400 for a body that is %s', async (_name, text) => {
    expect(await send('PUT', '/notes/n1', text)).toMatchObject({
      status: 400,
      text: '{"error":"the body is not valid JSON"}\n',
    });
    expect(received).toEqual([]);
  });

  it('403 for another Host or Origin', async () => {
    expect((await send('PUT', '/notes/n1', '{}', { ...JSON_TYPE, Origin: 'http://evil.example' })).status).toBe(403);
    expect((await send('PUT', '/notes/n1', '{}', { ...JSON_TYPE, Host: 'evil.example' })).status).toBe(403);
    expect(received).toEqual([]);
  });
});
