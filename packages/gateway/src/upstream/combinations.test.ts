/**
 * The four combinations of a legacy or modern client with a legacy or modern server, over both transports, with servers
 * on the official SDKs.
 */
import { GuardError, type JsonObject, type McpResult } from '@sallyport/guard';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil, type RecordedNotification, type UpstreamHarness } from './testing/harness.mts';
import {
  accept,
  callAsModernClient,
  CAPABILITIES,
  jsonOf,
  startSdkServers,
  textOf,
  type SdkServers,
} from './testing/sdk-servers.mts';

let servers: SdkServers;
let harness: UpstreamHarness;

beforeAll(async () => {
  servers = await startSdkServers();
  harness = servers.harness;
});

afterAll(() => servers.close());

it('finds the era and the profile of every server', () => {
  expect(harness.upstreams.ready()).toEqual({
    'legacy-http': undefined,
    'legacy-json': undefined,
    'modern-http': undefined,
    'legacy-stdio': undefined,
    'modern-stdio': undefined,
  });
  expect(harness.upstreams.directory.profile('legacy-http')).toMatchObject({
    serverInfo: { name: 'legacy-fixture' },
    instructions: 'Legacy instructions.',
  });
  expect(harness.upstreams.directory.profile('modern-http')).toMatchObject({
    serverInfo: { name: 'modern-fixture' },
    instructions: 'Modern instructions.',
  });
  expect(harness.upstreams.directory.servers()).toEqual([
    'legacy-http',
    'legacy-json',
    'legacy-stdio',
    'modern-http',
    'modern-stdio',
  ]);
});

describe.each(['legacy-http', 'legacy-json', 'legacy-stdio', 'modern-http', 'modern-stdio'])('%s', (server) => {
  const isLegacy = server.startsWith('legacy');
  // A legacy server that answers with plain JSON has no stream for messages during a call.
  const hasStream = server !== 'legacy-json';

  it.each(['legacy', 'modern'] as const)('answers a %s client with the original bytes', async (era) => {
    const result: McpResult = await harness.resultOf(
      'tools/call',
      { kind: 'tool', server, name: 'echo' },
      { name: 'echo', arguments: { text: 'hi' } },
      { era, session: era === 'legacy' ? 's' : undefined },
    );
    expect(textOf(result.value)).toBe('hi');
    // The server made no request during this call, so its bytes are those that the server wrote.
    expect(JSON.parse(Buffer.from(result.bytes ?? Buffer.from('{}')).toString())).toEqual(result.value);
    expect(result.bytes).toBeDefined();
  });

  it.runIf(hasStream)('a legacy client gets the requests of the server while the call runs', async () => {
    const value = await harness.callTool(
      server,
      'ask',
      {},
      { session: 's', capabilities: CAPABILITIES, onClientRequest: accept },
    );
    expect(textOf(value)).toContain('Ann');
  });

  it.runIf(hasStream)('a modern client gets the requests of the server as an input_required result', async () => {
    const { result, requested } = await callAsModernClient(harness, server, 'ask');
    expect(requested).toEqual(['elicitation/create']);
    expect(textOf(result)).toContain('Ann');
  });

  it.runIf(hasStream)("passes progress on under the client's token, and only when it increases", async () => {
    const notifications: RecordedNotification[] = [];
    await harness.callTool(server, 'progress', {}, { session: 's', progressToken: 'mine', notifications });
    expect(notifications.map(({ params }) => [params['progressToken'], params['progress']])).toEqual([
      ['mine', 1],
      ['mine', 2],
      ['mine', 3],
    ]);
  });

  it('cancels upstream when the caller cancels', async () => {
    const count = async (tool: string): Promise<number> =>
      Number(textOf(await harness.callTool(server, tool, {}, { session: 's' })));
    const [startedBefore, endedBefore] = [await count('slow_started'), await count('slow_ended')];
    const abort = new AbortController();
    const call = harness.run(
      'tools/call',
      { kind: 'tool', server, name: 'slow' },
      { name: 'slow', arguments: { ms: 9000 } },
      { session: 's', signal: abort.signal },
    );
    await waitUntil(async () => (await count('slow_started')) > startedBefore);
    abort.abort();
    expect(await call).toMatchObject({ status: 'error', error: { code: 'cancelled' } });
    await waitUntil(async () => (await count('slow_ended')) > endedBefore);
  });

  it('times out', async () => {
    const call = harness.run(
      'tools/call',
      { kind: 'tool', server, name: 'slow' },
      { name: 'slow', arguments: { ms: 9000 } },
      { session: 's', deadlineMs: 200 },
    );
    expect(await call).toMatchObject({ status: 'error', error: { code: 'upstream_timeout' } });
  });

  it("of the client's _meta, passes on its own keys only", async () => {
    const params = {
      name: 'whoami',
      arguments: {},
      _meta: {
        'com.example/key': 1,
        progressToken: 'secret-token',
        'io.modelcontextprotocol/clientInfo': { name: 'evil', version: '1' },
      },
    };
    const { value } = await harness.resultOf('tools/call', { kind: 'tool', server, name: 'whoami' }, params, {
      session: 's',
    });
    const { meta } = jsonOf(value) as unknown as { meta: JsonObject };
    expect(meta['com.example/key']).toBe(1);
    expect(JSON.stringify(value)).not.toContain('secret-token');
    expect(JSON.stringify(value)).not.toContain('evil');
  });

  it.runIf(hasStream)('passes log messages to a modern client only from the level that it named', async () => {
    for (const [logLevel, expected] of [
      [undefined, []],
      ['warning', ['warning', 'error']],
    ] as const) {
      const notifications: RecordedNotification[] = [];
      await harness.callTool(
        server,
        'log',
        {},
        { era: 'modern', notifications, ...(logLevel === undefined ? {} : { logLevel }) },
      );
      // The messages of a call precede its result.
      expect(notifications.map(({ params }) => params['level'])).toEqual(expected);
    }
  });

  it('refuses requests of the server that need a capability the client did not declare', async () => {
    const requested: string[] = [];
    const outcome = await harness.run(
      'tools/call',
      { kind: 'tool', server, name: 'sample' },
      { name: 'sample', arguments: {} },
      {
        session: 'bare',
        capabilities: {},
        // A server that answers with plain JSON cannot send its request, so it waits for an answer for ever.
        ...(hasStream ? {} : { deadlineMs: 2_000 }),
        onClientRequest: async (method) => {
          requested.push(method);
          return {};
        },
      },
    );
    expect(requested).toEqual([]);
    // The server gets an error. Whether it fails then, or reports it in its result, is its own choice.
    if (outcome.status === 'success') expect(outcome.result.value['isError']).toBe(true);
    if (outcome.status !== 'success' && !isLegacy) expect(outcome.error.code).toBe('missing_client_capability');
  });

  it.runIf(hasStream)('a modern client learns which capability is missing for a call', async () => {
    const outcome = await harness.run(
      'tools/call',
      { kind: 'tool', server, name: 'ask' },
      { name: 'ask', arguments: {} },
      { era: 'modern', capabilities: {} },
    );
    expect(outcome).toMatchObject({
      error: { code: 'missing_client_capability', detail: { data: { requiredCapabilities: { elicitation: {} } } } },
    });
  });

  it('refuses an unknown log level and does not remember it', async () => {
    const session = `loud ${server}`;
    expect(
      await harness.run('logging/setLevel', { kind: 'servers', servers: [server] }, { level: 'loud' }, { session }),
    ).toMatchObject({ error: { code: 'invalid_params' } });
    expect(textOf(await harness.callTool(server, 'echo', { text: 'still' }, { session }))).toBe('still');
  });
});

describe.each(['legacy-http', 'legacy-stdio'])('%s cancels its own request', (server) => {
  it('to a legacy client: the client learns of it', async () => {
    let isWithdrawn = false;
    const value = await harness.callTool(
      server,
      'ask_briefly',
      {},
      {
        session: 'w',
        capabilities: CAPABILITIES,
        onClientRequest: (_method, _params, withdrawn) =>
          new Promise((_resolve, reject) => {
            withdrawn?.addEventListener('abort', () => {
              isWithdrawn = true;
              reject(new GuardError('cancelled'));
            });
          }),
      },
    );
    expect([textOf(value), isWithdrawn]).toEqual(['gave up', true]);
  });

  it('to a modern client: its retry gets the result of the call, and its response is not used', async () => {
    const modernClient = { era: 'modern', capabilities: CAPABILITIES } as const;
    const gaveUp = Number(textOf(await harness.callTool(server, 'gave_up', {}, modernClient)));
    const first = await harness.callTool(server, 'ask_briefly', {}, modernClient);
    expect(first['resultType']).toBe('input_required');
    // The server answers in the order in which it wrote: the withdrawal precedes this count.
    await waitUntil(async () => Number(textOf(await harness.callTool(server, 'gave_up', {}, modernClient))) > gaveUp);
    const { value } = await harness.resultOf(
      'tools/call',
      { kind: 'tool', server, name: 'ask_briefly' },
      {
        name: 'ask_briefly',
        arguments: {},
        requestState: first['requestState'] as string,
        inputResponses: { q1: { action: 'accept', content: {} } },
      },
      modernClient,
    );
    expect(textOf(value)).toBe('gave up');
  });
});
