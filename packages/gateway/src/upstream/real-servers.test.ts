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
const CAPS: JsonObject = { elicitation: { form: {} }, sampling: {}, roots: { listChanged: true } };
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

it('are all reached, listed together and called', async () => {
  expect(Object.values(harness.upstreams.ready())).toEqual([undefined, undefined, undefined, undefined]);
  const names = await harness.listNames('tools/list', ['web', 'files', 'memory'], { session: 's', capabilities: CAPS });
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
  const ask = { session: `e ${server}`, capabilities: CAPS };

  it('calls, with structured content and progress', async () => {
    expect(textOf(await harness.callTool(server, 'get-sum', { a: 2, b: 40 }, ask))).toContain('42');
    expect(
      (await harness.callTool(server, 'get-structured-content', { location: 'New York' }, ask))['structuredContent'],
    ).toMatchObject({ temperature: expect.any(Number) as number });
    const notices: RecordedNotification[] = [];
    await harness.callTool(
      server,
      'trigger-long-running-operation',
      { duration: 0.3, steps: 3 },
      { ...ask, progressToken: 'p', notifications: notices },
    );
    expect(notices.map(({ params }) => params['progress'])).toEqual([1, 2, 3]);
  });

  it('prompts, resources, templates and completion', async () => {
    expect(await harness.listNames('prompts/list', [server], ask)).toContain('args-prompt');
    expect(
      (
        await harness.resultOf(
          'prompts/get',
          { kind: 'prompt', server, name: 'args-prompt' },
          { name: 'args-prompt', arguments: { city: 'Bern' } },
          ask,
        )
      ).value,
    ).toMatchObject({ messages: [{ content: { text: expect.stringContaining('Bern') as string } }] });
    const uri = 'demo://resource/dynamic/text/3';
    expect(
      (await harness.resultOf('resources/read', { kind: 'resource', server, name: uri }, { uri }, ask)).value,
    ).toMatchObject({ contents: [{ uri }] });
    expect((await harness.listNames('resources/list', [server], ask)).length).toBeGreaterThan(3);
    const completed = await harness.resultOf(
      'completion/complete',
      { kind: 'prompt', server, name: 'completable-prompt' },
      { ref: { type: 'ref/prompt', name: 'completable-prompt' }, argument: { name: 'department', value: 'E' } },
      ask,
    );
    expect(completed.value).toMatchObject({ completion: { values: ['Engineering'] } });
  });

  it('asks a legacy client: elicitation and sampling', async () => {
    const asked: string[] = [];
    const answer = async (method: string): Promise<JsonObject> => {
      asked.push(method);
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
          { ...ask, onClientRequest: answer },
        ),
      ),
    ).toContain('SAMPLED');
    expect(
      textOf(await harness.callTool(server, 'trigger-elicitation-request', {}, { ...ask, onClientRequest: answer })),
    ).toMatch(/decline/i);
    expect(asked.filter((method) => method !== 'roots/list')).toEqual(['sampling/createMessage', 'elicitation/create']);
  });

  it('asks a modern client by input_required', async () => {
    const modern = { era: 'modern', user: `m ${server}`, capabilities: CAPS } as const;
    // This server makes some of its tools only once the client said that it is initialised.
    await waitUntil(async () =>
      (await harness.listNames('tools/list', [server], modern)).includes('trigger-sampling-request'),
    );
    const target = { kind: 'tool', server, name: 'trigger-sampling-request' } as const;
    const params = { name: 'trigger-sampling-request', arguments: { prompt: 'x', maxTokens: 5 } };
    let { value } = await harness.resultOf('tools/call', target, params, modern);
    // It may also want the roots, which it asks for on its own.
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

  it('pins survive: a second gateway with the same pins sees no drift', async () => {
    const again = createHarness(
      [serverSettings(server, server === 'web' ? httpTransport(url) : stdioTransport([everything, 'stdio']))],
      harness.pins,
    );
    await again.discover();
    expect(again.events).toEqual([]);
    await again.close();
  });
});
