/** Third-party clients, unmodified, through the gateway to third-party servers: every era with every era. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client as V2Client, StreamableHTTPClientTransport as V2Http } from '@modelcontextprotocol/client';
import { Client as V1Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as V1Http } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { StdioClientTransport as V1Stdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { startFixture, type RunningFixture } from '../fixtures/conformance-server.ts';

const require = createRequire(import.meta.url);
const installed = (name: string): string => join(dirname(require.resolve(`${name}/package.json`)), 'dist', 'index.js');

let folder: string;
let fixtures: RunningFixture[] = [];
let gateway: TestGateway;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-files-'));
  writeFileSync(join(folder, 'hello.txt'), 'hello from a file');
  fixtures = [await startFixture(), await startFixture(0, 'legacy')];
  const asks = { clientRequests: { sampling: true, elicitation: true, roots: true } };
  gateway = await openGateway({
    servers: {
      modern: { url: fixtures[0]?.url, ...asks },
      legacy: { url: fixtures[1]?.url, ...asks },
      everything: {
        command: [process.execPath, installed('@modelcontextprotocol/server-everything'), 'stdio'],
        ...asks,
      },
      files: { command: [process.execPath, installed('@modelcontextprotocol/server-filesystem'), folder] },
      rooted: { command: [process.execPath, installed('@modelcontextprotocol/server-filesystem'), folder], ...asks },
      memory: {
        command: [process.execPath, installed('@modelcontextprotocol/server-memory')],
        env: { MEMORY_FILE_PATH: join(folder, 'memory.json') },
      },
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await Promise.all(fixtures.map((fixture) => fixture.close()));
  rmSync(folder, { recursive: true, force: true });
});

/** What both generations of the SDK have in common is spelled alike. */
type Any = V2Client;

async function connect(kind: string, path: string): Promise<Any> {
  const headers = { authorization: `Bearer ${await gateway.token('alice')}` };
  const url = new URL(`${gateway.url}${path}`);
  if (kind === 'SDK v1') {
    const client = new V1Client({ name: 'v1', version: '1' });
    await client.connect(new V1Http(url, { requestInit: { headers } }) as never);
    return client as unknown as Any;
  }
  const client = new V2Client(
    { name: 'v2', version: '1' },
    kind === 'SDK v2, modern' ? ({ versionNegotiation: { mode: 'auto' } } as never) : {},
  );
  await client.connect(new V2Http(url, { requestInit: { headers } }));
  return client as unknown as Any;
}

const CLIENTS = ['SDK v1', 'SDK v2, legacy', 'SDK v2, modern'];

describe.each(CLIENTS)('%s', (kind) => {
  it.each(['modern', 'legacy'])('lists, calls, reads and asks a %s server', async (server) => {
    const client = await connect(kind, `/mcp/${server}`);
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('test_simple_text');
    expect(await client.callTool({ name: 'test_simple_text', arguments: {} })).toMatchObject({
      content: [{ text: 'This is a simple text response for testing.' }],
    });
    expect(await client.callTool({ name: 'test_error_handling', arguments: {} })).toMatchObject({ isError: true });
    expect(await client.callTool({ name: 'test_simple_text', arguments: { surprise: 1 } })).toMatchObject({
      isError: true,
    });
    await expect(client.callTool({ name: 'no_such_tool', arguments: {} })).rejects.toThrow();
    expect(await client.readResource({ uri: 'test://static-text' })).toMatchObject({
      contents: [{ uri: 'test://static-text' }],
    });
    expect(await client.readResource({ uri: 'test://template/42/data' })).toMatchObject({
      contents: [{ mimeType: 'application/json' }],
    });
    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toContain('test_prompt_with_arguments');
    expect(
      await client.getPrompt({ name: 'test_prompt_with_arguments', arguments: { arg1: 'a', arg2: 'b' } }),
    ).toMatchObject({ messages: [{ content: { text: "Prompt with arguments: arg1='a', arg2='b'" } }] });
    expect(
      (
        await client.complete({
          ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' },
          argument: { name: 'arg1', value: 'par' },
        })
      ).completion.values,
    ).toContain('paris');
    const progress: number[] = [];
    await client.callTool(
      { name: 'test_tool_with_progress', arguments: {} },
      ...((kind === 'SDK v1'
        ? [undefined, { onprogress: (note: { progress: number }) => progress.push(note.progress) }]
        : [{ onprogress: (note: { progress: number }) => progress.push(note.progress) }]) as never[]),
    );
    expect(progress).toEqual([0, 50, 100]);
    await client.close();
  });

  it('uses a third-party server over stdio', async () => {
    const everything = await connect(kind, '/mcp/everything');
    expect(await everything.callTool({ name: 'echo', arguments: { message: 'hi' } })).toMatchObject({
      content: [{ text: 'Echo: hi' }],
    });
    await everything.close();
  });

  it('sees and uses all servers at /mcp', async () => {
    const client = await connect(kind, '/mcp');
    const names = (await client.listTools()).tools.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'files__read_text_file',
        'memory__read_graph',
        'everything__echo',
        'legacy__test_simple_text',
      ]),
    );
    expect(await client.callTool({ name: 'everything__echo', arguments: { message: 'one roof' } })).toMatchObject({
      content: [{ text: 'Echo: one roof' }],
    });
    const read = await client.callTool({
      name: 'files__read_text_file',
      arguments: { path: join(folder, 'hello.txt') },
    });
    expect(JSON.stringify(read)).toContain('hello from a file');
    expect((await client.callTool({ name: 'memory__read_graph', arguments: {} })).isError).toBeFalsy();
    await client.close();
  });
});

it('the roots of a client reach a server that may see them, also after they change', async () => {
  const folders = ['one', 'two'].map((name) => join(folder, name));
  for (const one of folders) mkdirSync(one);
  const client = new V1Client({ name: 'v1', version: '1' }, { capabilities: { roots: { listChanged: true } } });
  let root = folders[0] as string;
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: pathToFileURL(root).href }] }));
  await client.connect(
    new V1Http(new URL(`${gateway.url}/mcp/rooted`), {
      requestInit: { headers: { authorization: `Bearer ${await gateway.token('alice')}` } },
    }) as never,
  );
  const allowed = async (): Promise<string> =>
    JSON.stringify(await client.callTool({ name: 'list_allowed_directories', arguments: {} }));
  await expect.poll(allowed, { timeout: 15_000 }).toContain(folders[0]);
  root = folders[1] as string;
  await client.sendRootsListChanged();
  await expect.poll(allowed, { timeout: 15_000 }).toContain(folders[1]);
  await client.close();
});

it('sallyport stdio serves a local client as the user of its token', async () => {
  // The data folder is open in the gateway above, so the stdio gateway has one of its own.
  const config = join(folder, 'stdio.json');
  writeFileSync(
    config,
    JSON.stringify({
      data: join(folder, 'stdio-data'),
      tenants: ['acme'],
      identity: { issuers: [{ issuer: gateway.issuer.issuer, audience: `${gateway.url}/mcp` }] },
      servers: { files: { command: [process.execPath, installed('@modelcontextprotocol/server-filesystem'), folder] } },
      policies: { cedar: join(gateway.folder, 'policies') },
      log: { level: 'error' },
    }),
  );
  const client = new V1Client({ name: 'v1', version: '1' });
  await client.connect(
    new V1Stdio({
      command: process.execPath,
      args: ['packages/gateway/bin/sallyport.js', 'stdio', '--server', 'files', '--config', config],
      env: { PATH: process.env['PATH'] ?? '', SALLYPORT_TOKEN: await gateway.token('alice') },
    }) as never,
  );
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('read_text_file');
  await client.close();
});
