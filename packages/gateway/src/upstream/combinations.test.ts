/**
 * The four combinations of legacy and modern on either side, over both transports, against servers on the official
 * SDKs.
 */
import { GuardError, type JsonObject, type McpResult } from '@sallyport/guard';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { legacyHttp, type LegacyHttp } from './testing/legacy-server.mts';
import { modernHttp, type ModernHttp } from './testing/modern-server.mts';
import {
  httpTransport,
  createHarness,
  serverSettings,
  stdioTransport,
  waitUntil,
  type RecordedNotification,
  type UpstreamHarness,
} from './testing/harness.mts';

const CAPS: JsonObject = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
const folder = `${import.meta.dirname}/testing`;

let legacy: LegacyHttp;
let json: LegacyHttp;
let modern: ModernHttp;
let harness: UpstreamHarness;

beforeAll(async () => {
  [legacy, json, modern] = await Promise.all([legacyHttp(), legacyHttp({ json: true }), modernHttp()]);
  harness = createHarness([
    serverSettings('old-http', httpTransport(legacy.url)),
    serverSettings('old-json', httpTransport(json.url)),
    serverSettings('new-http', httpTransport(modern.url)),
    serverSettings('old-pipe', stdioTransport([`${folder}/legacy-server.mts`])),
    serverSettings('new-pipe', stdioTransport([`${folder}/modern-server.mts`])),
  ]);
  await harness.discover();
});

afterAll(async () => {
  await harness.close();
  await Promise.all([legacy.close(), json.close(), modern.close()]);
});

const textOf = (value: JsonObject): string => ((value['content'] as { text: string }[])[0] as { text: string }).text;
const parsed = (value: JsonObject): Record<string, never> => JSON.parse(textOf(value)) as Record<string, never>;
const answer = async (): Promise<JsonObject> => ({ action: 'accept', content: { name: 'Ann' } });

/** Calls as a modern client does: answers what is asked with `input`, until the result is complete. */
async function modernCall(
  server: string,
  name: string,
  input: JsonObject = { action: 'accept', content: { name: 'Ann' } },
): Promise<{ value: JsonObject; asked: string[] }> {
  const asked: string[] = [];
  let extra: JsonObject = {};
  for (let round = 0; round < 5; round++) {
    const { value } = await harness.resultOf(
      'tools/call',
      { kind: 'tool', server, name },
      { name, arguments: {}, ...extra },
      { era: 'modern', capabilities: CAPS },
    );
    if (value['resultType'] !== 'input_required') return { value, asked };
    const requests = (value['inputRequests'] ?? {}) as Record<string, { method: string }>;
    asked.push(...Object.values(requests).map(({ method }) => method));
    extra = {
      requestState: value['requestState'] as string,
      inputResponses: Object.fromEntries(Object.keys(requests).map((key) => [key, input])),
    };
  }
  throw new Error('too many rounds');
}

it('finds the era of every server and its face', () => {
  expect(harness.upstreams.ready()).toEqual({
    'old-http': undefined,
    'old-json': undefined,
    'new-http': undefined,
    'old-pipe': undefined,
    'new-pipe': undefined,
  });
  expect(harness.upstreams.directory.profile('old-http')).toMatchObject({
    serverInfo: { name: 'legacy-fixture' },
    instructions: 'Legacy instructions.',
  });
  expect(harness.upstreams.directory.profile('new-http')).toMatchObject({
    serverInfo: { name: 'modern-fixture' },
    instructions: 'Modern instructions.',
  });
  expect(harness.upstreams.directory.servers()).toEqual(['new-http', 'new-pipe', 'old-http', 'old-json', 'old-pipe']);
});

describe.each(['old-http', 'old-json', 'old-pipe', 'new-http', 'new-pipe'])('%s', (server) => {
  const isOld = server.startsWith('old');
  // With plain JSON answers a legacy server has no stream on which to say anything during a call.
  const streams = server !== 'old-json';

  it.each(['legacy', 'modern'] as const)('answers a %s client with the original bytes', async (era) => {
    const result: McpResult = await harness.resultOf(
      'tools/call',
      { kind: 'tool', server, name: 'echo' },
      { name: 'echo', arguments: { text: 'hi' } },
      { era, session: era === 'legacy' ? 's' : undefined },
    );
    expect(textOf(result.value)).toBe('hi');
    // A held call may have been asked something, but this one was not: its bytes are what the server wrote.
    expect(JSON.parse(Buffer.from(result.bytes ?? Buffer.from('{}')).toString())).toEqual(result.value);
    expect(result.bytes).toBeDefined();
  });

  it.runIf(streams)('asks a legacy client while the call runs', async () => {
    const value = await harness.callTool(
      server,
      'ask',
      {},
      { session: 's', capabilities: CAPS, onClientRequest: answer },
    );
    expect(textOf(value)).toContain('Ann');
  });

  it.runIf(streams)('asks a modern client by returning input_required', async () => {
    const { value, asked } = await modernCall(server, 'ask');
    expect(asked).toEqual(['elicitation/create']);
    expect(textOf(value)).toContain('Ann');
  });

  it.runIf(streams)('passes progress under the client token, increasing only', async () => {
    const notices: RecordedNotification[] = [];
    await harness.callTool(server, 'progress', {}, { session: 's', progressToken: 'mine', notifications: notices });
    expect(notices.map(({ params }) => [params['progressToken'], params['progress']])).toEqual([
      ['mine', 1],
      ['mine', 2],
      ['mine', 3],
    ]);
  });

  it('cancels upstream when the caller cancels', async () => {
    const before = Number(textOf(await harness.callTool(server, 'slow_ended', {}, { session: 's' })));
    const abort = new AbortController();
    const call = harness.run(
      'tools/call',
      { kind: 'tool', server, name: 'slow' },
      { name: 'slow', arguments: { ms: 9000 } },
      { session: 's', signal: abort.signal },
    );
    await new Promise((resolve) => setTimeout(resolve, 150));
    abort.abort();
    expect(await call).toMatchObject({ status: 'error', error: { code: 'cancelled' } });
    await waitUntil(
      async () => Number(textOf(await harness.callTool(server, 'slow_ended', {}, { session: 's' }))) > before,
    );
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

  it('sends nothing of the caller but its own _meta keys', async () => {
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
    const { meta } = parsed(value) as unknown as { meta: JsonObject };
    expect(meta['com.example/key']).toBe(1);
    expect(JSON.stringify(value)).not.toContain('secret-token');
    expect(JSON.stringify(value)).not.toContain('evil');
  });

  it.runIf(streams)('gives log messages to a modern client only as it asked', async () => {
    for (const [logLevel, expected] of [
      [undefined, []],
      ['warning', ['warning', 'error']],
    ] as const) {
      const notices: RecordedNotification[] = [];
      await harness.callTool(
        server,
        'log',
        {},
        { era: 'modern', notifications: notices, ...(logLevel === undefined ? {} : { logLevel }) },
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(notices.map(({ params }) => params['level'])).toEqual(expected);
    }
  });

  it('asks nothing that the client did not declare', async () => {
    const asked: string[] = [];
    const outcome = await harness.run(
      'tools/call',
      { kind: 'tool', server, name: 'sample' },
      { name: 'sample', arguments: {} },
      {
        session: 'bare',
        capabilities: {},
        onClientRequest: async (method) => {
          asked.push(method);
          return {};
        },
      },
    );
    expect(asked).toEqual([]);
    // The server was told that the client cannot; whether it fails or reports that is its own choice.
    if (outcome.status === 'success') expect(outcome.result.value['isError']).toBe(true);
    if (outcome.status !== 'success' && !isOld) expect(outcome.error.code).toBe('missing_client_capability');
  });

  it.runIf(streams)('tells a modern client which capability a call lacks', async () => {
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

  it('refuses a log level that does not exist, and forgets it', async () => {
    const session = `loud ${server}`;
    expect(
      await harness.run('logging/setLevel', { kind: 'servers', servers: [server] }, { level: 'loud' }, { session }),
    ).toMatchObject({ error: { code: 'invalid_params' } });
    expect(textOf(await harness.callTool(server, 'echo', { text: 'still' }, { session }))).toBe('still');
  });
});

describe.each(['old-http', 'old-pipe'])('%s withdraws what it asked', (server) => {
  it('of a legacy client: whoever was asked is told', async () => {
    const told: boolean[] = [];
    const value = await harness.callTool(
      server,
      'ask_briefly',
      {},
      {
        session: 'w',
        capabilities: CAPS,
        onClientRequest: (_method, _params, withdrawn) =>
          new Promise((_resolve, reject) => {
            withdrawn?.addEventListener('abort', () => {
              told.push(true);
              reject(new GuardError('cancelled'));
            });
          }),
      },
    );
    expect([textOf(value), told]).toEqual(['gave up', [true]]);
  });

  it('of a modern client: its retry gets the answer, and what it brings is not used', async () => {
    const modernAsk = { era: 'modern', capabilities: CAPS } as const;
    const first = await harness.callTool(server, 'ask_briefly', {}, modernAsk);
    expect(first['resultType']).toBe('input_required');
    await new Promise((resolve) => setTimeout(resolve, 250));
    const { value } = await harness.resultOf(
      'tools/call',
      { kind: 'tool', server, name: 'ask_briefly' },
      {
        name: 'ask_briefly',
        arguments: {},
        requestState: first['requestState'] as string,
        inputResponses: { q1: { action: 'accept', content: {} } },
      },
      modernAsk,
    );
    expect(textOf(value)).toBe('gave up');
  });
});

describe('modern client, legacy server', () => {
  it.each(['old-http', 'old-pipe'])('%s: asks several things at once', async (server) => {
    const first = (
      await harness.resultOf(
        'tools/call',
        { kind: 'tool', server, name: 'ask_two' },
        { name: 'ask_two', arguments: {} },
        { era: 'modern', capabilities: CAPS },
      )
    ).value;
    const requests = first['inputRequests'] as Record<string, { params: { message: string } }>;
    expect(
      Object.values(requests)
        .map(({ params }) => params.message)
        .sort(),
    ).toEqual(['one', 'two']);
    const inputResponses = Object.fromEntries(
      Object.entries(requests).map(([key, { params }]) => [
        key,
        { action: 'accept', content: { name: params.message } },
      ]),
    );
    const { value } = await harness.resultOf(
      'tools/call',
      { kind: 'tool', server, name: 'ask_two' },
      { name: 'ask_two', arguments: {}, requestState: first['requestState'] as string, inputResponses },
      { era: 'modern', capabilities: CAPS },
    );
    expect(parsed(value)).toEqual([
      { action: 'accept', content: { name: 'one' } },
      { action: 'accept', content: { name: 'two' } },
    ]);
    expect(harness.upstreams.stats().parkedCalls).toBe(0);
  });

  it('asks again for what was left out', async () => {
    const ask = { era: 'modern', capabilities: CAPS } as const;
    const first = (
      await harness.resultOf(
        'tools/call',
        { kind: 'tool', server: 'old-pipe', name: 'ask_two' },
        { name: 'ask_two', arguments: {} },
        ask,
      )
    ).value;
    const [one, two] = Object.keys(first['inputRequests'] as JsonObject) as [string, string];
    const second = (
      await harness.resultOf(
        'tools/call',
        { kind: 'tool', server: 'old-pipe', name: 'ask_two' },
        {
          name: 'ask_two',
          arguments: {},
          requestState: first['requestState'] as string,
          inputResponses: { [one]: { action: 'decline' } },
        },
        ask,
      )
    ).value;
    expect(Object.keys(second['inputRequests'] as JsonObject)).toEqual([two]);
    const { value } = await harness.resultOf(
      'tools/call',
      { kind: 'tool', server: 'old-pipe', name: 'ask_two' },
      {
        name: 'ask_two',
        arguments: {},
        requestState: second['requestState'] as string,
        inputResponses: { [two]: { action: 'decline' } },
      },
      ask,
    );
    expect(parsed(value)).toEqual([{ action: 'decline' }, { action: 'decline' }]);
  });

  it('S11 A18 another principal, tool, arguments, a flipped bit, a replay: invalid_params, and nothing is resumed', async () => {
    const ask = { era: 'modern', capabilities: CAPS } as const;
    const target = { kind: 'tool', server: 'old-http', name: 'ask' } as const;
    const first = (await harness.resultOf('tools/call', target, { name: 'ask', arguments: { text: 'x' } }, ask)).value;
    const requestState = first['requestState'] as string;
    const inputResponses = {
      [Object.keys(first['inputRequests'] as JsonObject)[0] as string]: { action: 'accept', content: { name: 'Ann' } },
    };
    const tries: [string, typeof target | { kind: 'tool'; server: string; name: string }, JsonObject, object][] = [
      [
        'other principal',
        target,
        { name: 'ask', arguments: { text: 'x' }, requestState, inputResponses },
        { user: 'bob' },
      ],
      [
        'other tool',
        { kind: 'tool', server: 'old-http', name: 'echo' },
        { name: 'echo', arguments: { text: 'x' }, requestState, inputResponses },
        {},
      ],
      [
        'other server',
        { kind: 'tool', server: 'old-json', name: 'ask' },
        { name: 'ask', arguments: { text: 'x' }, requestState, inputResponses },
        {},
      ],
      ['other arguments', target, { name: 'ask', arguments: { text: 'y' }, requestState, inputResponses }, {}],
      ['no state', target, { name: 'ask', arguments: { text: 'x' }, inputResponses }, {}],
      ...Array.from({ length: 8 }, (_, at): [string, typeof target, JsonObject, object] => {
        const bytes = Buffer.from(requestState, 'base64url');
        const where = Math.floor((at / 8) * bytes.length);
        bytes[where] = (bytes[where] as number) ^ (1 << at);
        return [
          `bit ${at}`,
          target,
          { name: 'ask', arguments: { text: 'x' }, requestState: bytes.toString('base64url'), inputResponses },
          {},
        ];
      }),
    ];
    for (const [what, where, params, more] of tries) {
      const outcome = await harness.run('tools/call', where, params, { ...ask, ...more });
      expect(outcome, what).toMatchObject({ status: 'error', error: { code: 'invalid_params' } });
    }
    expect(harness.upstreams.stats().parkedCalls).toBe(1);
    const { value } = await harness.resultOf(
      'tools/call',
      target,
      { name: 'ask', arguments: { text: 'x' }, requestState, inputResponses },
      ask,
    );
    expect(textOf(value)).toContain('Ann');
    expect(
      await harness.run(
        'tools/call',
        target,
        { name: 'ask', arguments: { text: 'x' }, requestState, inputResponses },
        ask,
      ),
    ).toMatchObject({ error: { code: 'invalid_params' } });
  });

  it('turns -32042 into a question, and makes the call anew on the retry', async () => {
    const ask = { era: 'modern', capabilities: CAPS } as const;
    const { value } = await harness.resultOf(
      'tools/call',
      { kind: 'tool', server: 'old-http', name: 'url_needed' },
      { name: 'url_needed', arguments: {} },
      ask,
    );
    expect(value).toMatchObject({
      resultType: 'input_required',
      inputRequests: {
        url1: { method: 'elicitation/create', params: { mode: 'url', url: 'https://login.example/x' } },
      },
    });
    const again = await harness.resultOf(
      'tools/call',
      { kind: 'tool', server: 'old-http', name: 'url_needed' },
      {
        name: 'url_needed',
        arguments: {},
        requestState: value['requestState'] as string,
        inputResponses: { url1: { action: 'accept' } },
      },
      ask,
    );
    expect(again.value['resultType']).toBe('input_required');
    expect(
      await harness.run(
        'tools/call',
        { kind: 'tool', server: 'old-http', name: 'url_needed' },
        { name: 'url_needed', arguments: {} },
        { session: 's' },
      ),
    ).toMatchObject({ error: { code: 'upstream_failed', detail: { rpc: { code: -32042 } } } });
  });

  it('a missing resource is -32602 for a modern client and -32002 for a legacy one', async () => {
    const target = { kind: 'resource', server: 'old-http', name: 'test://item/missing' } as const;
    expect(
      await harness.run('resources/read', target, { uri: 'test://item/missing' }, { era: 'modern' }),
    ).toMatchObject({
      error: { detail: { rpc: { code: -32602 } } },
    });
    expect(await harness.run('resources/read', target, { uri: 'test://item/missing' }, { session: 's' })).toMatchObject(
      {
        error: { detail: { rpc: { code: -32002 } } },
      },
    );
  });
});

describe('modern client, modern server', () => {
  it('wraps the state of the server and unwraps it on the retry', async () => {
    const first = (
      await harness.resultOf(
        'tools/call',
        { kind: 'tool', server: 'new-http', name: 'ask' },
        { name: 'ask', arguments: {} },
        { era: 'modern', capabilities: CAPS },
      )
    ).value;
    expect(first['requestState']).not.toContain('upstream-state');
    const { value } = await modernCall('new-http', 'ask');
    expect(parsed(value)).toMatchObject({ state: 'upstream-state' });
    expect(textOf((await modernCall('new-http', 'stateful')).value)).toBe('state only-state');
  });

  it('S11 a wrapped state of another principal or tool does not open', async () => {
    const first = (
      await harness.resultOf(
        'tools/call',
        { kind: 'tool', server: 'new-http', name: 'ask' },
        { name: 'ask', arguments: {} },
        { era: 'modern', capabilities: CAPS },
      )
    ).value;
    const retry = {
      requestState: first['requestState'] as string,
      inputResponses: { who: { action: 'accept' } },
      arguments: {},
    };
    for (const [name, who] of [
      ['ask', 'bob'],
      ['stateful', 'ann'],
    ] as const) {
      expect(
        await harness.run(
          'tools/call',
          { kind: 'tool', server: 'new-http', name },
          { name, ...retry },
          { era: 'modern', user: who, capabilities: CAPS },
        ),
      ).toMatchObject({ error: { code: 'invalid_params' } });
    }
  });

  it('mirrors names and parameters in headers', async () => {
    modern.seen.length = 0;
    await harness.callTool('new-http', 'regional', { text: 'Zürich ' }, { era: 'modern' });
    expect(modern.seen.at(-1)?.headers).toMatchObject({
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'regional',
      'mcp-param-region': `=?base64?${Buffer.from('Zürich ').toString('base64')}?=`,
      'accept-encoding': 'identity',
    });
  });
});

describe('legacy client, modern server', () => {
  it('stops a server that does not stop asking', async () => {
    const outcome = await harness.run(
      'tools/call',
      { kind: 'tool', server: 'new-http', name: 'ask_forever' },
      { name: 'ask_forever', arguments: {} },
      { session: 's', capabilities: CAPS, onClientRequest: answer },
    );
    expect(outcome).toMatchObject({ status: 'error', error: { code: 'upstream_failed' } });
  });

  it('cannot ask a client without a session', async () => {
    expect(
      await harness.run(
        'tools/call',
        { kind: 'tool', server: 'new-http', name: 'ask' },
        { name: 'ask', arguments: {} },
        { capabilities: CAPS },
      ),
    ).toMatchObject({ error: { code: 'missing_client_capability' } });
  });
});

it('every question goes through the guard, and its refusal is the answer', async () => {
  harness.clientRequests.length = 0;
  harness.refuseClientRequests = true;
  try {
    for (const server of ['old-http', 'old-pipe', 'new-http']) {
      const outcome = await harness.run(
        'tools/call',
        { kind: 'tool', server, name: 'ask' },
        { name: 'ask', arguments: {} },
        { session: 's', capabilities: CAPS, onClientRequest: answer },
      );
      expect(outcome.status === 'success' ? JSON.stringify(outcome.result.value) : outcome.error.code).not.toContain(
        'Ann',
      );
    }
    expect(harness.clientRequests.map(({ method, principal }) => `${method} ${principal}`)).toEqual(
      Array(3).fill('elicitation/create ann'),
    );
  } finally {
    harness.refuseClientRequests = false;
  }
});

it('errors: application codes and cleaned text are relayed, what a server says of its insides is not', async () => {
  const call = (name: string) =>
    harness.run('tools/call', { kind: 'tool', server: 'old-http', name }, { name, arguments: {} }, { session: 's' });
  expect(await call('app_error')).toMatchObject({
    error: { code: 'upstream_failed', detail: { rpc: { code: 1234, data: { left: 0 } } } },
  });
  const outcome = await call('app_error');
  expect(outcome.status !== 'success' && outcome.error.message).not.toMatch(/[\p{Cc}\p{Cf}]|second line/u);
  const internal = await call('fail');
  expect(internal).toMatchObject({ error: { code: 'upstream_failed' } });
  expect(
    internal.status !== 'success' &&
      JSON.stringify([internal.error.message, internal.error.detail.rpc, internal.error.detail.message]),
  ).not.toContain('secret');
});

it('lists are read to their end, merged, and complete prompts, resources and templates work', async () => {
  expect(await harness.listNames('resources/list', ['old-http'])).toEqual(['test://a', 'test://b']);
  expect(await harness.listNames('resources/templates/list', ['old-http', 'new-http'])).toEqual(['test://item/{id}']);
  const { value } = await harness.resultOf(
    'resources/read',
    { kind: 'resource', server: 'old-pipe', name: 'test://item/7' },
    { uri: 'test://item/7' },
  );
  expect(value).toMatchObject({ contents: [{ text: 'read test://item/7' }] });
  const done = await harness.resultOf(
    'completion/complete',
    { kind: 'prompt', server: 'old-http', name: 'hello' },
    { ref: { type: 'ref/prompt', name: 'hello' }, argument: { name: 'who', value: 'w' } },
  );
  expect(done.value).toMatchObject({ completion: { values: ['w!'] } });
  expect(
    (
      await harness.resultOf(
        'prompts/get',
        { kind: 'prompt', server: 'old-http', name: 'hello' },
        { name: 'hello', arguments: { who: 'me' } },
      )
    ).value,
  ).toMatchObject({ messages: [{ content: { text: 'hello me' } }] });
});

it('a server that fails is left out of a merged list, unless it is the only one', async () => {
  const broken = createHarness([
    serverSettings('good', httpTransport(json.url)),
    serverSettings('bad', httpTransport('http://127.0.0.1:9/mcp')),
  ]);
  expect(await broken.listNames('tools/list', ['good', 'bad'])).toContain('echo');
  await expect(broken.listNames('tools/list', ['bad'])).rejects.toBeInstanceOf(GuardError);
  expect(broken.upstreams.ready()['bad']).toMatch(/cannot be reached/);
  expect(broken.events).toContainEqual({ kind: 'upstream_error', server: 'bad', code: 'upstream_failed' });
  await broken.close();
});
