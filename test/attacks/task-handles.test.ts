/** A18, S11: a task id is bound to user, tenant, agent and server, and no list shows the tasks of others. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, type Era, type RawClient } from './mcp-client.ts';
import { changed, OTHER_CALLERS } from './stolen-handles.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

type Json = Record<string, unknown>;

let tasks: Record<Era, Upstream>;
let other: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  tasks = { legacy: await taskServer('legacy'), modern: await taskServer('modern') };
  other = await openUpstream({ tools: [tool('other')] });
  gateway = await openGateway({
    servers: {
      'task-legacy': { url: tasks.legacy.url },
      'task-modern': { url: tasks.modern.url },
      other: { url: other.url },
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await Promise.all([tasks.legacy, tasks.modern, other].map((server) => server?.close()));
});

/** A server that makes a task of every call, and answers everybody about every task. */
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
      made += 1;
      const task = {
        taskId: `t${made}`,
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

/** A modern server makes tasks only for clients that can follow them, and no legacy client can. */
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
  const expectRefused = async (client: RawClient, taskId: unknown): Promise<void> => {
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

  it.each(OTHER_CALLERS)('is refused from %s', async (_name, user, claims) => {
    const id = await begin();
    for (const at of [path, '/mcp']) await expectRefused(await open(user, claims, at), id);
    const { result } = await (await open()).send('tasks/get', { taskId: id });
    expect(result).toMatchObject({ taskId: expect.stringMatching(/^task-/) as string, statusMessage: 'CANARY' });
  });

  it('is refused when it is malformed, changed, or used for another server', async () => {
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
      await expectRefused(client, bad);
    for (const bad of changed(sealed)) await expectRefused(client, `task-${server}.${bad}`);
    await expectRefused(await open('alice', {}, '/mcp/other'), id);
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

  it.runIf(era === 'legacy')('is not listed to anybody, and neither are the tasks that the server lists', async () => {
    const maker = await open();
    await maker.send('tools/call', { name: 'make', arguments: {}, task: { ttl: 60_000 } });
    expect((await maker.send('tasks/list', {})).result).toEqual({ tasks: [] });
    for (const [, user, claims] of [['', 'alice', {}] as const, ...OTHER_CALLERS])
      expect((await (await open(user, claims)).send('tasks/list', {})).result).toEqual({ tasks: [] });
  });
});
