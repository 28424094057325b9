/** How a client on stdio waits for an approval, in both eras. */
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { FiledApproval, JsonObject, Principal } from '@sallyport/guard';
import { principalOf } from '../testing/callers.mts';
import { META } from '../testing/client.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';
import { createStdioEdge } from './stdio.ts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openTestEdge({ approvals: [{ server: 'crm', tool: 'erase' }], waitMs: 60_000 });
});
afterAll(() => edge.close());

const bob: Principal = { ...(principalOf('bob') as Principal), agent: { clientId: 'dashboard', actors: [] } };
const requestOf = (id: number): Promise<FiledApproval> =>
  vi.waitFor(async () => {
    const filed = (await edge.approvals.list({ status: 'pending' })).find((one) => one.arguments['id'] === id);
    if (filed === undefined) throw new Error('it does not wait yet');
    return filed;
  });
const approve = async (id: number): Promise<void> => {
  const filed = await requestOf(id);
  const verdict = { by: bob, verdict: 'approve', reason: undefined, channel: 'test' } as const;
  await edge.approvals.decide('acme', filed.id, verdict);
};

function open() {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let text = '';
  output.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const credentials = { kind: 'bearer', token: 'alice' } as const;
  const stdio = createStdioEdge({ ...edge.deps, input, output, server: 'crm', credentials });
  const call = (id: number, method: string, params: JsonObject): void =>
    void input.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  const lines = (): JsonObject[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JsonObject);
  return { input, stdio, call, lines, answerTo: (id: number) => vi.waitFor(() => found(lines(), id)) };
}

function found(messages: readonly JsonObject[], id: number): JsonObject {
  const message = messages.find((one) => one['id'] === id);
  if (message === undefined) throw new Error('no answer yet');
  return message;
}

it('a legacy client with a progress token is kept waiting, and its call goes on by itself', async () => {
  const { input, stdio, call, lines, answerTo } = open();
  call(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } });
  await answerTo(1);
  call(2, 'tools/call', { name: 'erase', arguments: { id: 1 }, _meta: { progressToken: 'p' } });
  await vi.waitFor(() => expect(JSON.stringify(lines())).toContain('Waiting for approval: https://ops.example.test'));
  await approve(1);
  expect(JSON.stringify(await answerTo(2))).toContain('erase');
  input.end();
  await stdio.ended;
});

it('a modern client is shown the page, waits when it calls again, and its call goes on by itself', async () => {
  const { input, stdio, call, answerTo } = open();
  const capabilities = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } } };
  const params = { name: 'erase', arguments: { id: 2 }, _meta: { ...META, ...capabilities } };
  call(1, 'tools/call', params);
  const { result } = await answerTo(1);
  const { requestState } = result as { requestState: string };
  expect(result).toMatchObject({
    resultType: 'input_required',
    inputRequests: { approval: { params: { mode: 'url' } } },
  });
  call(2, 'tools/call', { ...params, requestState, inputResponses: { approval: { action: 'accept' } } });
  await vi.waitFor(() => expect(edge.held()).toBe(1));
  await approve(2);
  expect(JSON.stringify(await answerTo(2))).toContain('erase');
  input.end();
  await stdio.ended;
});

it('L9 U16 a call that waits ends with its client, and with the process', async () => {
  for (const end of ['input', 'stop'] as const) {
    const { input, stdio, call, answerTo } = open();
    call(1, 'initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'c', version: '1' } });
    await answerTo(1);
    call(2, 'tools/call', { name: 'erase', arguments: { id: 3 }, _meta: { progressToken: 1 } });
    await vi.waitFor(() => expect(edge.held()).toBe(1));
    if (end === 'input') input.end();
    else await stdio.stop(60_000);
    await stdio.ended;
    expect(edge.held()).toBe(0);
  }
  expect(edge.sent.some(({ call }) => JSON.stringify(call.params).includes('"id":3'))).toBe(false);
});
