/**
 * The servers that people use: server-everything, server-filesystem and server-memory, over stdio and streamable HTTP.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@sallyport/guard';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  httpTransport,
  NODE_PATH,
  createHarness,
  serverSettings,
  stdioTransport,
  waitUntil,
  type RecordedNotification,
  type UpstreamHarness,
} from './testing/harness.mts';

const modules = `${import.meta.dirname}/../../../../node_modules/@modelcontextprotocol`;
const everything = `${modules}/server-everything/dist/index.js`;
const CAPABILITIES: JsonObject = { elicitation: { form: {} }, sampling: {}, roots: { listChanged: true } };
const textOf = (value: JsonObject): string =>
  (value['content'] as { text: string }[]).map(({ text }) => text).join('\n');

let folder: string;
let url: string;
let child: ChildProcess;
let harness: UpstreamHarness;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'real-'));
  writeFileSync(join(folder, 'hello.txt'), 'hello file');
  const port = await freePort();
  child = spawn(NODE_PATH, [everything, 'streamableHttp'], {
    env: { PATH: process.env['PATH'], PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  url = `http://127.0.0.1:${port}/mcp`;
  await waitUntil(
    async () =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    10_000,
  );
  harness = createHarness([
    serverSettings('web', httpTransport(url)),
    serverSettings('pipe', stdioTransport([everything, 'stdio'])),
    serverSettings('files', stdioTransport([`${modules}/server-filesystem/dist/index.js`, folder])),
    serverSettings(
      'memory',
      stdioTransport([`${modules}/server-memory/dist/index.js`], { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') }),
    ),
  ]);
  await harness.discover();
});

afterAll(async () => {
  await harness.close();
  child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

it('all servers are reached, listed together and called', async () => {
  expect(Object.values(harness.upstreams.ready())).toEqual([undefined, undefined, undefined, undefined]);
  const names = await harness.listNames('tools/list', ['web', 'files', 'memory'], {
    session: 's',
    capabilities: CAPABILITIES,
  });
  for (const name of ['echo', 'get-sum', 'read_text_file', 'create_entities', 'get-roots-list'])
    expect(names).toContain(name);
  expect(
    textOf(await harness.callTool('files', 'read_text_file', { path: join(folder, 'hello.txt') }, { session: 's' })),
  ).toBe('hello file');
  await harness.callTool(
    'memory',
    'create_entities',
    { entities: [{ name: 'Ann', entityType: 'person', observations: ['kind'] }] },
    { session: 's' },
  );
  expect(textOf(await harness.callTool('memory', 'search_nodes', { query: 'kind' }, { session: 's' }))).toContain(
    'Ann',
  );
});

describe.each(['web', 'pipe'])('server-everything, %s', (server) => {
  const client = { session: `e ${server}`, capabilities: CAPABILITIES };

  it('calls return structured content and progress', async () => {
    expect(textOf(await harness.callTool(server, 'get-sum', { a: 2, b: 40 }, client))).toContain('42');
    expect(
      (await harness.callTool(server, 'get-structured-content', { location: 'New York' }, client))['structuredContent'],
    ).toMatchObject({ temperature: expect.any(Number) as number });
    const notifications: RecordedNotification[] = [];
    await harness.callTool(
      server,
      'trigger-long-running-operation',
      { duration: 0.3, steps: 3 },
      { ...client, progressToken: 'p', notifications },
    );
    expect(notifications.map(({ params }) => params['progress'])).toEqual([1, 2, 3]);
  });

  it('prompts, resources, templates and completion work', async () => {
    expect(await harness.listNames('prompts/list', [server], client)).toContain('args-prompt');
    expect(
      (
        await harness.resultOf(
          'prompts/get',
          { kind: 'prompt', server, name: 'args-prompt' },
          { name: 'args-prompt', arguments: { city: 'Bern' } },
          client,
        )
      ).value,
    ).toMatchObject({ messages: [{ content: { text: expect.stringContaining('Bern') as string } }] });
    const uri = 'demo://resource/dynamic/text/3';
    expect(
      (await harness.resultOf('resources/read', { kind: 'resource', server, name: uri }, { uri }, client)).value,
    ).toMatchObject({ contents: [{ uri }] });
    expect((await harness.listNames('resources/list', [server], client)).length).toBeGreaterThan(3);
    const completed = await harness.resultOf(
      'completion/complete',
      { kind: 'prompt', server, name: 'completable-prompt' },
      { ref: { type: 'ref/prompt', name: 'completable-prompt' }, argument: { name: 'department', value: 'E' } },
      client,
    );
    expect(completed.value).toMatchObject({ completion: { values: ['Engineering'] } });
  });

  it('a legacy client gets its elicitation and sampling requests', async () => {
    const requested: string[] = [];
    const answer = async (method: string): Promise<JsonObject> => {
      requested.push(method);
      return method === 'sampling/createMessage'
        ? { role: 'assistant', model: 'm', content: { type: 'text', text: 'SAMPLED' } }
        : { action: 'decline' };
    };
    expect(
      textOf(
        await harness.callTool(
          server,
          'trigger-sampling-request',
          { prompt: 'x', maxTokens: 5 },
          { ...client, onClientRequest: answer },
        ),
      ),
    ).toContain('SAMPLED');
    expect(
      textOf(await harness.callTool(server, 'trigger-elicitation-request', {}, { ...client, onClientRequest: answer })),
    ).toMatch(/decline/i);
    expect(requested.filter((method) => method !== 'roots/list')).toEqual([
      'sampling/createMessage',
      'elicitation/create',
    ]);
  });

  it('a modern client gets them as input_required results', async () => {
    const modern = { era: 'modern', user: `m ${server}`, capabilities: CAPABILITIES } as const;
    // This server adds some of its tools only after `notifications/initialized`.
    await waitUntil(async () =>
      (await harness.listNames('tools/list', [server], modern)).includes('trigger-sampling-request'),
    );
    const target = { kind: 'tool', server, name: 'trigger-sampling-request' } as const;
    const params = { name: 'trigger-sampling-request', arguments: { prompt: 'x', maxTokens: 5 } };
    let { value } = await harness.resultOf('tools/call', target, params, modern);
    // It may also request the roots.
    for (let round = 0; value['resultType'] === 'input_required' && round < 4; round++) {
      const requests = value['inputRequests'] as Record<string, { method: string }>;
      const inputResponses = Object.fromEntries(
        Object.entries(requests).map(([key, { method }]) => [
          key,
          method === 'roots/list'
            ? { roots: [] }
            : { role: 'assistant', model: 'm', content: { type: 'text', text: 'MODERN' } },
        ]),
      );
      ({ value } = await harness.resultOf(
        'tools/call',
        target,
        { ...params, requestState: value['requestState'] as string, inputResponses },
        modern,
      ));
    }
    expect(textOf(value)).toContain('MODERN');
  });

  it('a second gateway with the same pins sees no drift', async () => {
    const again = createHarness(
      [serverSettings(server, server === 'web' ? httpTransport(url) : stdioTransport([everything, 'stdio']))],
      harness.pins,
    );
    await again.discover();
    expect(again.events).toEqual([]);
    await again.close();
  });
});
