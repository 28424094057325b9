/** The frame of the control API, with endpoints which exist in this test only. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { as, callerOf, openApi, type OpenApiServer } from '../testing/open-api.mts';
import type { ApiCaller } from './access.ts';
import { PAGE_QUERY } from './cursor.ts';
import { checkVersion } from './etag.ts';
import { eventsRoute, linesRoute, route, type ApiRoute, type ServerEvent } from './route.ts';
import { createTable } from './table.ts';

interface Deps {
  readonly received: unknown[];
  readonly senders: Set<(event: ServerEvent) => void>;
}

const NOTE = z.object({ id: z.string(), title: z.string() });
const note = (method: 'PUT' | 'POST', path: string, more: Partial<ApiRoute<Deps>> = {}): ApiRoute<Deps> => ({
  ...route({
    method,
    path,
    access: 'operator',
    summary: 'Writes a note.',
    params: z.strictObject({ id: z.string().max(8) }),
    query: z.strictObject({ mode: z.enum(['full', 'short']).optional(), limit: PAGE_QUERY.limit }),
    // Forgets to be strict, which the frame does not.
    body: z.object({ title: z.string(), tags: z.array(z.string()).optional() }),
    response: NOTE,
    handle({ params, query, body, ifMatch }, { received }: Deps) {
      checkVersion(ifMatch, 7);
      received.push({ params, query, body });
      return { value: { id: params.id, title: body.title, secret: 'CANARY' }, version: received.length };
    },
  }),
  ...more,
});
const ROUTES: readonly ApiRoute<Deps>[] = [
  note('PUT', '/api/v1/notes/{id}'),
  note('POST', '/api/v1/notes/{id}/once', { idempotent: true, status: 201 }),
  note('POST', '/api/v1/notes/{id}/versioned', { ifMatch: 'required' }),
  note('POST', '/api/v1/installation/{id}', { everywhere: true }),
  route({
    method: 'GET',
    path: '/api/v1/notes/{id}',
    access: 'viewer',
    summary: 'Reads a note.',
    params: z.strictObject({ id: z.string().max(8) }),
    response: NOTE,
    handle: ({ params }) => ({ value: { id: params.id, title: 't' }, version: 3 }),
  }),
  route({
    method: 'GET',
    path: '/api/v1/notes/fixed',
    access: 'none',
    summary: 'Goes before the variable one.',
    response: z.object({ caller: z.boolean() }),
    handle: ({ caller }) => ({ value: { caller: caller !== undefined } }),
  }),
  route({
    method: 'POST',
    path: '/api/v1/broken',
    access: 'person',
    summary: 'Throws.',
    response: z.object({}),
    handle: () => {
      throw new Error('CANARY');
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/wrong',
    access: 'person',
    summary: 'Answers with something else than it declares.',
    response: NOTE,
    handle: () => ({ value: { id: 1 } as never }),
  }),
  linesRoute({
    method: 'GET',
    path: '/api/v1/lines',
    access: 'auditor',
    summary: 'Streams.',
    query: z.strictObject({ count: z.string() }),
    response: z.object({ n: z.int() }),
    async *lines({ query }) {
      for (let n = 0; n < Number(query.count); n++) yield { n, secret: 'CANARY' };
    },
  }),
  eventsRoute({
    path: '/api/v1/events',
    access: 'viewer',
    summary: 'What happens.',
    events: { changed: z.object({ kind: z.string() }) },
    subscribe(_caller, { senders }: Deps, send) {
      senders.add(send);
      return () => senders.delete(send);
    },
  }),
];

let deps: Deps;
let api: OpenApiServer;
let callers: Record<string, ApiCaller | undefined>;
let nowMs: number;
beforeEach(async () => {
  deps = { received: [], senders: new Set() };
  callers = {
    operator: callerOf('olga', ['operator']),
    other: callerOf('otto', ['operator']),
    viewer: callerOf('vera', ['viewer']),
    auditor: callerOf('aude', ['auditor']),
    nobody: callerOf('nora', []),
  };
  nowMs = 1_000;
  api = await openApi(ROUTES, deps, callers, { clock: { now: () => nowMs } });
});
afterEach(() => api.close());

const send = (method: string, path: string, body?: string | readonly string[], token = 'operator') =>
  api.send(method, path, body, as(token));

describe('an endpoint', () => {
  it('gets parameters, query and body, and answers with what it declares and no more', async () => {
    const answer = await send('PUT', '/api/v1/notes/a%2Fb?mode=full&limit=7', '{"title":"x"}');
    expect(answer).toMatchObject({ status: 200, document: { id: 'a/b', title: 'x' } });
    expect(answer.headers).toMatchObject({ etag: '"1"', 'content-type': 'application/json' });
    expect(answer.text).not.toContain('CANARY');
    expect(deps.received).toEqual([{ params: { id: 'a/b' }, query: { mode: 'full', limit: 7 }, body: { title: 'x' } }]);
  });

  it('gets a body that is sent in chunks', async () => {
    expect((await send('PUT', '/api/v1/notes/n1', ['{"title"', ':"x"}'])).status).toBe(200);
  });

  it('is served for HEAD as for GET, and a fixed segment goes before a variable one', async () => {
    expect(await send('HEAD', '/api/v1/notes/n1')).toMatchObject({ status: 200, text: '', headers: { etag: '"3"' } });
    expect(await api.send('GET', '/api/v1/notes/fixed')).toMatchObject({ status: 200, document: { caller: false } });
    expect(await send('GET', '/api/v1/notes/fixed')).toMatchObject({ document: { caller: false } });
  });

  it('A29 that throws, or answers something else than it declares, is answered with 500 without a reason', async () => {
    for (const path of ['/api/v1/broken', '/api/v1/wrong']) {
      const { status, document, text } = await send('POST', path, '{}'.slice(2));
      expect([status, document['code']]).toEqual([500, 'INTERNAL']);
      expect(text).not.toContain('CANARY');
    }
  });

  it('A14 without a declared role does not start, nor does one that another one hides', () => {
    const good = note('PUT', '/api/v1/notes/{id}');
    expect(() => createTable([{ ...good, access: undefined as never }])).toThrow('does not say who may use it');
    expect(() => createTable([good, good])).toThrow('in the table already');
    expect(() => createTable([good, note('POST', '/api/v1/notes/{name}')])).toThrow('in the table already');
  });
});

describe('a request is refused before the endpoint runs, with a problem document:', () => {
  const expectProblem = async (
    answer: Promise<{ status: number; document: Readonly<Record<string, unknown>>; headers: object }>,
    status: number,
    code: string,
  ) => {
    const { document, headers, ...rest } = await answer;
    expect([rest.status, document['status'], document['code']]).toEqual([status, status, code]);
    expect(headers).toMatchObject({ 'content-type': 'application/problem+json' });
    expect(Object.keys(document)).toEqual(expect.arrayContaining(['type', 'title', 'detail']));
    expect(deps.received).toEqual([]);
    return { ...rest, document, headers: headers as Record<string, unknown> };
  };

  it('404 for a path that does not exist', async () => {
    for (const path of [
      '/api/',
      '/api/v1/notes',
      '/api/v1/notes/',
      '/api/v1/notes/a/b',
      '/api/v1/notes/%ff',
      '/api/v2',
    ])
      await expectProblem(send('PUT', path, '{}'), 404, 'NOT_FOUND');
    await expectProblem(send('PUT', '/api/v1/notes/longer-than-eight', '{"title":"x"}'), 404, 'NOT_FOUND');
  });

  it('405 with the allowed methods, and none is overridden by a header', async () => {
    for (const method of ['POST', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      const { headers } = await expectProblem(send(method, '/api/v1/notes/n1'), 405, 'METHOD_NOT_ALLOWED');
      expect(headers['allow']).toBe('PUT, GET, HEAD');
    }
    const override = { ...as('operator'), 'X-HTTP-Method-Override': 'PUT' };
    await expectProblem(api.send('POST', '/api/v1/notes/n1', '{"title":"x"}', override), 405, 'METHOD_NOT_ALLOWED');
  });

  it('401 without a credential and with one that is not accepted', async () => {
    const missing = api.send('PUT', '/api/v1/notes/n1', '{"title":"x"}');
    expect((await expectProblem(missing, 401, 'UNAUTHENTICATED')).headers['www-authenticate']).toBe('Bearer');
    await expectProblem(send('PUT', '/api/v1/notes/n1', '{"title":"x"}', 'forged'), 401, 'UNAUTHENTICATED');
  });

  it('403 without the role, or with one that is not bound to every tenant', async () => {
    for (const token of ['viewer', 'auditor', 'nobody'])
      await expectProblem(send('PUT', '/api/v1/notes/n1', '{"title":"x"}', token), 403, 'PERMISSION_DENIED');
    await expectProblem(send('POST', '/api/v1/installation/n1', '{"title":"x"}'), 403, 'PERMISSION_DENIED');
    callers['operator'] = { ...callerOf('olga', []), installationRoles: new Set(['operator']) };
    expect((await send('POST', '/api/v1/installation/n1', '{"title":"x"}')).status).toBe(200);
  });

  it('403 for another Host or Origin', async () => {
    for (const headers of [{ Origin: 'http://evil.example' }, { Host: 'evil.example' }])
      await expectProblem(
        api.send('PUT', '/api/v1/notes/n1', '{"title":"x"}', { ...as('operator'), ...headers }),
        403,
        'FORBIDDEN_ORIGIN',
      );
  });

  it.each([
    ['title=1', ['/title']],
    ['mode=full&mode=full', ['/mode']],
    ['limit=0', ['/limit']],
    ['limit=201', ['/limit']],
    ['limit=1e1', ['/limit']],
    ['limit=', ['/limit']],
    ['limit=%205&x~/=1', ['/limit', '/x~0~1']],
    ['__proto__=1', ['/__proto__']],
  ])('400 for the query %s, by name', async (query, pointers) => {
    const { document } = await expectProblem(
      send('PUT', `/api/v1/notes/n1?${query}`, '{"title":"x"}'),
      400,
      'INVALID_ARGUMENT',
    );
    const errors = document['errors'] as { in: string; pointer: string }[];
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual(pointers);
    expect(errors.every((error) => error.in === 'query')).toBe(true);
  });

  it.each([
    ['{"title":1,"more":true}', ['/more', '/title']],
    ['{"title":"x","tags":["a",2]}', ['/tags/1']],
    ['[]', ['']],
    ['{}', ['/title']],
  ])('400 for the body %s, by pointer', async (body, pointers) => {
    const { document } = await expectProblem(send('PUT', '/api/v1/notes/n1', body), 400, 'INVALID_ARGUMENT');
    expect((document['errors'] as { pointer: string }[]).map(({ pointer }) => pointer).sort()).toEqual(pointers);
  });

  it.each([
    ['not JSON', '{'],
    ['a key twice', '{"title":"a","title":"b"}'],
    ['nesting deeper than 32', `${'['.repeat(33)}${']'.repeat(33)}`],
    ['more than 1,000 keys', JSON.stringify(Object.fromEntries(Array.from({ length: 1_001 }, (_, n) => [n, 0])))],
  ])('400 for a body that is %s', async (_name, text) => {
    await expectProblem(send('PUT', '/api/v1/notes/n1', text), 400, 'INVALID_REQUEST');
  });

  it.each([
    { 'Content-Type': 'text/plain' },
    { 'Content-Type': 'application/x-www-form-urlencoded' },
    { 'Content-Type': 'multipart/form-data; boundary=x' },
    { 'Content-Type': 'application/json; charset=utf-16' },
    { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
    { 'Content-Type': '' },
  ])('H3 415 for a body of %j', async (headers) => {
    await expectProblem(
      api.send('PUT', '/api/v1/notes/n1', '{"title":"x"}', { ...as('operator'), ...headers }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    );
  });

  it('413 for a body above 64 KiB, announced or in chunks', async () => {
    const text = JSON.stringify({ title: 'x'.repeat(64 * 1024) });
    await expectProblem(send('PUT', '/api/v1/notes/n1', text), 413, 'PAYLOAD_TOO_LARGE');
    const chunks = [text.slice(0, 40_000), text.slice(40_000)];
    await expectProblem(send('PUT', '/api/v1/notes/n1', chunks), 413, 'PAYLOAD_TOO_LARGE');
  });

  it('H3 the connection ends where a body was not read, so that none is taken for a request', async () => {
    const { hostname, port } = new URL(api.url);
    const body = 'GET /api/v1/notes/fixed HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    const head = `Host: ${hostname}:${port}\r\nContent-Length: ${body.length}\r\nConnection: keep-alive`;
    const socket = connect(Number(port), hostname).setEncoding('utf8');
    socket.write(`POST /api/v1/nothing HTTP/1.1\r\n${head}\r\n\r\n${body}`);
    let answers = '';
    for await (const text of socket) answers += String(text);
    expect(answers.match(/^(HTTP\/1\.1 \d+|connection: .*)/gim)).toEqual(['HTTP/1.1 404', 'Connection: close']);
  });

  it('400 for a body where none is taken', async () => {
    await expectProblem(send('POST', '/api/v1/broken', '{"a":1}'), 400, 'INVALID_REQUEST');
  });
});

describe('versions', () => {
  it('a reader that has the version gets 304', async () => {
    const get = (tag: string) =>
      api.send('GET', '/api/v1/notes/n1', undefined, { ...as('viewer'), 'If-None-Match': tag });
    expect((await get('"3"')).status).toBe(304);
    expect((await get('W/"3", "x"')).status).toBe(304);
    expect((await get('"2"')).status).toBe(200);
  });

  it('a change names the version that it changes: 428, 412, or done', async () => {
    const put = (ifMatch: Record<string, string>) =>
      api.send('POST', '/api/v1/notes/n1/versioned', '{"title":"x"}', { ...as('operator'), ...ifMatch });
    expect((await put({})).document['code']).toBe('PRECONDITION_REQUIRED');
    expect((await put({ 'If-Match': '"6"' })).document['code']).toBe('PRECONDITION_FAILED');
    for (const broken of ['7', 'W/"7"', '"7', '', '"7",', '*, "7"'])
      expect([broken, (await put({ 'If-Match': broken })).status]).toEqual([broken, 400]);
    expect(deps.received).toEqual([]);
    expect((await put({ 'If-Match': '"1", "7"' })).status).toBe(200);
    expect((await put({ 'If-Match': '*' })).status).toBe(200);
  });
});

describe('Idempotency-Key', () => {
  const post = (key: string, body: string, token = 'operator', path = '/api/v1/notes/n1/once') =>
    api.send('POST', path, body, { ...as(token), 'Idempotency-Key': key });

  it('the same key and body change once, also at the same time; another body is 422', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => post('k1', '{"title":"x"}')));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    expect(deps.received).toHaveLength(1);
    expect((await post('k1', '{"title":"y"}')).document['code']).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(deps.received).toHaveLength(1);
  });

  it('means nothing for another caller or path, after a refusal, or after a day', async () => {
    await post('k1', '{"title":"x"}');
    await post('k1', '{"title":"x"}', 'other');
    await post('k1', '{"title":"x"}', 'operator', '/api/v1/notes/n2/once');
    expect(deps.received).toHaveLength(3);
    expect((await post('k2', '{"title":1}')).status).toBe(400);
    expect((await post('k2', '{"title":"x"}')).status).toBe(201);
    nowMs += 86_400_000;
    await post('k1', '{"title":"x"}');
    expect(deps.received).toHaveLength(5);
  });

  it('must be readable, and each caller has so many', async () => {
    for (const key of ['', 'a b', 'x'.repeat(129)]) expect((await post(key, '{"title":"x"}')).status).toBe(400);
    for (let n = 0; n < 200; n++) expect((await post(`k${n}`, '{"title":"x"}')).status).toBe(201);
    expect((await post('more', '{"title":"x"}')).status).toBe(429);
    expect((await post('more', '{"title":"x"}', 'other')).status).toBe(201);
    nowMs += 86_400_000;
    expect((await post('more', '{"title":"x"}')).status).toBe(201);
  });
});

describe('streams', () => {
  it('lines are JSON texts of what is declared, and a wrong query is still a problem', async () => {
    const { text, headers } = await send('GET', '/api/v1/lines?count=3', undefined, 'auditor');
    expect([text, headers['content-type']]).toEqual(['{"n":0}\n{"n":1}\n{"n":2}\n', 'application/x-ndjson']);
    expect((await send('GET', '/api/v1/lines', undefined, 'auditor')).document['code']).toBe('INVALID_ARGUMENT');
  });

  it('events arrive as they are declared, and a caller has so many streams', async () => {
    const opened = await Promise.all(Array.from({ length: 8 }, () => api.stream('/api/v1/events', as('viewer'))));
    expect(opened[0]?.headers['content-type']).toBe('text/event-stream');
    expect((await send('GET', '/api/v1/events', undefined, 'viewer')).document['code']).toBe('RATE_LIMITED');
    const first = opened[0]?.setEncoding('utf8');
    const chunks: string[] = [];
    first?.on('data', (chunk: string) => chunks.push(chunk));
    for (const emit of deps.senders) emit({ event: 'changed', data: { kind: 'a\nb', secret: 'CANARY' } });
    await expect.poll(() => chunks.join('')).toBe('retry: 2000\n\nevent: changed\ndata: {"kind":"a\\nb"}\n\n');
    for (const response of opened) response.destroy();
    await expect.poll(() => deps.senders.size).toBe(0);
  });

  it('B10 a stream ends within seconds of the role, and is opened anew with a further one', async () => {
    const ends = async (token: string): Promise<unknown> => {
      const response = await api.stream('/api/v1/events', as(token));
      return new Promise((resolve) => response.resume().once('end', resolve));
    };
    const all = Promise.all([ends('viewer'), ends('auditor')]);
    const stays = await api.stream('/api/v1/events', as('operator'));
    await expect.poll(() => deps.senders.size).toBe(3);
    callers['viewer'] = callerOf('vera', []);
    callers['auditor'] = callerOf('aude', ['auditor', 'operator']);
    await all;
    expect(deps.senders.size).toBe(1);
    stays.destroy();
    await expect.poll(() => deps.senders.size).toBe(0);
    expect((await send('GET', '/api/v1/events', undefined, 'nobody')).document['code']).toBe('PERMISSION_DENIED');
  });

  it('B7 a listener that does not read is cut off', async () => {
    const response = await api.stream('/api/v1/events', as('viewer'));
    response.pause();
    await expect.poll(() => deps.senders.size).toBe(1);
    const large = { event: 'changed', data: { kind: 'x'.repeat(100_000) } };
    for (let n = 0; deps.senders.size > 0 && n < 1_000; n++) {
      for (const emit of deps.senders) emit(large);
      await sleep(0);
    }
    expect(deps.senders.size).toBe(0);
    response.destroy();
  });
});
