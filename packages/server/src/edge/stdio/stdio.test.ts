/** The stdio edge: one message per line, both eras, bounded lines, and a client that does not read. */
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
      throw new Error(`no such message was received: ${JSON.stringify(messages)}`);
    },
  };
}

const byId =
  (id: unknown) =>
  (message: Json): boolean =>
    message['id'] === id && message['method'] === undefined;
const initializeRequest = (capabilities: Json = {}) => ({
  id: 'initialize',
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities, clientInfo: { name: 't', version: '1' } },
});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

describe('stdio', () => {
  it('serves both eras on one connection', async () => {
    const client = open();
    client.write(initializeRequest());
    expect((await client.until(byId('initialize')))['result']).toMatchObject({
      protocolVersion: '2025-06-18',
      serverInfo: { name: 'the crm' },
    });
    client.write({ id: 1, method: 'tools/call', params: { name: 'echo', arguments: { a: 1 } } });
    client.write({ id: 2, method: 'tools/call', params: { name: 'echo', arguments: { a: 2 }, _meta: META } });
    client.write({ id: 3, method: 'server/discover', params: { _meta: META } });
    expect((await client.until(byId(1)))['result']).not.toHaveProperty('resultType');
    expect((await client.until(byId(2)))['result']).toMatchObject({ resultType: 'complete' });
    expect((await client.until(byId(3)))['result']).toMatchObject({
      supportedVersions: expect.arrayContaining(['2026-07-28']),
    });
    client.input.end();
    await client.ended;
  });

  it('shows all servers under prefixed names when none is named', async () => {
    const client = open(null);
    client.write({ id: 1, method: 'tools/call', params: { name: 'docs__echo', arguments: {} } });
    expect(JSON.stringify(await client.until(byId(1)))).toContain('\\"to\\":\\"docs\\"');
    client.input.end();
    await client.ended;
  });

  it.each([
    '{',
    '[]',
    '[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
    '{"jsonrpc":"2.0","id":null,"method":"ping"}',
    '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}',
    `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"${'x'.repeat(20_000)}"}}`,
  ])('J2 J5 H12 H18 %.60s is refused, and the next line is read', async (line) => {
    const client = open();
    client.write(line);
    client.write('');
    client.write({ id: 'next', method: 'ping' });
    await client.until(byId('next'));
    expect(client.messages.find((message) => message['id'] === undefined)).toMatchObject({
      error: { code: expect.any(Number) },
    });
    client.input.end();
    await client.ended;
  });

  it('H18 an endless line takes no memory, and bytes after the last line break are no message', async () => {
    const client = open();
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 0; at < 600; at++) {
      client.input.write(Buffer.alloc(100_000, 'x'));
      if (at % 50 === 0) await pause(1);
    }
    const usedBytes = (): number => process.memoryUsage().arrayBuffers - before;
    // Dropped chunks are free only after a collection; memory that is still used stays.
    for (let tries = 0; tries < 40 && usedBytes() > 40_000_000; tries++) {
      collect();
      await pause(25);
    }
    expect(usedBytes()).toBeLessThanOrEqual(40_000_000);
    client.write('');
    client.write({ id: 1, method: 'ping' });
    await client.until(byId(1));
    client.input.end('{"jsonrpc":"2.0","id":2,"method":"ping"}');
    await client.ended;
    expect(client.messages.some(byId(2))).toBe(false);
  });

  it('H18 nothing is read from a client that does not read', async () => {
    const client = open();
    client.output.removeAllListeners('data');
    client.output.pause();
    const params = { name: 'echo', arguments: { text: 'x'.repeat(9_000) } };
    for (let at = 0; at < 2_000; at++) client.write({ id: at, method: 'tools/call', params });
    await pause(700);
    expect(client.output.writableLength + client.output.readableLength).toBeLessThan(4_000_000);
    client.input.destroy();
    await client.ended;
  });

  it('sends no response to a cancelled request', async () => {
    const client = open();
    const before = edge.sent.length;
    client.write({ id: 1, method: 'tools/call', params: { name: 'wait' } });
    while (edge.sent.length === before) await pause(2);
    client.write({ method: 'notifications/cancelled', params: { requestId: '1' } });
    await pause(10);
    expect(edge.sent.at(-1)?.call.signal.aborted).toBe(false);
    client.write({ method: 'notifications/cancelled', params: { requestId: 1 } });
    client.write({ id: 2, method: 'ping' });
    await client.until(byId(2));
    expect(edge.sent.at(-1)?.call.signal.aborted).toBe(true);
    await pause(10);
    expect(client.messages.some(byId(1))).toBe(false);
    client.input.end();
    await client.ended;
  });

  it('sends requests of servers to a legacy client that declares the capability', async () => {
    const client = open();
    client.write(initializeRequest({ elicitation: {} }));
    await client.until(byId('initialize'));
    client.write({ id: 1, method: 'tools/call', params: { name: 'ask' } });
    const question = await client.until((message) => message['method'] === 'elicitation/create');
    client.write({ id: 'sp-AAAAAAAAAAAAAAAA', result: { action: 'stray' } });
    client.write({ id: question['id'], result: { action: 'accept', content: {} } });
    expect(JSON.stringify(await client.until(byId(1)))).toContain('accept');
    client.input.end();
    await client.ended;
  });

  it('sends notifications of servers to an initialized legacy client; a modern one has to subscribe', async () => {
    const client = open(null);
    client.write(initializeRequest());
    await client.until(byId('initialize'));
    client.write({ method: 'notifications/initialized' });
    client.write({ method: 'notifications/initialized' });
    for (const server of ['crm', 'docs'])
      await client.until((message) => (message['params'] as Json | undefined)?.['uri'] === `${server}+file:///a`);
    await pause(20);
    expect(client.messages.filter((message) => message['method'] === 'notifications/message')).toHaveLength(2);
    client.write({
      id: 'l',
      method: 'subscriptions/listen',
      params: { notifications: { toolsListChanged: true }, _meta: META },
    });
    const ack = await client.until((message) => message['method'] === 'notifications/subscriptions/acknowledged');
    expect(ack['params']).toMatchObject({
      notifications: { toolsListChanged: true },
      _meta: { 'io.modelcontextprotocol/subscriptionId': 'l' },
    });
    await client.until(
      (message) =>
        ((message['params'] as Json | undefined)?.['_meta'] as Json | undefined)?.[
          'io.modelcontextprotocol/subscriptionId'
        ] === 'l' && message['method'] === 'notifications/tools/list_changed',
    );
    client.input.end();
    await client.ended;
  });

  it('A14 refuses an invalid credential for every method', async () => {
    const client = open('crm', 'stale');
    const before = edge.sent.length;
    for (const [id, method] of [
      [1, 'tools/list'],
      [2, 'tools/call'],
      [3, 'initialize'],
    ] as const)
      client.write({
        id,
        method,
        params: { name: 'echo', protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} },
      });
    for (const id of [1, 2, 3]) expect(await client.until(byId(id))).toMatchObject({ error: { code: 401 } });
    expect(edge.sent).toHaveLength(before);
    client.input.end();
    await client.ended;
  });
});
