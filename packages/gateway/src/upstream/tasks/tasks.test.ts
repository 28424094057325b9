/** Tasks are passed on, and their ids are bound to their principal. */
import type { JsonObject } from '@sallyport/guard';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fakeHttp } from '../testing/fake-http.mts';
import { legacyFake, type FakeLegacy } from '../testing/fake-legacy.mts';
import {
  httpTransport,
  createHarness,
  serverSettings,
  waitUntil,
  type RecordedNotification,
  type UpstreamHarness,
} from '../testing/harness.mts';

let fake: FakeLegacy;
let harness: UpstreamHarness;
let made = 0;

beforeEach(async () => {
  made = 0;
  fake = await legacyFake();
  fake.answer = ({ method, params }) => {
    if (method === 'tools/call' && params['task'] !== undefined)
      return {
        task: { taskId: `t${++made}`, status: 'working' },
        _meta: { 'io.modelcontextprotocol/related-task': { taskId: `t${made}` } },
      };
    if (method === 'tasks/get') return { taskId: params['taskId'] as string, status: 'completed' };
    if (method === 'tasks/result')
      return {
        content: [{ type: 'text', text: `result of ${String(params['taskId'])}` }],
        _meta: { 'io.modelcontextprotocol/related-task': { taskId: params['taskId'] as string } },
      };
    if (method === 'tasks/list') return { tasks: [{ taskId: 't1' }, { taskId: 't2' }, { taskId: 'somebody else' }] };
    return undefined;
  };
  harness = createHarness([serverSettings('s', httpTransport(fake.url)), serverSettings('z', httpTransport(fake.url))]);
  await harness.discover();
});

afterEach(async () => {
  await harness.close();
  await fake.close();
});

const make = async (user: string): Promise<string> => {
  const { value } = await harness.resultOf(
    'tools/call',
    { kind: 'tool', server: 's', name: 'echo' },
    { name: 'echo', arguments: {}, task: { ttl: 1000 } },
    { user, session: 'x' },
  );
  const { taskId } = value['task'] as { taskId: string };
  expect((value['_meta'] as JsonObject)['io.modelcontextprotocol/related-task']).toMatchObject({
    taskId: expect.stringMatching(/^s\.[\w-]+$/) as string,
  });
  return taskId;
};
const sendTaskRequest = (method: string, taskId: string, user: string, server = 's') =>
  harness.run(method, { kind: 'task', server, name: taskId }, { taskId }, { user, session: 'x' });

it('clients get sealed ids, and servers get their own', async () => {
  const taskId = await make('ann');
  expect(taskId).toMatch(/^s\.[\w-]+$/);
  // Sealed, so that what the id holds cannot be read.
  expect(Buffer.from(taskId.slice(2), 'base64url').toString('latin1')).not.toContain('"t1"');
  const outcome = await sendTaskRequest('tasks/get', taskId, 'ann');
  expect(outcome).toMatchObject({ status: 'success', result: { value: { status: 'completed' } } });
  expect(fake.received.findLast(({ method }) => method === 'tasks/get')?.params['taskId']).toBe('t1');
  expect(outcome).toMatchObject({ result: { value: { taskId } } });
  expect(outcome.status === 'success' && JSON.stringify(outcome.result.value)).not.toContain('"t1"');
  expect(await sendTaskRequest('tasks/result', taskId, 'ann')).toMatchObject({
    result: { value: { content: [{ text: 'result of t1' }] } },
  });
});

it('a request about a task has the sealed id for the client, and the response has the id of the server', async () => {
  const taskId = await make('ann');
  const RELATED = 'io.modelcontextprotocol/related-task';
  let finish = (): void => undefined;
  fake.answer = ({ method, id }, res) => {
    if (method === 'response') finish();
    if (method !== 'tasks/result') return undefined;
    const sendEvent = (message: JsonObject): void => {
      res.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`);
    };
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    sendEvent({
      id: 'q',
      method: 'elicitation/create',
      params: {
        message: 'go on?',
        requestedSchema: { type: 'object', properties: {} },
        _meta: { [RELATED]: { taskId: 't1' } },
      },
    });
    finish = () => {
      sendEvent({ id, result: { content: [] } });
      res.end();
    };
    return undefined;
  };
  const requested: JsonObject[] = [];
  const answer = async (_method: string, params: JsonObject): Promise<JsonObject> => {
    requested.push(params);
    return { action: 'accept', _meta: { ...(params['_meta'] as JsonObject), 'com.example/kept': 1 } };
  };
  await harness.run(
    'tasks/result',
    { kind: 'task', server: 's', name: taskId },
    { taskId },
    { user: 'ann', session: 'x', capabilities: { elicitation: {} }, onClientRequest: answer },
  );
  expect(requested[0]?.['_meta']).toEqual({ [RELATED]: { taskId } });
  expect(fake.received.findLast(({ method }) => method === 'response')?.params['result']).toEqual({
    action: 'accept',
    _meta: { [RELATED]: { taskId: 't1' }, 'com.example/kept': 1 },
  });
});

it('A18 S11 a task id that is altered, not sealed or of another principal or server is not found', async () => {
  const taskId = await make('ann');
  const sent = fake.received.filter(({ method }) => method.startsWith('tasks/')).length;
  const flipped = taskId.slice(0, -3) + (taskId.at(-3) === 'A' ? 'B' : 'A') + taskId.slice(-2);
  for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
    for (const [id, user, server] of [
      [taskId, 'bob', 's'],
      [taskId, 'ann', 'z'],
      ['t1', 'ann', 's'],
      ['s.t1', 'ann', 's'],
      [flipped, 'ann', 's'],
    ] as const) {
      expect(await sendTaskRequest(method, id, user, server), `${method} ${id} ${user}`).toMatchObject({
        error: { code: 'not_found' },
      });
    }
  }
  expect(fake.received.filter(({ method }) => method.startsWith('tasks/')).length).toBe(sent);
});

it('A18 a list has only the tasks of the session, whatever the server lists', async () => {
  await make('ann');
  await make('bob');
  const list = async (user: string): Promise<JsonObject[]> =>
    (await harness.resultOf('tasks/list', { kind: 'servers', servers: ['s', 'z'] }, {}, { user, session: 'x' })).value[
      'tasks'
    ] as JsonObject[];
  expect(await list('ann')).toHaveLength(1);
  expect(await list('cid')).toEqual([]);
  const [only] = await list('bob');
  expect(await sendTaskRequest('tasks/get', only?.['taskId'] as string, 'bob')).toMatchObject({ status: 'success' });
});

it('the state of a task reaches the stream of its session, with the sealed id', async () => {
  const notifications: RecordedNotification[] = [];
  const abort = new AbortController();
  let push: ((message: unknown) => void) | undefined;
  const answer = fake.answer;
  fake.answer = (request, res) => {
    if (request.method !== 'GET') return answer(request, res);
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    push = (message) => res.write(`data: ${JSON.stringify(message)}\n\n`);
    return undefined;
  };
  const listening = harness.run(
    'stream/listen',
    { kind: 'servers', servers: ['s'] },
    {},
    { session: 'x', notifications, signal: abort.signal },
  );
  const taskId = await make('ann');
  await waitUntil(() => push !== undefined);
  push?.({ jsonrpc: '2.0', method: 'notifications/tasks/status', params: { taskId: 't1', status: 'working' } });
  await waitUntil(() => notifications.length > 0);
  expect(await sendTaskRequest('tasks/get', notifications[0]?.params['taskId'] as string, 'ann')).toMatchObject({
    status: 'success',
  });
  expect(taskId).toMatch(/^s\./);
  abort.abort();
  await listening;
});

it('ids of tasks of a modern server are sealed too, and the header has the id of the server', async () => {
  const modern = await fakeHttp();
  modern.answer = ({ method, params }) => {
    if (method === 'tools/call') return { resultType: 'task', taskId: 'm1', status: 'working' };
    if (method === 'tasks/get')
      return { resultType: 'complete', taskId: params['taskId'] as string, status: 'completed' };
    return undefined;
  };
  const own = createHarness([serverSettings('n', httpTransport(modern.url))]);
  await own.discover();
  const start = (options: object) =>
    own.run('tools/call', { kind: 'tool', server: 'n', name: 'echo' }, { name: 'echo', arguments: {} }, options);
  for (const options of [{ era: 'modern' }, { era: 'legacy' }])
    expect(await start(options)).toMatchObject({ error: { code: 'upstream_failed' } });
  const made = await start({ era: 'modern', capabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } });
  const { value } = made.status === 'success' ? made.result : { value: {} as JsonObject };
  expect(value['taskId']).toMatch(/^n\.[\w-]+$/);
  const taskId = value['taskId'] as string;
  const got = await own.resultOf(
    'tasks/get',
    { kind: 'task', server: 'n', name: taskId },
    { taskId },
    { era: 'modern' },
  );
  expect(
    await own.run(
      'tasks/get',
      { kind: 'task', server: 'n', name: got.value['taskId'] as string },
      { taskId: got.value['taskId'] as string },
      { era: 'modern' },
    ),
  ).toMatchObject({ status: 'success' });
  expect(modern.received.findLast(({ method }) => method === 'tasks/get')).toMatchObject({
    params: { taskId: 'm1' },
    headers: { 'mcp-name': 'm1' },
  });
  const listening = new AbortController();
  const notifications: RecordedNotification[] = [];
  modern.answer = ({ method, id, params }, res) => {
    if (method !== 'subscriptions/listen') return undefined;
    const sendEvent = (name: string, more: JsonObject): void => {
      const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
      res.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method: name, params: { _meta, ...more } })}\n\n`);
    };
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    sendEvent('notifications/subscriptions/acknowledged', { notifications: params['notifications'] as JsonObject });
    for (const taskId of ['m1', 'm2']) sendEvent('notifications/tasks', { taskId, status: 'completed' });
    return undefined;
  };
  const done = own.run(
    'subscriptions/listen',
    { kind: 'servers', servers: ['n'] },
    { notifications: { taskIds: [taskId, 'n.forged', 'm2'] } },
    { era: 'modern', notifications, signal: listening.signal },
  );
  await waitUntil(() => notifications.length > 0);
  expect(modern.received.findLast(({ method }) => method === 'subscriptions/listen')?.params['notifications']).toEqual({
    taskIds: ['m1'],
  });
  expect(notifications).toHaveLength(1);
  expect([got.value['taskId'], notifications[0]?.params['taskId']]).toEqual([taskId, taskId]);
  expect(
    await own.run(
      'tasks/get',
      { kind: 'task', server: 'n', name: '' },
      { taskId: notifications[0]?.params['taskId'] as string },
      { era: 'modern' },
    ),
  ).toMatchObject({ status: 'success' });
  listening.abort();
  await done;
  await own.close();
  await modern.close();
});
