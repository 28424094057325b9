/** A call that a person must approve, as a task (SEP-2663): raw requests, as any client would send them. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Approvals, FiledApproval, Principal } from '@sallyport/guard';
import { principalOf } from '../testing/callers.mts';
import { send, type Json, type TestResponse } from '../testing/client.mts';
import { openTestEdge, type TestEdge, type TestEdgeOptions } from '../testing/test-edge.mts';

const META_OF_TASKS = {
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
};
const APPROVALS = [{ server: 'crm', tool: 'erase' }];
const bob: Principal = { ...(principalOf('bob') as Principal), agent: { clientId: 'dashboard', actors: [] } };
const state = { denied: false, revision: '1' };

let edges: TestEdge[];
let edge: TestEdge;
let release: (() => void) | undefined;

async function open(options: TestEdgeOptions = {}): Promise<TestEdge> {
  const opened = await openTestEdge({
    approvals: APPROVALS,
    deny: () => state.denied,
    revision: () => state.revision,
    tools: { erase },
    ...options,
  });
  edges.push(opened);
  return opened;
}

/** A tool that may take long, and whose result has a number that JavaScript cannot hold. */
async function erase({ call }: { readonly call: { readonly params: Json; readonly signal: AbortSignal } }) {
  const { slow } = call.params['arguments'] as Json;
  if (slow === true)
    await new Promise<void>((resolve) => {
      release = resolve;
      call.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  const text = '{"content":[{"type":"text","text":"gone"}],"structuredContent":{"n":12345678901234567890}}';
  return { value: JSON.parse(text) as never, bytes: Buffer.from(text) };
}

beforeEach(async () => {
  edges = [];
  release = undefined;
  Object.assign(state, { denied: false, revision: '1' });
  edge = await open();
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(edges.map((one) => one.close()));
});

interface Asked {
  readonly token?: string;
  readonly on?: TestEdge;
  readonly path?: string;
  readonly meta?: Json;
}

const ask = (method: string, params: Json, { token = 'alice', on = edge, path = '/mcp/crm', meta }: Asked = {}) =>
  send({ url: on.url, path, token, era: 'modern', method, params: { ...params, _meta: meta ?? META_OF_TASKS } });

const call = (args: Json, asked?: Asked): Promise<TestResponse> =>
  ask('tools/call', { name: asked?.path === '/mcp' ? 'crm__erase' : 'erase', arguments: args }, asked);

async function held(args: Json = { id: 1 }, asked?: Asked): Promise<string> {
  const { result } = await call(args, asked);
  expect(result).toMatchObject({ resultType: 'task', status: 'working' });
  return result?.['taskId'] as string;
}

const get = async (taskId: string, asked?: Asked): Promise<Json | undefined> => {
  const { result, error } = await ask('tasks/get', { taskId }, asked);
  return result ?? (error as Json | undefined);
};

const only = async ({ approvals }: { readonly approvals: Approvals } = edge): Promise<FiledApproval> =>
  (await approvals.list({}))[0] as FiledApproval;

const decide = async (verdict: 'approve' | 'deny', reason?: string): Promise<void> => {
  await edge.approvals.decide('acme', (await only()).id, { by: bob, verdict, reason, channel: 'test' });
};

const sentCalls = (...on: TestEdge[]): number =>
  on.flatMap(({ sent }) => sent).filter(({ call: { method } }) => method === 'tools/call').length;

describe('a held call as a task', () => {
  it('is offered by server/discover', async () => {
    const { result } = await ask('server/discover', {});
    expect(result?.['capabilities']).toMatchObject({ extensions: { 'io.modelcontextprotocol/tasks': {} } });
  });

  it('waits with the page, and ends with the result of the tool, in the bytes of the tool', async () => {
    const { result } = await call({ id: 1 });
    const { id } = await only();
    expect(result).toMatchObject({
      resultType: 'task',
      status: 'working',
      statusMessage: `A person must approve this call: https://ops.example.test/approvals/${id}`,
      ttlMs: 60_000,
      pollIntervalMs: 2_000,
    });
    const taskId = result?.['taskId'] as string;
    expect(await get(taskId)).toMatchObject({ resultType: 'complete', taskId, status: 'working' });
    expect(sentCalls(edge)).toBe(0);
    await decide('approve');
    const done = await ask('tasks/get', { taskId });
    expect(done.result).toMatchObject({
      resultType: 'complete',
      taskId,
      status: 'completed',
      result: { resultType: 'complete', content: [{ type: 'text', text: 'gone' }] },
    });
    expect(done.text).toContain('12345678901234567890');
    expect((await ask('tasks/get', { taskId })).text).toContain('12345678901234567890');
    expect(sentCalls(edge)).toBe(1);
    expect(edge.sent.at(-1)?.call.params).toEqual({ name: 'erase', arguments: { id: 1 } });
  });

  it('has the same id when the same call is made again, and names of /mcp are undone', async () => {
    const asked = { path: '/mcp' };
    const taskId = await held({ id: 1 }, asked);
    expect(await held({ id: 1 }, asked)).toBe(taskId);
    await decide('approve');
    expect(await get(taskId, asked)).toMatchObject({ status: 'completed' });
  });

  it('is recorded: the refusal, each question, and the call with its approval', async () => {
    const taskId = await held();
    await decide('approve');
    await get(taskId);
    const { id } = await only();
    const calls = edge.records('acme').filter((record) => JSON.stringify(record).includes('"tools/call"'));
    expect(calls.map((record) => JSON.stringify(record).includes(id))).toEqual([false, true, true]);
    expect(JSON.stringify(edge.records('acme'))).toContain('tasks/get');
  });

  it('is not made for a client that does not declare tasks, or for arguments that are too long', async () => {
    const none = { meta: { 'io.modelcontextprotocol/clientCapabilities': {} } };
    expect((await call({ id: 1 }, none)).result).toMatchObject({ isError: true });
    const long = await call({ text: 'x'.repeat(3_000) });
    expect(long.result).toMatchObject({ structuredContent: { error_code: 'APPROVAL_REQUIRED' } });
  });

  it('answers tasks/update, which approves nothing (U17)', async () => {
    const taskId = await held();
    const inputResponses = { approval: { action: 'accept', content: { approved: true } } };
    expect((await ask('tasks/update', { taskId, inputResponses })).result).toMatchObject({ resultType: 'complete' });
    expect(await get(taskId)).toMatchObject({ status: 'working' });
    expect(sentCalls(edge)).toBe(0);
  });
});

describe('a held call that does not go on', () => {
  it('ends with the reason of a no', async () => {
    const taskId = await held();
    await decide('deny', 'Wrong customer.');
    expect(await get(taskId)).toMatchObject({
      status: 'completed',
      statusMessage: 'A person refused this call: Wrong customer.',
      result: { isError: true, structuredContent: { error_code: 'APPROVAL_REFUSED' } },
    });
    expect(sentCalls(edge)).toBe(0);
  });

  it('is withdrawn by tasks/cancel, and cannot be approved after it', async () => {
    const taskId = await held();
    expect((await ask('tasks/cancel', { taskId })).result).toMatchObject({ resultType: 'complete' });
    expect((await only()).status).toBe('withdrawn');
    expect(await get(taskId)).toMatchObject({ status: 'cancelled' });
    await expect(decide('approve')).rejects.toThrow();
    expect((await ask('tasks/cancel', { taskId })).result).toMatchObject({ resultType: 'complete' });
  });

  it('U2 ends when the policies changed after the yes, and nothing more is asked', async () => {
    const taskId = await held();
    await decide('approve');
    state.revision = '2';
    expect(await get(taskId)).toMatchObject({
      status: 'completed',
      statusMessage: 'The policies changed since then.',
      result: { isError: true },
    });
    state.revision = '1';
    expect(await get(taskId)).toMatchObject({ result: { isError: true } });
    expect(await edge.approvals.count({})).toBe(1);
    expect(sentCalls(edge)).toBe(0);
  });

  it('U6 ends when nobody says anything in time, and is forgotten ten minutes later', async () => {
    const taskId = await held();
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 60_000);
    expect(await get(taskId)).toMatchObject({
      status: 'completed',
      statusMessage: expect.stringContaining('time for this request was over') as string,
      result: { isError: true },
    });
    await expect(decide('approve')).rejects.toThrow();
    vi.setSystemTime(Date.now() + 601_000);
    expect(await get(taskId)).toMatchObject({ code: -32602 });
    expect(sentCalls(edge)).toBe(0);
  });

  it('S12 is not found when the right has ended after the yes', async () => {
    const taskId = await held();
    await decide('approve');
    state.denied = true;
    expect(await get(taskId)).toMatchObject({ code: -32602 });
    expect(sentCalls(edge)).toBe(0);
  });

  it('is cut off by tasks/cancel while it runs', async () => {
    const taskId = await held({ slow: true });
    await decide('approve');
    const first = get(taskId);
    await vi.waitFor(() => expect(release).toBeDefined());
    expect((await ask('tasks/cancel', { taskId })).result).toMatchObject({ resultType: 'complete' });
    expect(edge.sent.at(-1)?.call.signal.aborted).toBe(true);
    await first;
    expect(sentCalls(edge)).toBe(1);
  });
});

describe('U4 a held call goes on once', () => {
  it('under fifty questions at once, in two processes', async () => {
    const other = await open({ sharedApprovals: edge.approvals });
    const taskId = await held();
    await decide('approve');
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => get(taskId, { on: index % 2 === 0 ? edge : other })),
    );
    expect(sentCalls(edge, other)).toBe(1);
    expect(await edge.approvals.count({})).toBe(1);
    const winner = sentCalls(edge) === 1 ? 0 : 1;
    for (const [index, answer] of answers.entries())
      if (index % 2 === winner) expect(answer).toMatchObject({ status: 'completed', result: { content: [{}] } });
      else expect(['failed', 'completed']).toContain(answer?.['status']);
  });

  it('whoever asks while it runs is told so, and gets the result of the one execution', async () => {
    const taskId = await held({ slow: true });
    await decide('approve');
    const left = new AbortController();
    const first = send({
      url: edge.url,
      path: '/mcp/crm',
      token: 'alice',
      era: 'modern',
      method: 'tasks/get',
      params: { taskId, _meta: META_OF_TASKS },
      signal: left.signal,
    }).catch(() => undefined);
    await vi.waitFor(() => expect(release).toBeDefined());
    // The client that started it goes away: the call goes on.
    left.abort();
    await first;
    expect(edge.sent.at(-1)?.call.signal.aborted).toBe(false);
    release?.();
    await vi.waitFor(async () => expect(await get(taskId)).toMatchObject({ status: 'completed' }));
    expect(sentCalls(edge)).toBe(1);
  });

  it('after a restart; a result that the process did not see is said to be gone', async () => {
    const taskId = await held();
    const second = await open({ sharedApprovals: edge.approvals });
    await decide('approve');
    expect(await get(taskId, { on: second })).toMatchObject({ status: 'completed' });
    const third = await open({ sharedApprovals: edge.approvals });
    expect(await get(taskId, { on: third })).toMatchObject({
      status: 'failed',
      error: { code: -32603, message: expect.stringContaining('used already') as string },
    });
    expect(sentCalls(edge, second, third)).toBe(1);
  });

  it('also when nobody would be asked any more', async () => {
    const taskId = await held();
    const unasked = { sharedApprovals: edge.approvals, approvals: [] };
    const [second, third] = [await open(unasked), await open(unasked)];
    expect(await get(taskId, { on: second })).toMatchObject({ status: 'working' });
    await decide('approve');
    await Promise.all([get(taskId, { on: second }), get(taskId, { on: third })]);
    expect(sentCalls(edge, second, third)).toBe(1);
  });

  it('L9 a stop of the gateway waits for it, and cuts it off after the grace', async () => {
    const taskId = await held({ slow: true });
    await decide('approve');
    void get(taskId).catch(() => undefined);
    await vi.waitFor(() => expect(release).toBeDefined());
    await edge.httpEdge.close(0);
    expect(edge.sent.at(-1)?.call.signal.aborted).toBe(true);
  });
});

describe('A18 a task of a held call belongs to who made it', () => {
  it.each<[string, Asked]>([
    ['another user', { token: 'bob' }],
    ['another agent of the user', { token: 'alice-bot' }],
    ['another tenant', { token: 'carol' }],
    ['another server', { path: '/mcp/docs' }],
  ])('%s does not find it, and cannot cancel it', async (_who, asked) => {
    const taskId = await held();
    await decide('approve');
    for (const method of ['tasks/get', 'tasks/cancel', 'tasks/update'])
      expect((await ask(method, { taskId }, asked)).error, method).toMatchObject({ code: -32602 });
    expect([sentCalls(edge), (await only()).status]).toEqual([0, 'approved']);
  });

  it('an id that was altered, or sealed by another gateway, is not found', async () => {
    const taskId = await held();
    const altered = taskId.slice(0, -3) + (taskId.at(-3) === 'A' ? 'B' : 'A') + taskId.slice(-2);
    const foreign = await open({ sealingSecret: new Uint8Array(32).fill(9) });
    expect(await get(altered)).toMatchObject({ code: -32602 });
    expect(await get(taskId, { on: foreign })).toMatchObject({ code: -32602 });
  });

  it('a client that does not declare tasks is told which capability is missing', async () => {
    const taskId = await held();
    const { error } = await ask('tasks/get', { taskId }, { meta: {} });
    expect(error).toMatchObject({
      code: -32021,
      data: { requiredCapabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } },
    });
  });
});
