/** The stdio door: one line one message, both eras on one pipe, bounded lines and a client that does not read. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pause } from '../testing/pause.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';
import { type Json, META } from '../testing/client.mts';
import { createStdioEdge } from './stdio.ts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openTestEdge({
    settings: { bodyBytesMax: 10_000 },
    async other({ call }, channel) {
      if (!call.method.endsWith('/listen')) return { value: {} };
      const server = call.target.kind === 'servers' ? (call.target.servers[0] ?? '') : '';
      channel.notify('notifications/tools/list_changed', {});
      channel.notify('notifications/resources/updated', { uri: 'file:///a' });
      channel.notify('notifications/message', { level: 'info', data: server });
      await new Promise<void>((resolve) => {
        call.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      return { value: {} };
    },
  });
});
afterAll(() => edge.close());

function open(name: string | null = 'crm', token = 'alice') {
  const server = name ?? undefined;
  const input = new PassThrough();
  const output = new PassThrough();
  const stdioEdge = createStdioEdge({ ...edge.deps, input, output, server, credentials: { kind: 'bearer', token } });
  const messages: Json[] = [];
  let rest = '';
  const read = (): void => {
    output.on('data', (chunk: Buffer) => {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) messages.push(JSON.parse(line) as Json);
    });
  };
  read();
  return {
    input,
    output,
    messages,
    ended: stdioEdge.ended,
    write: (line: string | Json) =>
      void input.write(`${typeof line === 'string' ? line : JSON.stringify({ jsonrpc: '2.0', ...line })}\n`),
    async until(test: (message: Json) => boolean): Promise<Json> {
      for (let at = 0; at < 400; at++) {
        const found = messages.find(test);
        if (found !== undefined) return found;
        await pause(5);
      }
      throw new Error(`nothing like that came: ${JSON.stringify(messages)}`);
    },
  };
}

const byId =
  (id: unknown) =>
  (message: Json): boolean =>
    message['id'] === id && message['method'] === undefined;
const hello = (capabilities: Json = {}) => ({
  id: 'hello',
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities, clientInfo: { name: 't', version: '1' } },
});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

describe('stdio', () => {
  it('speaks both eras on one pipe', async () => {
    const pipe = open();
    pipe.write(hello());
    expect((await pipe.until(byId('hello')))['result']).toMatchObject({
      protocolVersion: '2025-06-18',
      serverInfo: { name: 'the crm' },
    });
    pipe.write({ id: 1, method: 'tools/call', params: { name: 'echo', arguments: { a: 1 } } });
    pipe.write({ id: 2, method: 'tools/call', params: { name: 'echo', arguments: { a: 2 }, _meta: META } });
    pipe.write({ id: 3, method: 'server/discover', params: { _meta: META } });
    expect((await pipe.until(byId(1)))['result']).not.toHaveProperty('resultType');
    expect((await pipe.until(byId(2)))['result']).toMatchObject({ resultType: 'complete' });
    expect((await pipe.until(byId(3)))['result']).toMatchObject({
      supportedVersions: expect.arrayContaining(['2026-07-28']),
    });
    pipe.input.end();
    await pipe.ended;
  });

  it('shows all servers under their names when none is named', async () => {
    const pipe = open(null);
    pipe.write({ id: 1, method: 'tools/call', params: { name: 'docs__echo', arguments: {} } });
    expect(JSON.stringify(await pipe.until(byId(1)))).toContain('\\"to\\":\\"docs\\"');
    pipe.input.end();
    await pipe.ended;
  });

  it.each([
    '{',
    '[]',
    '[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
    '{"jsonrpc":"2.0","id":null,"method":"ping"}',
    '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}',
    `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"${'x'.repeat(20_000)}"}}`,
  ])('J2 J5 H12 H18 %.60s is refused, and the next line is read', async (line) => {
    const pipe = open();
    pipe.write(line);
    pipe.write('');
    pipe.write({ id: 'next', method: 'ping' });
    await pipe.until(byId('next'));
    expect(pipe.messages.find((message) => message['id'] === undefined)).toMatchObject({
      error: { code: expect.any(Number) },
    });
    pipe.input.end();
    await pipe.ended;
  });

  it('H18 a line that never ends holds no memory, and what stands after the last line break is no message', async () => {
    const pipe = open();
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 0; at < 600; at++) {
      pipe.input.write(Buffer.alloc(100_000, 'x'));
      if (at % 50 === 0) await pause(1);
    }
    const held = (): number => process.memoryUsage().arrayBuffers - before;
    // What is dropped is only free once it was collected; what is held stays however often one asks.
    for (let tries = 0; tries < 40 && held() > 40_000_000; tries++) {
      collect();
      await pause(25);
    }
    expect(held()).toBeLessThanOrEqual(40_000_000);
    pipe.write('');
    pipe.write({ id: 1, method: 'ping' });
    await pipe.until(byId(1));
    pipe.input.end('{"jsonrpc":"2.0","id":2,"method":"ping"}');
    await pipe.ended;
    expect(pipe.messages.some(byId(2))).toBe(false);
  });

  it('H18 a client that does not read is not read from either', async () => {
    const pipe = open();
    pipe.output.removeAllListeners('data');
    pipe.output.pause();
    const params = { name: 'echo', arguments: { text: 'x'.repeat(9_000) } };
    for (let at = 0; at < 2_000; at++) pipe.write({ id: at, method: 'tools/call', params });
    await pause(700);
    expect(pipe.output.writableLength + pipe.output.readableLength).toBeLessThan(4_000_000);
    pipe.input.destroy();
    await pipe.ended;
  });

  it('cancels by notification, and answers nothing then', async () => {
    const pipe = open();
    const before = edge.sent.length;
    pipe.write({ id: 1, method: 'tools/call', params: { name: 'wait' } });
    while (edge.sent.length === before) await pause(2);
    pipe.write({ method: 'notifications/cancelled', params: { requestId: '1' } });
    await pause(10);
    expect(edge.sent.at(-1)?.call.signal.aborted).toBe(false);
    pipe.write({ method: 'notifications/cancelled', params: { requestId: 1 } });
    pipe.write({ id: 2, method: 'ping' });
    await pipe.until(byId(2));
    expect(edge.sent.at(-1)?.call.signal.aborted).toBe(true);
    await pause(10);
    expect(pipe.messages.some(byId(1))).toBe(false);
    pipe.input.end();
    await pipe.ended;
  });

  it('asks a legacy client that said that it can be asked', async () => {
    const pipe = open();
    pipe.write(hello({ elicitation: {} }));
    await pipe.until(byId('hello'));
    pipe.write({ id: 1, method: 'tools/call', params: { name: 'ask' } });
    const question = await pipe.until((message) => message['method'] === 'elicitation/create');
    pipe.write({ id: 'sp-AAAAAAAAAAAAAAAA', result: { action: 'stray' } });
    pipe.write({ id: question['id'], result: { action: 'accept', content: {} } });
    expect(JSON.stringify(await pipe.until(byId(1)))).toContain('accept');
    pipe.input.end();
    await pipe.ended;
  });

  it('a legacy client that is ready hears what belongs to no call; a modern one asks for it', async () => {
    const pipe = open(null);
    pipe.write(hello());
    await pipe.until(byId('hello'));
    pipe.write({ method: 'notifications/initialized' });
    pipe.write({ method: 'notifications/initialized' });
    for (const server of ['crm', 'docs'])
      await pipe.until((message) => (message['params'] as Json | undefined)?.['uri'] === `${server}+file:///a`);
    await pause(20);
    expect(pipe.messages.filter((message) => message['method'] === 'notifications/message')).toHaveLength(2);
    pipe.write({
      id: 'l',
      method: 'subscriptions/listen',
      params: { notifications: { toolsListChanged: true }, _meta: META },
    });
    const ack = await pipe.until((message) => message['method'] === 'notifications/subscriptions/acknowledged');
    expect(ack['params']).toMatchObject({
      notifications: { toolsListChanged: true },
      _meta: { 'io.modelcontextprotocol/subscriptionId': 'l' },
    });
    await pipe.until(
      (message) =>
        ((message['params'] as Json | undefined)?.['_meta'] as Json | undefined)?.[
          'io.modelcontextprotocol/subscriptionId'
        ] === 'l' && message['method'] === 'notifications/tools/list_changed',
    );
    pipe.input.end();
    await pipe.ended;
  });

  it('A14 a credential that is not accepted is not accepted here either', async () => {
    const pipe = open('crm', 'stale');
    const before = edge.sent.length;
    for (const [id, method] of [
      [1, 'tools/list'],
      [2, 'tools/call'],
      [3, 'initialize'],
    ] as const)
      pipe.write({
        id,
        method,
        params: { name: 'echo', protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} },
      });
    for (const id of [1, 2, 3]) expect(await pipe.until(byId(id))).toMatchObject({ error: { code: 401 } });
    expect(edge.sent).toHaveLength(before);
    pipe.input.end();
    await pipe.ended;
  });
});
