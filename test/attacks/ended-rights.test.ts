/**
 * B10: what was given out under a right ends with it: tasks, open streams, answers under way and their rest. Each test
 * waits until the change is in force.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, headersFor, MODERN_META, type Era, type RawClient } from './mcp-client.ts';
import { openUpstream, SILENT, tool, type Received, type Upstream } from './upstream.ts';

type Json = Record<string, unknown>;

const EVENTUALLY = { timeout: 30_000, interval: 50 };
const PERMIT_ALL = 'permit (principal, action, resource);';
const outputSchema = { type: 'object', properties: { n: { type: 'integer' } } };
const TOOLS = [tool('make'), tool('slow'), tool('typed', {}, { outputSchema })];
const FOLLOWS_TASKS: Json = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

let servers: Record<Era, Upstream>;
let gateway: TestGateway;
let settings: Json;
/** The tools as the servers show them now. */
let tools: readonly Json[];
let made = 0;
/** What a finished task gives, where a test says so. */
let taskResult: Json | undefined;

const taskOf = (taskId: unknown): Json => ({
  taskId,
  status: 'working',
  createdAt: '2026-01-01T00:00:00Z',
  lastUpdatedAt: '2026-01-01T00:00:00Z',
  ttl: 60_000,
  ttlMs: 60_000,
});

const exceptWhen = (condition: string): string =>
  `${PERMIT_ALL} forbid (principal, action, resource) when { ${condition} };`;

/** Answers that were begun and never end. */
const held: ServerResponse[] = [];
/** Subscriptions of the gateway at the modern server. */
const listening = new Map<ServerResponse, Received>();

function listen(received: Received, response: ServerResponse): Json {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  listening.set(response, received);
  const { notifications } = received.params;
  tellListeners('notifications/subscriptions/acknowledged', { notifications });
  return SILENT;
}

function tellListeners(method: string, params: Json): void {
  for (const [response, { body }] of listening) {
    const _meta = { 'io.modelcontextprotocol/subscriptionId': (JSON.parse(body) as Json)['id'] };
    response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method, params: { ...params, _meta } })}\n\n`);
  }
}

function hold({ params }: Received, response: ServerResponse): Json {
  const { progressToken } = (params['_meta'] ?? {}) as Json;
  const notice = { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1 } };
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${JSON.stringify(notice)}\n\n`);
  held.push(response);
  return SILENT;
}

const answerOf =
  (era: Era) =>
  (received: Received, response: ServerResponse): Json | undefined => {
    const { method, params } = received;
    if (method === 'initialize')
      return {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {}, prompts: {}, completions: {}, tasks: { list: {}, cancel: {} } },
        serverInfo: { name: 'tasks', version: '1' },
      };
    if (method === 'tools/list') return { tools };
    if (method === 'subscriptions/listen') return listen(received, response);
    if (method === 'tools/call' && params['name'] === 'slow') return hold(received, response);
    if (method === 'tools/call') {
      made += 1;
      return era === 'legacy' ? { task: taskOf(`t${made}`) } : { resultType: 'task', ...taskOf(`t${made}`) };
    }
    if (method === 'tasks/list') return { tasks: Array.from({ length: made }, (_, at) => taskOf(`t${at + 1}`)) };
    if (method === 'tasks/result') return taskResult ?? { content: [{ type: 'text', text: 'CANARY' }] };
    if (!method.startsWith('tasks/')) return undefined;
    return { ...taskOf(params['taskId']), ...(taskResult && { status: 'completed', result: taskResult }) };
  };

beforeAll(async () => {
  tools = TOOLS;
  const prompts = [{ name: 'greet', arguments: [{ name: 'customer' }, { name: 'tone' }] }];
  servers = {
    legacy: await openUpstream({ prompts, respond: answerOf('legacy') }),
    modern: await openUpstream({ era: 'modern', prompts, respond: answerOf('modern') }),
  };
  gateway = await openGateway({
    servers: { legacy: { url: servers.legacy.url }, modern: { url: servers.modern.url } },
    settings: { pins: { verify: '0s' } },
  });
  settings = JSON.parse(readFileSync(gateway.config, 'utf8')) as Json;
});
afterAll(async () => {
  for (const response of [...held, ...listening.keys()]) response.destroy();
  await gateway?.close();
  await Promise.all(Object.values(servers ?? {}).map((one) => one.close()));
});

const setPolicy = (text: string): void => writeFileSync(join(gateway.folder, 'policies', 'test.cedar'), text);
async function configure(changed: Json): Promise<void> {
  writeFileSync(gateway.config, JSON.stringify({ ...settings, ...changed }));
  await gateway.reload();
}
beforeEach(async () => {
  setPolicy(PERMIT_ALL);
  taskResult = undefined;
  await configure({});
});

describe.each([
  ['modern', 'modern'],
  ['modern', 'legacy'],
  ['legacy', 'legacy'],
] as const)('B10 %s client, a task of a %s server', (era, server) => {
  const open = async (): Promise<RawClient> =>
    connect(`${gateway.url}/mcp/${server}`, await gateway.token('alice'), era, FOLLOWS_TASKS);
  const begin = async (client: RawClient, a: string): Promise<string> => {
    const { result } = await client.send('tools/call', { name: 'make', arguments: { a }, task: { ttl: 60_000 } });
    return String((result?.['task'] as Json | undefined)?.['taskId'] ?? result?.['taskId']);
  };
  const methods =
    era === 'modern' ? ['tasks/get', 'tasks/update', 'tasks/cancel'] : ['tasks/get', 'tasks/result', 'tasks/cancel'];
  const asked = (): number => servers[server].received.filter(({ method }) => methods.includes(method)).length;
  const isGot = async (client: RawClient, taskId: string): Promise<boolean> =>
    (await client.send('tasks/get', { taskId })).error === undefined;
  const expectRefused = async (client: RawClient, taskId: string): Promise<void> => {
    await expect.poll(() => isGot(client, taskId), EVENTUALLY).toBe(false);
    const before = asked();
    for (const method of methods) {
      const { error, messages } = await client.send(method, { taskId });
      expect(error, method).toBeDefined();
      expect(JSON.stringify(messages)).not.toContain('CANARY');
    }
    expect(asked()).toBe(before);
  };

  it('is judged by the policies of its tool, also by its arguments, and comes back with the right', async () => {
    const client = await open();
    const [secret, harmless] = [await begin(client, 'secret'), await begin(client, 'harmless')];
    expect([await isGot(client, secret), await isGot(client, harmless)]).toEqual([true, true]);
    setPolicy(exceptWhen('context.args has a && context.args.a == "secret"'));
    await expectRefused(client, secret);
    expect(await isGot(client, harmless)).toBe(true);
    if (era === 'legacy') {
      const { result } = await client.send('tasks/list', {});
      expect((result?.['tasks'] as Json[]).map(({ taskId }) => taskId)).toContain(harmless);
      expect((result?.['tasks'] as Json[]).map(({ taskId }) => taskId)).not.toContain(secret);
    }
    setPolicy(`${PERMIT_ALL} forbid (principal, action, resource == Tool::"${server}/make");`);
    await expectRefused(client, harmless);
    setPolicy(PERMIT_ALL);
    await expect.poll(() => isGot(client, secret), EVENTUALLY).toBe(true);
  });

  it('gives its result only if that matches the output schema of its tool', async () => {
    const client = await open();
    const { result } = await client.send('tools/call', { name: 'typed', arguments: {}, task: { ttl: 60_000 } });
    const taskId = String((result?.['task'] as Json | undefined)?.['taskId'] ?? result?.['taskId']);
    const method = era === 'modern' ? 'tasks/get' : 'tasks/result';
    taskResult = { content: [], structuredContent: { n: 'CANARY' } };
    const refused = await client.send(method, { taskId });
    expect(JSON.stringify(refused.messages)).toContain('OUTPUT_BLOCKED');
    expect(JSON.stringify(refused.messages)).not.toContain('CANARY');
    taskResult = { content: [], structuredContent: { n: 7 } };
    expect(JSON.stringify((await client.send(method, { taskId })).result)).toContain('{"n":7}');
  });

  it('whose arguments are too large to keep is refused when a policy could forbid them', async () => {
    const client = await open();
    const large = await begin(client, 'secret'.repeat(500));
    expect(await isGot(client, large)).toBe(true);
    setPolicy(exceptWhen('context.args has a && context.args.a like "secret*"'));
    await expectRefused(client, large);
  });

  it('ends with the pin of its tool, and with its own expiry', async () => {
    const client = await open();
    const task = await begin(client, 'x');
    tools = [tool('make', {}, { title: 'another' }), ...TOOLS.slice(1)];
    await expectRefused(client, task);
    tools = TOOLS;
    await expect.poll(() => isGot(client, task), EVENTUALLY).toBe(true);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    try {
      expect(await isGot(client, task)).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not charged to the budget of its tool', async () => {
    await configure({ limits: { default: ['3/min per user per tool'] } });
    const client = await open();
    const task = await begin(client, 'y');
    for (let at = 0; at < 6; at++) expect(await isGot(client, task)).toBe(true);
  });
});

/** An open stream: what it carried, and whether it has ended. */
interface OpenStream {
  text(): string;
  hasEnded(): boolean;
  close(): void;
}

async function openStream(
  era: Era,
  path: string,
  message: Json,
  session?: string,
  user = 'alice',
): Promise<OpenStream> {
  const token = await gateway.token(user);
  const abort = new AbortController();
  const method = String(message['method'] ?? '');
  const params = (message['params'] ?? {}) as Json;
  const { body } = await request(`${gateway.url}${path}`, {
    method: method === '' ? 'GET' : 'POST',
    signal: abort.signal,
    headers: {
      accept: method === '' ? 'text/event-stream' : 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...headersFor(era, token, { method, params }, session),
      ...(message['after'] !== undefined && { 'last-event-id': String(message['after']) }),
    },
    ...(method !== '' && { body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) }),
  });
  let [text, ended] = ['', false];
  const read = async (): Promise<void> => {
    for await (const chunk of body) text += String(chunk);
  };
  void read()
    .catch(() => undefined)
    .finally(() => (ended = true));
  return { text: () => text, hasEnded: () => ended, close: () => abort.abort() };
}

async function openListening(era: Era, path: string, user = 'alice'): Promise<OpenStream> {
  if (era === 'modern') {
    const params = { notifications: { toolsListChanged: true }, _meta: MODERN_META };
    return openStream(era, path, { method: 'subscriptions/listen', params }, undefined, user);
  }
  const { session } = await connect(`${gateway.url}${path}`, await gateway.token(user), era);
  return openStream(era, path, {}, session, user);
}

/** A call that has sent its progress and never ends. */
async function openCall(era: Era, path: string): Promise<OpenStream> {
  const token = await gateway.token('alice');
  const session = era === 'legacy' ? (await connect(`${gateway.url}${path}`, token, era)).session : undefined;
  const meta = { progressToken: 'p', ...(era === 'modern' && MODERN_META) };
  const params = { name: 'slow', arguments: { a: 'x' }, _meta: meta };
  const answer = await openStream(era, path, { method: 'tools/call', params }, session);
  await expect.poll(() => answer.text(), EVENTUALLY).toContain('notifications/progress');
  return answer;
}

describe.each(['modern', 'legacy'] as const)('B10 %s: an open stream', (era) => {
  it('ends when one of its servers is removed, and when the limit of streams is tightened', async () => {
    const ofServer = await openListening(era, '/mcp/modern');
    const ofAll = await openListening(era, '/mcp');
    const ofOther = await openListening(era, '/mcp/legacy');
    await configure({ servers: { legacy: { url: servers.legacy.url } } });
    await expect.poll(() => [ofServer.hasEnded(), ofAll.hasEnded()], EVENTUALLY).toEqual([true, true]);
    expect(ofOther.hasEnded()).toBe(false);
    const second = await openListening(era, '/mcp/legacy');
    await configure({ gateway: { ...(settings['gateway'] as Json), maxStreams: 1 } });
    await expect.poll(() => ofOther.hasEnded() || second.hasEnded(), EVENTUALLY).toBe(true);
    expect([ofOther.hasEnded(), second.hasEnded()]).toContain(false);
    ofOther.close();
    second.close();
  });

  it.each([
    ['a whole server', 'resource in Server::"modern"', [true, true, false]],
    ['everything', 'principal.subject == "alice"', [true, true, true]],
  ] as const)('ends when policies deny the user %s, and those of others stay', async (_what, condition, ends) => {
    const ofAlice: OpenStream[] = [];
    for (const path of ['/mcp/modern', '/mcp', '/mcp/legacy']) ofAlice.push(await openListening(era, path));
    const call = await openCall(era, '/mcp/modern');
    const ofCarol = await openListening(era, '/mcp/legacy', 'carol');
    const client = await connect(`${gateway.url}/mcp/modern`, await gateway.token('alice'), era);
    setPolicy(exceptWhen(condition));
    const listed = async (): Promise<unknown> => (await client.send('tools/list', {})).result?.['tools'];
    await expect.poll(listed, EVENTUALLY).toEqual([]);
    // One that begins without the right does not stay either.
    ofAlice.push(await openListening(era, '/mcp/modern'));
    await expect.poll(() => ofAlice.map((stream) => stream.hasEnded()), EVENTUALLY).toEqual([...ends, true]);
    expect(ofCarol.hasEnded()).toBe(false);
    await expect.poll(() => call.hasEnded(), EVENTUALLY).toBe(true);
    expect(call.text()).toContain('The right to this call ended while it ran.');
    for (const stream of [...ofAlice, ofCarol]) stream.close();
  });

  it('with the answer to a call ends with the right to the call', async () => {
    const answer = await openCall(era, '/mcp/legacy');
    setPolicy(exceptWhen('resource == Tool::"legacy/slow"'));
    await expect.poll(() => answer.hasEnded(), EVENTUALLY).toBe(true);
    expect(answer.text()).toContain('The right to this call ended while it ran.');
  });
});

it('B10 whoever follows a task gets no result that does not match the output schema of its tool', async () => {
  const client = await connect(`${gateway.url}/mcp/modern`, await gateway.token('alice'), 'modern', FOLLOWS_TASKS);
  const taskId = (await client.send('tools/call', { name: 'typed', arguments: {} })).result?.['taskId'];
  const _meta = { ...MODERN_META, 'io.modelcontextprotocol/clientCapabilities': FOLLOWS_TASKS };
  const params = { notifications: { taskIds: [taskId] }, _meta };
  const stream = await openStream('modern', '/mcp/modern', { method: 'subscriptions/listen', params });
  const isFollowed = ({ params: { notifications } }: Received): boolean =>
    JSON.stringify(notifications).includes(`"t${made}"`);
  await expect.poll(() => [...listening.values()].some(isFollowed), EVENTUALLY).toBe(true);
  for (const n of ['CANARY', 7]) {
    const result = { content: [], structuredContent: { n } };
    tellListeners('notifications/tasks', { ...taskOf(`t${made}`), status: 'completed', result });
  }
  await expect.poll(() => stream.text(), EVENTUALLY).toContain('{"n":7}');
  expect(stream.text()).not.toContain('CANARY');
  stream.close();
});

it('B10 the rest of an answer is not given to somebody who has lost the right to the call', async () => {
  const token = await gateway.token('alice');
  const { session } = await connect(`${gateway.url}/mcp/legacy`, token, 'legacy');
  const params = { name: 'slow', arguments: { a: 'x' }, _meta: { progressToken: 'p' } };
  const answer = await openStream('legacy', '/mcp/legacy', { method: 'tools/call', params }, session);
  await expect.poll(() => answer.text(), EVENTUALLY).toContain('notifications/progress');
  const [, after] = /^id: (\S+)$/m.exec(answer.text()) ?? [];
  answer.close();
  const rest = await openStream('legacy', '/mcp/legacy', { after }, session);
  await expect.poll(() => rest.text(), EVENTUALLY).toContain('notifications/progress');
  rest.close();
  setPolicy(`${PERMIT_ALL} forbid (principal, action, resource == Tool::"legacy/slow");`);
  const later = async (): Promise<string> => {
    const stream = await openStream('legacy', '/mcp/legacy', { after }, session);
    await expect.poll(() => stream.text() !== '' || stream.hasEnded(), EVENTUALLY).toBe(true);
    stream.close();
    return stream.text();
  };
  await expect.poll(later, EVENTUALLY).not.toContain('notifications/progress');
});

it.each(['modern', 'legacy'] as const)('B10 %s: policies find the arguments of a completion', async (era) => {
  const client = await connect(`${gateway.url}/mcp/${era}`, await gateway.token('alice'), era);
  const complete = async (argument: Json, context?: Json): Promise<boolean> => {
    const params = { ref: { type: 'ref/prompt', name: 'greet' }, argument, ...(context && { context }) };
    return (await client.send('completion/complete', params)).error === undefined;
  };
  const isVip = { name: 'customer', value: 'vip' };
  expect(await complete(isVip)).toBe(true);
  setPolicy(exceptWhen('context.args has customer && context.args.customer == "vip"'));
  await expect.poll(() => complete(isVip), EVENTUALLY).toBe(false);
  expect(await complete({ name: 'customer', value: 'other' })).toBe(true);
  const tone = { name: 'tone', value: 'f' };
  expect(await complete(tone, { arguments: { customer: 'other' } })).toBe(true);
  expect(await complete(tone, { arguments: { customer: 'vip' } })).toBe(false);
  // Two values for one argument, arguments that are none, and ones that nobody declared.
  expect(await complete({ name: 'customer', value: 'x' }, { arguments: { customer: 'vip' } })).toBe(false);
  expect(await complete({ name: 'customer', value: { a: 1 } })).toBe(false);
  expect(await complete({ name: 'other', value: 'x' })).toBe(false);
});
