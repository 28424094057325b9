/** The official SDK clients: v1 (handshake), and v2 in both eras. */
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { McpResult } from '@sallyport/guard';
import { pause } from '../testing/pause.mts';
import { definition } from '../testing/servers.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';
import { send } from '../testing/client.mts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openTestEdge({
    async other({ call }, channel) {
      if (call.method === 'prompts/get')
        return { value: { messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }] } };
      if (call.method === 'resources/read')
        return { value: { contents: [{ uri: 'name' in call.target ? call.target.name : '', text: 'x' }] } };
      if (call.method === 'completion/complete') return { value: { completion: { values: ['a'] } } };
      if (!call.method.endsWith('/listen')) return { value: {} };
      channel.notify('notifications/tools/list_changed', {});
      await new Promise<void>((resolve) => {
        call.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      return { value: {} };
    },
  });
});
afterAll(() => edge.close());

const requestInit = { headers: { Authorization: 'Bearer alice' } };
const until = async (test: () => boolean): Promise<void> => {
  for (let at = 0; at < 400 && !test(); at++) await pause(5);
  expect(test()).toBe(true);
};

describe('SDK v1', () => {
  const connect = async (path: string) => {
    const client = new LegacyClient({ name: 'v1', version: '1.0.0' }, { capabilities: { elicitation: {} } });
    const transport = new LegacyTransport(new URL(`${edge.url}${path}`), { requestInit });
    // The SDK's own types disagree with each other under exactOptionalPropertyTypes.
    await client.connect(transport as Parameters<LegacyClient['connect']>[0]);
    return { client, transport };
  };

  it.each(['/mcp', '/mcp/crm'])('lists, calls, reads, gets, completes on %s', async (path) => {
    const { client, transport } = await connect(path);
    const prefix = path === '/mcp' ? 'crm__' : '';
    const uri = path === '/mcp' ? 'crm+file:///a' : 'file:///a';
    expect(transport.sessionId).toMatch(/^[\w-]+$/);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain(`${prefix}echo`);
    expect(JSON.stringify(await client.callTool({ name: `${prefix}echo`, arguments: { a: 1 } }))).toContain('alice');
    expect((await client.listResources()).resources.map((resource) => resource.uri)).toContain(uri);
    expect((await client.listResourceTemplates()).resourceTemplates).toHaveLength(1);
    expect((await client.readResource({ uri })).contents[0]?.uri).toBe(uri);
    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toContain(`${prefix}greet`);
    expect((await client.getPrompt({ name: `${prefix}greet`, arguments: { who: 'x' } })).messages).toHaveLength(1);
    expect(
      (
        await client.complete({
          ref: { type: 'ref/prompt', name: `${prefix}greet` },
          argument: { name: 'who', value: 'a' },
        })
      ).completion.values,
    ).toEqual(['a']);
    await client.ping();
    await client.setLoggingLevel('info').catch((thrown: unknown) => expect(String(thrown)).toContain('logging'));
    await expect(client.callTool({ name: `${prefix}nothing`, arguments: {} })).rejects.toMatchObject({ code: -32602 });
    await expect(client.readResource({ uri: `${uri}-nothing` })).rejects.toMatchObject({ code: -32002 });
    expect(await client.callTool({ name: `${prefix}strict`, arguments: { n: 'x' } })).toMatchObject({
      isError: true,
      structuredContent: { error_code: 'INVALID_ARGUMENT' },
    });
    await transport.terminateSession();
    await client.close();
  });

  it('receives progress and notifications, answers requests, cancels', async () => {
    const { client } = await connect('/mcp/crm');
    let changed = 0;
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      changed += 1;
    });
    client.setRequestHandler(ElicitRequestSchema, async () => ({ action: 'accept' as const, content: { sure: true } }));
    const received: number[] = [];
    await client.callTool({ name: 'talk', arguments: { canary: 'c' } }, undefined, {
      onprogress: ({ progress }) => void received.push(progress),
    });
    expect(received).toEqual([1, 2, 3]);
    expect(JSON.stringify(await client.callTool({ name: 'ask', arguments: {} }))).toContain('accept');
    await until(() => changed > 0);
    const abort = new AbortController();
    const waiting = client
      .callTool({ name: 'wait', arguments: {} }, undefined, { signal: abort.signal })
      .catch((thrown: unknown) => thrown);
    await until(() => edge.sent.at(-1)?.call.params['name'] === 'wait');
    abort.abort();
    await waiting;
    await until(() => edge.sent.at(-1)?.call.signal.aborted === true);
    await client.close();
  });

  it('resumes an interrupted stream', async () => {
    const { client, transport } = await connect('/mcp/crm');
    const tokens: string[] = [];
    const received: number[] = [];
    const done = client.callTool({ name: 'talk', arguments: { canary: 'resumed' } }, undefined, {
      onprogress: ({ progress }) => void received.push(progress),
      onresumptiontoken: (token) => void tokens.push(token),
    });
    expect(JSON.stringify(await done)).toContain('resumed');
    expect(tokens.length).toBeGreaterThan(1);
    const again: string[] = [];
    const second = new LegacyTransport(new URL(`${edge.url}/mcp/crm`), {
      requestInit,
      sessionId: transport.sessionId as string,
    });
    second.onmessage = (message) => void again.push(JSON.stringify(message));
    await second.start();
    await second.resumeStream(tokens[0] as string);
    await until(() => again.some((message) => message.includes('resumed')));
    await second.close();
    await client.close();
  });

  it('gets 404 when its session has ended', async () => {
    const { client, transport } = await connect('/mcp/crm');
    const sessionId = transport.sessionId as string;
    await transport.terminateSession();
    const second = new LegacyTransport(new URL(`${edge.url}/mcp/crm`), { requestInit, sessionId });
    await second.start();
    await expect(second.send({ jsonrpc: '2.0', id: 1, method: 'tools/list' })).rejects.toMatchObject({ code: 404 });
    await client.close();
  });
});

it('output that is not an object: a client of 2026-07-28 gets all of it, an older one the text', async () => {
  const list: McpResult = { value: { content: [{ type: 'text', text: '[1]' }], structuredContent: [1] } };
  const other = await openTestEdge({
    definitions: [
      definition('crm', 'tool', 'rows', {
        inputSchema: { type: 'object' },
        outputSchema: { type: 'array', items: {} },
      }),
      definition('crm', 'tool', 'row', { inputSchema: { type: 'object' }, outputSchema: { type: 'object' } }),
      definition('crm', 'tool', 'loose'),
    ],
    tools: { rows: () => list, loose: () => ({ ...list, bytes: Buffer.from(JSON.stringify(list.value)) }) },
  });
  const [v1, v2] = [
    new LegacyClient({ name: 'v1', version: '1' }),
    new ModernClient({ name: 'v2', version: '1' }, { versionNegotiation: { mode: 'auto' } }),
  ];
  await v1.connect(
    new LegacyTransport(new URL(`${other.url}/mcp/crm`), { requestInit }) as Parameters<LegacyClient['connect']>[0],
  );
  await v2.connect(new ModernTransport(new URL(`${other.url}/mcp/crm`), { requestInit }));
  expect((await v1.listTools()).tools.map(({ outputSchema }) => outputSchema?.type)).toEqual([
    undefined,
    'object',
    undefined,
  ]);
  for (const name of ['rows', 'loose'])
    expect((await send({ url: other.url, token: 'alice', method: 'tools/call', params: { name } })).result).toEqual({
      content: [{ type: 'text', text: '[1]' }],
    });
  expect((await v2.listTools()).tools[0]?.outputSchema).toMatchObject({ type: 'array' });
  expect(await v2.callTool({ name: 'rows' })).toMatchObject({ structuredContent: [1] });
  await Promise.all([v1.close(), v2.close()]);
  await other.close();
});

describe.each(['legacy', 'auto'] as const)('SDK v2, %s', (mode) => {
  const connect = async (path: string) => {
    const client = new ModernClient(
      { name: 'v2', version: '1.0.0' },
      { capabilities: { elicitation: {} }, versionNegotiation: { mode } },
    );
    await client.connect(new ModernTransport(new URL(`${edge.url}${path}`), { requestInit }));
    return client;
  };

  it.each(['/mcp', '/mcp/crm'])('lists, calls, reads, gets, completes on %s', async (path) => {
    const client = await connect(path);
    const prefix = path === '/mcp' ? 'crm__' : '';
    const uri = path === '/mcp' ? 'crm+file:///a' : 'file:///a';
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain(`${prefix}echo`);
    expect(JSON.stringify(await client.callTool({ name: `${prefix}echo`, arguments: { a: 1 } }))).toContain('alice');
    expect(edge.sent.at(-1)?.call.origin.era).toBe(mode === 'auto' ? 'modern' : 'legacy');
    expect((await client.readResource({ uri })).contents[0]?.uri).toBe(uri);
    expect((await client.getPrompt({ name: `${prefix}greet`, arguments: { who: 'x' } })).messages).toHaveLength(1);
    expect(await client.callTool({ name: `${prefix}strict`, arguments: { n: 'x' } })).toMatchObject({ isError: true });
    await expect(client.callTool({ name: `${prefix}nothing`, arguments: {} })).rejects.toMatchObject({ code: -32602 });
    const mirrored = await client.callTool({
      name: `${prefix}mirror`,
      arguments: { region: 'zürich', count: 3, dry: true, nested: { deep: 'x' } },
    });
    expect(mirrored).not.toMatchObject({ isError: true });
    await client.close();
  });

  it('receives progress', async () => {
    const client = await connect('/mcp/crm');
    const received: number[] = [];
    await client.callTool(
      { name: 'talk', arguments: { canary: 'c' } },
      { onprogress: ({ progress }) => void received.push(progress) },
    );
    expect(received).toEqual([1, 2, 3]);
    await client.close();
  });
});
