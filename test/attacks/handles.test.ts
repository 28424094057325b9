/**
 * A18, S11: everything that the gateway hands to a client to bring back (session ids, request states, task ids, event ids)
 * is nobody else's: not another user's, not another tenant's, not another agent's of the same user, not with a bit changed,
 * not for another method, tool, server or era, and not later than it may be.
 */
import { request } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { legacyHttp, type LegacyHttp } from '../../packages/gateway/src/upstream/testing/legacy-server.mts';
import { modernHttp, type ModernHttp } from '../../packages/gateway/src/upstream/testing/modern-server.mts';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, headersFor, MODERN_META, post, type Answer, type Era, type RawClient } from './mcp-client.ts';
import { sendHttp } from './http-client.ts';
import { openUpstream, SILENT, tool, type Upstream } from './upstream.ts';

const fixtures = new URL('../../packages/gateway/src/upstream/testing/', import.meta.url).pathname;
const asks = { clientRequests: { elicitation: true } };
const child = (name: string): object => ({
  command: [process.execPath, '--conditions=sallyport-source', `${fixtures}${name}`],
  ...asks,
});

let old: LegacyHttp;
let fresh: ModernHttp;
let tasks: Record<Era, Upstream>;
let talker: Upstream;
/** A tool and a prompt of one name that both ask. */
let twin: Upstream;
let gateway: TestGateway;

/** A server whose every call is a task, and who tells whoever asks about any task. */
const taskServer = (era: Era): Promise<Upstream> => {
  let made = 0;
  return openUpstream({
    era,
    tools: [tool('make')],
    respond: ({ method, params }) => {
      if (method === 'initialize')
        return {
          protocolVersion: '2025-11-25',
          capabilities: { tools: {}, tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
          serverInfo: { name: 'tasks', version: '1' },
        };
      const task = {
        taskId: `t${(made += 1)}`,
        status: 'working',
        createdAt: '2026-01-01T00:00:00Z',
        lastUpdatedAt: '2026-01-01T00:00:00Z',
        ttl: 60_000,
      };
      if (method === 'tools/call') return era === 'legacy' ? { task } : { resultType: 'task', ...task };
      if (method === 'tasks/list') return { tasks: [{ ...task, taskId: 'CANARY-of-somebody' }] };
      if (method === 'tasks/result') return { content: [{ type: 'text', text: 'CANARY' }] };
      return method.startsWith('tasks/') ? { ...task, taskId: params['taskId'], statusMessage: 'CANARY' } : undefined;
    },
  });
};

beforeAll(async () => {
  [old, fresh] = await Promise.all([legacyHttp(), modernHttp()]);
  tasks = { legacy: await taskServer('legacy'), modern: await taskServer('modern') };
  talker = await openUpstream({
    tools: [tool('talk')],
    respond: ({ method, body }, response) => {
      if (method !== 'tools/call') return undefined;
      const { id, params } = JSON.parse(body) as {
        id: number;
        params: { arguments: { a: string }; _meta: { progressToken: unknown } };
      };
      const say = (message: object): void =>
        void response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const progress of [1, 2])
        say({
          method: 'notifications/progress',
          params: { progressToken: params._meta.progressToken, progress, message: params.arguments.a },
        });
      setTimeout(() => {
        say({ id, result: { content: [{ type: 'text', text: params.arguments.a }] } });
        response.end();
      }, 400);
      return SILENT;
    },
  });
  const asking = {
    resultType: 'input_required',
    inputRequests: {
      q: {
        method: 'elicitation/create',
        params: { mode: 'form', message: 'Name?', requestedSchema: { type: 'object', properties: {} } },
      },
    },
    requestState: 'theirs',
  };
  twin = await openUpstream({
    era: 'modern',
    tools: [tool('twin', {})],
    prompts: [{ name: 'twin' }],
    respond: ({ method, params }) =>
      method !== 'tools/call' && method !== 'prompts/get'
        ? undefined
        : params['requestState'] === undefined
          ? asking
          : method === 'tools/call'
            ? { content: [{ type: 'text', text: 'ANSWERED' }] }
            : { messages: [], description: 'ANSWERED' },
  });
  gateway = await openGateway({
    servers: {
      'old-http': { url: old.url, ...asks },
      'new-http': { url: fresh.url, ...asks },
      'old-pipe': child('legacy-server.mts'),
      'new-pipe': child('modern-server.mts'),
      'task-legacy': { url: tasks.legacy.url },
      'task-modern': { url: tasks.modern.url },
      talker: { url: talker.url },
      twin: { url: twin.url, ...asks },
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await Promise.all([old, fresh, tasks.legacy, tasks.modern, talker, twin].map((one) => one?.close()));
});
afterEach(() => {
  vi.useRealTimers();
});

/** Everybody who is not Alice's agent: by how little they differ from it. */
const THIEVES: readonly (readonly [name: string, user: string, claims: Record<string, unknown>])[] = [
  ['another user of the tenant', 'bob', {}],
  ['another tenant', 'carol', {}],
  ['the same subject in another tenant', 'alice', { tenant_id: 'globex' }],
  ['another agent of the same user', 'alice', { client_id: 'other-agent' }],
  ['an actor for the same user', 'alice', { act: { sub: 'helper' } }],
];

/** Each with one bit changed, over the whole length; and cut, longer, doubled, in another alphabet. */
function* changed(text: string): Generator<string> {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (let at = 0; at < text.length; at += Math.max(1, Math.floor(text.length / 24))) {
    const index = alphabet.indexOf(text[at] as string);
    if (index >= 0) yield `${text.slice(0, at)}${alphabet[index ^ 1]}${text.slice(at + 1)}`;
  }
  yield* [
    text.slice(0, -1),
    text.slice(1),
    `${text}A`,
    `A${text}`,
    `${text}${text}`,
    `${text}=`,
    text.replaceAll('-', '+').replaceAll('_', '/') + (/[-_]/.test(text) ? '' : '/'),
    text.toLowerCase(),
  ];
}

const CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
const META = { ...MODERN_META, 'io.modelcontextprotocol/clientCapabilities': CAPABILITIES };

type Json = Record<string, unknown>;
const modernCall = (path: string, token: string, params: Json, method = 'tools/call'): Promise<Answer> => {
  const whole = { ...params, _meta: META };
  return post(
    `${gateway.url}${path}`,
    headersFor('modern', token, { method, params }),
    JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: whole }),
  );
};

const codeOf = ({ error, result, status }: Answer): unknown =>
  error?.code ??
  (result?.['structuredContent'] as Json | undefined)?.['error_code'] ??
  result?.['resultType'] ??
  status;
const ASKERS = ['old-http', 'old-pipe', 'new-http', 'new-pipe'];

describe.each(ASKERS)('A18 S11 a request state of %s', (server) => {
  const begin = async (name = 'ask') => {
    const token = await gateway.token('alice');
    const { result } = await modernCall(`/mcp/${server}`, token, { name, arguments: {} });
    expect(result).toMatchObject({ resultType: 'input_required' });
    const inputResponses = Object.fromEntries(
      Object.keys(result?.['inputRequests'] as Json).map((key) => [
        key,
        { action: 'accept', content: { name: 'ANSWERED' } },
      ]),
    );
    return { token, params: { name, arguments: {}, requestState: result?.['requestState'] as string, inputResponses } };
  };
  const INVALID = -32602;

  it.each(THIEVES)('is not for %s', async (_name, user, claims) => {
    const { token, params } = await begin();
    expect(codeOf(await modernCall(`/mcp/${server}`, await gateway.token(user, claims), params))).toBe(INVALID);
    expect(JSON.stringify((await modernCall(`/mcp/${server}`, token, params)).result)).toContain('ANSWERED');
  });

  it('is for no other tool, arguments, method, server; not changed; not again', async () => {
    const { token, params } = await begin();
    const other = ASKERS[(ASKERS.indexOf(server) + 1) % 4] as string;
    const tries: [string, Json, string?][] = [
      [`/mcp/${server}`, { ...params, name: 'echo' }],
      [`/mcp/${server}`, { ...params, arguments: { text: 'x' } }],
      [`/mcp/${other}`, params],
      ['/mcp', { ...params, name: `${other}__ask` }],
      [
        `/mcp/${server}`,
        { requestState: params.requestState, inputResponses: params.inputResponses, uri: 'test://a' },
        'resources/read',
      ],
      [`/mcp/${server}`, { ...params, name: 'hello' }, 'prompts/get'],
      [`/mcp/${server}`, { ...params, requestState: undefined }],
      [`/mcp/${server}`, { ...params, requestState: '' }],
      [`/mcp/${server}`, { ...params, requestState: [params.requestState] }],
      [`/mcp/${server}`, { ...params, requestState: null }],
      ...[...changed(params.requestState)].map((requestState): [string, Json] => [
        `/mcp/${server}`,
        { ...params, requestState },
      ]),
    ];
    for (const [path, given, method] of tries) {
      const answer = await modernCall(path, token, given, method);
      expect(
        [INVALID, 'INVALID_ARGUMENT', 'NOT_FOUND'],
        `${path} ${JSON.stringify(given).slice(0, 300)} ${JSON.stringify(answer.messages)}`,
      ).toContain(codeOf(answer));
      expect(JSON.stringify(answer.messages)).not.toContain('ANSWERED');
    }
    // By the other way to the same tool it is the same call; and once it is used up, what it stood for is over.
    expect(JSON.stringify((await modernCall('/mcp', token, { ...params, name: `${server}__ask` })).result)).toContain(
      'ANSWERED',
    );
    if (server.startsWith('old')) expect(codeOf(await modernCall(`/mcp/${server}`, token, params))).toBe(INVALID);
  });

  it('says nothing to a client of the other era, whose call begins anew', async () => {
    const { token, params } = await begin();
    const client = await connect(`${gateway.url}/mcp/${server}`, token, 'legacy', {});
    expect(JSON.stringify((await client.send('tools/call', params)).messages)).not.toContain('ANSWERED');
    await modernCall(`/mcp/${server}`, token, params);
  });

  it('ends', async () => {
    const { params } = await begin();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 16 * 60_000 });
    expect(codeOf(await modernCall(`/mcp/${server}`, await gateway.token('alice'), params))).toBe(INVALID);
  });
});

it.each([
  ['tools/call', 'prompts/get'],
  ['prompts/get', 'tools/call'],
])('A18 S11 a request state of %s is not one of %s, also under the same name', async (method, other) => {
  const token = await gateway.token('alice');
  const { result } = await modernCall('/mcp/twin', token, { name: 'twin', arguments: {} }, method);
  const params = {
    name: 'twin',
    arguments: {},
    requestState: result?.['requestState'],
    inputResponses: { q: { action: 'accept', content: {} } },
  };
  expect(codeOf(await modernCall('/mcp/twin', token, params, other))).toBe(-32602);
  expect(JSON.stringify((await modernCall('/mcp/twin', token, params, method)).result)).toContain('ANSWERED');
});

it.each(['old-http', 'old-pipe'])('A18 S11 a request state of %s that a newer one replaced is over', async (server) => {
  const token = await gateway.token('alice');
  const call = (more: Json): Promise<Answer> =>
    modernCall(`/mcp/${server}`, token, { name: 'ask_two', arguments: {}, ...more });
  const first = (await call({})).result as { inputRequests: Json; requestState: string };
  const [one = '', two = ''] = Object.keys(first.inputRequests);
  const said = { action: 'accept', content: { name: 'ANSWERED' } };
  const second = (await call({ requestState: first.requestState, inputResponses: { [one]: said } })).result as {
    requestState: string;
  };
  expect(
    codeOf(
      await call({
        requestState: first.requestState,
        inputResponses: { [two]: { action: 'accept', content: { name: 'STALE' } } },
      }),
    ),
  ).toBe(-32602);
  const { result } = await call({ requestState: second.requestState, inputResponses: { [two]: said } });
  expect(JSON.stringify(result)).toMatch(/ANSWERED.*ANSWERED/);
});

/** A modern server makes tasks for clients that can follow them only, and no legacy one can. */
const TASK_PAIRS = [
  ['modern', 'modern'],
  ['modern', 'legacy'],
  ['legacy', 'legacy'],
] as const;
const FOLLOWS_TASKS: Json = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

describe.each(TASK_PAIRS)('A18 S11 %s client, a task of a %s server', (era, server) => {
  const path = `/mcp/task-${server}`;
  const open = async (user = 'alice', claims: Json = {}, at = path): Promise<RawClient> =>
    connect(`${gateway.url}${at}`, await gateway.token(user, claims), era, FOLLOWS_TASKS);
  const begin = async (): Promise<string> => {
    const { result, messages } = await (
      await open()
    ).send('tools/call', { name: 'make', arguments: {}, task: { ttl: 60_000 } });
    const id = (result?.['task'] as Json | undefined)?.['taskId'] ?? result?.['taskId'];
    expect(id, JSON.stringify(messages)).toMatch(new RegExp(`^task-${server}\\.[\\w-]{40,}$`));
    return id as string;
  };
  const methods =
    era === 'modern' ? ['tasks/get', 'tasks/update', 'tasks/cancel'] : ['tasks/get', 'tasks/result', 'tasks/cancel'];
  const asked = (): number => tasks[server].received.filter(({ method }) => methods.includes(method)).length;
  const refused = async (client: RawClient, taskId: unknown): Promise<void> => {
    const before = asked();
    for (const method of methods) {
      const answer = await client.send(method, { taskId });
      expect(answer.error?.code, `${method} ${JSON.stringify(taskId)} ${JSON.stringify(answer.messages)}`).toBe(
        typeof taskId === 'string' || era === 'legacy' ? -32602 : -32020,
      );
      expect(JSON.stringify(answer.messages)).not.toContain('CANARY');
    }
    expect(asked()).toBe(before);
  };

  it.each(THIEVES)('is not for %s', async (_name, user, claims) => {
    const id = await begin();
    for (const at of [path, '/mcp']) await refused(await open(user, claims, at), id);
    const { result } = await (await open()).send('tasks/get', { taskId: id });
    expect(result).toMatchObject({ taskId: expect.stringMatching(/^task-/) as string, statusMessage: 'CANARY' });
  });

  it('is no other, under no other server, and not changed', async () => {
    const id = await begin();
    const [, sealed = ''] = id.split('.');
    const client = await open();
    for (const bad of [
      't1',
      `task-${server}.t1`,
      `task-${server === 'legacy' ? 'modern' : 'legacy'}.${sealed}`,
      sealed,
      `.${sealed}`,
      `task-${server}..${sealed}`,
      '',
      null,
      [id],
      1,
    ])
      await refused(client, bad);
    for (const bad of changed(sealed)) await refused(client, `task-${server}.${bad}`);
    await refused(await open('alice', {}, '/mcp/talker'), id);
    const neighbour = server === 'legacy' ? 'modern' : 'legacy';
    const seen = tasks[neighbour].received.length;
    for (const at of ['/mcp', `/mcp/task-${neighbour}`])
      for (const method of methods) {
        expect(
          (await (await open('alice', {}, at)).send(method, { taskId: `task-${neighbour}.${sealed}` })).error?.code,
        ).toBe(-32602);
      }
    expect(tasks[neighbour].received.slice(seen).filter(({ method }) => methods.includes(method))).toEqual([]);
  });

  it.runIf(era === 'legacy')(
    "is in nobody else's list, and what the server lists of others is in nobody's",
    async () => {
      const maker = await open();
      await maker.send('tools/call', { name: 'make', arguments: {}, task: { ttl: 60_000 } });
      expect((await maker.send('tasks/list', {})).result).toEqual({ tasks: [] });
      for (const [, user, claims] of [['', 'alice', {}] as const, ...THIEVES])
        expect((await (await open(user, claims)).send('tasks/list', {})).result).toEqual({ tasks: [] });
    },
  );
});

describe('A18 a session', () => {
  const attempts = (session: string, token: string) =>
    [
      [
        'POST',
        post(
          `${gateway.url}/mcp/talker`,
          headersFor('legacy', token, { method: 'tools/list', params: {} }, session),
          JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
        ).then(({ status }) => status),
      ],
      [
        'GET',
        sendHttp(gateway.url, {
          path: '/mcp/talker',
          headers: { ...headersFor('legacy', token, { method: '', params: {} }, session), accept: 'text/event-stream' },
        }).then(({ status }) => status),
      ],
      [
        'DELETE',
        sendHttp(gateway.url, {
          method: 'DELETE',
          path: '/mcp/talker',
          headers: headersFor('legacy', token, { method: '', params: {} }, session),
        }).then(({ status }) => status),
      ],
    ] as const;

  it.each(THIEVES.slice(0, 3))('is not for %s, whatever the method, and lives on', async (_name, user, claims) => {
    const client = await connect(`${gateway.url}/mcp/talker`, await gateway.token('alice'), 'legacy');
    for (const [method, status] of attempts(client.session ?? '', await gateway.token(user, claims)))
      expect([method, await status]).toEqual([method, 404]);
    expect((await client.send('tools/list', {})).status).toBe(200);
  });

  it('with a bit changed is none', async () => {
    const client = await connect(`${gateway.url}/mcp/talker`, await gateway.token('alice'), 'legacy');
    const token = await gateway.token('alice');
    for (const bad of changed(client.session ?? ''))
      for (const [method, status] of attempts(bad, token)) expect([method, await status]).toEqual([method, 404]);
  });
});

interface Ear {
  text(): string;
  until(pattern: RegExp): Promise<string>;
  close(): void;
  readonly status: number;
}

async function hear(method: 'GET' | 'POST', headers: Record<string, string>, body?: string): Promise<Ear> {
  const abort = new AbortController();
  const response = await request(`${gateway.url}/mcp/talker`, {
    method,
    headers: { accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream', ...headers },
    signal: abort.signal,
    ...(body !== undefined && { body }),
  });
  let text = '';
  response.body.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', () => undefined);
  return {
    status: response.statusCode,
    text: () => text,
    close: () => abort.abort(),
    until: async (pattern) => {
      await expect.poll(() => text, { timeout: 3_000, interval: 10 }).toMatch(pattern);
      return text;
    },
  };
}

describe('A18 H9 the stream of a call that broke off', () => {
  const begin = async () => {
    const token = await gateway.token('alice');
    const client = await connect(`${gateway.url}/mcp/talker`, token, 'legacy');
    const params = { name: 'talk', arguments: { a: 'CANARY' }, _meta: { progressToken: 1 } };
    const call = await hear(
      'POST',
      {
        ...headersFor('legacy', token, { method: 'tools/call', params }, client.session),
        'content-type': 'application/json',
      },
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    );
    const text = await call.until(/"progress":1/);
    call.close();
    return { token, session: client.session ?? '', event: /^id: (\S+)$/m.exec(text)?.[1] ?? '' };
  };
  const resume = (token: string, session: string, event: string): Promise<Ear> =>
    hear('GET', { ...headersFor('legacy', token, { method: '', params: {} }, session), 'last-event-id': event });

  it.each(THIEVES)('is not read on by %s, with that session or one of its own', async (_name, user, claims) => {
    const { token, session, event } = await begin();
    const thief = await gateway.token(user, claims);
    const own = await connect(`${gateway.url}/mcp/talker`, thief, 'legacy');
    const ears = [await resume(thief, session, event), await resume(thief, own.session ?? '', event)];
    expect(ears[0]?.status).toBe(404);
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (const ear of ears) {
      expect(ear.text()).not.toContain('CANARY');
      ear.close();
    }
    const again = await resume(token, session, event);
    expect(await again.until(/"result"/)).toContain('CANARY');
    again.close();
  });
});
