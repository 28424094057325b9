/**
 * 2026-07-28 over HTTP: what the specification wants of every request and every answer, and who tries to get around it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GuardError, type McpResult, type ClientChannel } from '@sallyport/guard';
import { definition, DEFINITIONS, openBench, pause, type Bench } from '../testing/bench.mts';
import { ask, META, stream, type Ask, type Json } from '../testing/client.mts';

const RICH = { tools: { listChanged: true }, prompts: {}, resources: { subscribe: true, listChanged: true } };

let bench: Bench;
beforeAll(async () => {
  bench = await openBench({
    approvals: [{ server: 'crm', tool: 'erase' }],
    deny: ({ name }) => name === 'secret',
    faces: {
      crm: { capabilities: { ...RICH, extensions: { 'io.modelcontextprotocol/tasks': {} } } },
      docs: {
        capabilities: { ...RICH, resources: {}, extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: [] } } },
      },
    },
    definitions: [...DEFINITIONS, definition('crm', 'tool', 'shared'), definition('crm', 'tool', 'task')],
    tools: {
      task: () => ({ value: { resultType: 'task', taskId: 't', status: 'working', ttlMs: 5, cacheScope: 'public' } }),
      shared: () => ({
        value: { content: [], ttlMs: 5, cacheScope: 'public' },
        bytes: Buffer.from('{"content":[],"ttlMs":5,"cacheScope":"public"}'),
      }),
    },
    async other({ call }, relay) {
      if (call.method === 'subscriptions/listen') {
        const server = call.target.kind === 'servers' ? call.target.servers[0] : undefined;
        relay.notify('notifications/tools/list_changed', {});
        relay.notify('notifications/prompts/list_changed', {});
        relay.notify('notifications/resources/updated', { uri: 'file:///a' });
        relay.notify('notifications/resources/updated', { uri: 'file:///a/inner' });
        relay.notify('notifications/resources/updated', { uri: 'file:///other' });
        relay.notify('notifications/message', { level: 'info', data: server ?? '' });
        await new Promise<void>((resolve) => {
          call.signal.addEventListener('abort', () => resolve(), { once: true });
        });
        return { value: {} };
      }
      if (call.method === 'resources/read')
        return {
          value: {
            contents: [{ uri: 'name' in call.target ? call.target.name : '', text: 'x' }],
            cacheScope: 'public',
            ttlMs: 1e12,
            _meta: { 'com.example/kept': 1, 'io.modelcontextprotocol/serverInfo': { name: 'not what was approved' } },
          },
        };
      throw new GuardError('not_found');
    },
  });
});
afterAll(() => bench.close());

const post = (rest: Omit<Ask, 'url'>) => ask({ url: bench.url, token: 'alice', era: 'modern', ...rest });
const call = (name: string, args: Json = {}, rest: Partial<Ask> = {}) =>
  post({ method: 'tools/call', params: { name, arguments: args }, ...rest });
const b64 = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;

describe('headers mirror the body', () => {
  const wrong: readonly [string, Record<string, string | string[] | undefined>][] = [
    ['no version', { 'mcp-protocol-version': undefined }],
    ['another version', { 'mcp-protocol-version': '2025-11-25' }],
    ['a version twice', { 'mcp-protocol-version': ['2026-07-28', '2026-07-28'] }],
    ['no method', { 'mcp-method': undefined }],
    ['another method', { 'mcp-method': 'tools/list' }],
    ['the method in capitals', { 'mcp-method': 'TOOLS/CALL' }],
    ['the method twice', { 'mcp-method': ['tools/call', 'tools/call'] }],
    ['methods in a list', { 'mcp-method': 'tools/call, tools/list' }],
    ['the method encoded', { 'mcp-method': 'tools%2fcall' }],
    ['the method in base64', { 'mcp-method': b64('tools/call') }],
    ['no name', { 'mcp-name': undefined }],
    ['another name', { 'mcp-name': 'erase' }],
    ['the name in capitals', { 'mcp-name': 'ECHO' }],
    ['the name twice', { 'mcp-name': ['echo', 'echo'] }],
    ['an empty name', { 'mcp-name': '' }],
    ['bad base64', { 'mcp-name': '=?base64?ZWNobw?=' }],
    ['base64 with other characters', { 'mcp-name': '=?base64?ZWN!bw==?=' }],
    ['base64 that is not UTF-8', { 'mcp-name': '=?base64?/w==?=' }],
    ['base64 of another name', { 'mcp-name': b64('erase') }],
    ['the sentinel in capitals', { 'mcp-name': `=?BASE64?${Buffer.from('echo').toString('base64')}?=` }],
    ['half a sentinel', { 'mcp-name': `=?base64?${Buffer.from('echo').toString('base64')}` }],
    ['characters that a header cannot carry', { 'mcp-name': 'ech\u00f6' }],
  ];
  it.each(wrong)('A16 H6 %s: 400 and -32020 with the id, before anything happens', async (_row, headers) => {
    const before = bench.sent.length;
    const answer = await call('echo', {}, { headers, id: 'x-1' });
    expect([answer.status, answer.error?.code, answer.messages[0]?.['id']]).toEqual([400, -32020, 'x-1']);
    expect(bench.sent).toHaveLength(before);
  });

  it.each([
    ['spaces around', '  echo  '],
    ['base64', b64('echo')],
    ['as it is', 'echo'],
  ])('a name with %s is the name', async (_row, name) => {
    expect((await call('echo', {}, { headers: { 'mcp-name': name } })).status).toBe(200);
  });

  it('a notification has no _meta of a request: its headers are enough, and may not lie', async () => {
    const cancelled = (headers: Record<string, string | undefined>) =>
      post({
        headers: { 'mcp-method': 'notifications/cancelled', ...headers },
        body: JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }),
      });
    expect((await cancelled({})).status).toBe(202);
    for (const method of ['notifications/progress', undefined])
      expect((await cancelled({ 'mcp-method': method })).error?.code).toBe(-32020);
  });

  it('A16 a legacy request may leave them out, but may not lie in them', async () => {
    const legacy = (headers: Record<string, string>) => call('echo', {}, { era: 'legacy', headers });
    expect((await legacy({})).status).toBe(200);
    expect((await legacy({ 'mcp-method': 'tools/call', 'mcp-name': 'echo' })).status).toBe(200);
    for (const headers of [{ 'mcp-method': 'tools/list' }, { 'mcp-name': 'erase' }])
      expect((await legacy(headers)).error?.code).toBe(-32020);
    expect(
      (await post({ era: 'legacy', method: 'tools/call', params: { name: 'echo', _meta: META } })).error?.code,
    ).toBe(-32020);
  });

  it('H6 not on a GET, and not on a batch', async () => {
    expect(
      (
        await ask({
          url: bench.url,
          token: 'alice',
          http: 'GET',
          headers: { accept: 'text/event-stream', 'mcp-method': 'tools/call' },
        })
      ).status,
    ).toBe(400);
    expect(
      (
        await call(
          'echo',
          {},
          {
            body: JSON.stringify([
              { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', _meta: META } },
            ]),
          },
        )
      ).status,
    ).toBe(400);
  });

  it('A16 names of other methods, and other members', async () => {
    const read = (headers: Record<string, string>) =>
      post({ method: 'resources/read', params: { uri: 'file:///a' }, headers });
    expect((await read({})).status).toBe(200);
    expect((await read({ 'mcp-name': 'file:///b' })).error?.code).toBe(-32020);
    // Joined they say what the body says; whoever takes the first or the last of them reads something else.
    const twice = (name: string | string[]) =>
      post({ method: 'resources/read', params: { uri: 'x:a, x:b' }, headers: { 'mcp-name': name } });
    expect((await twice(['x:a', 'x:b'])).error?.code).toBe(-32020);
    expect((await twice('x:a, x:b')).error?.code).toBe(-32602);
    expect(
      (await post({ method: 'tasks/get', params: { taskId: 'crm.x' }, headers: { 'mcp-name': 'crm.y' } })).error?.code,
    ).toBe(-32020);
  });

  describe('A16 x-mcp-header', () => {
    const mirror = (args: Json, headers: Record<string, string>) => call('mirror', args, { headers });
    it.each<[string, Json, Record<string, string>]>([
      ['a string', { region: 'eu' }, { 'mcp-param-region': 'eu' }],
      ['base64', { region: 'zürich' }, { 'mcp-param-region': b64('zürich') }],
      ['an integer', { count: 42 }, { 'mcp-param-count': '42.0' }],
      ['a boolean', { dry: false }, { 'mcp-param-dry': 'false' }],
      ['nothing', {}, {}],
      ['null', { region: null }, {}],
      ['nested', { nested: { deep: 'x' } }, { 'mcp-param-deep': 'x' }],
      ['one that nobody knows', {}, { 'mcp-param-other': 'x' }],
    ])('%s that agrees', async (_row, args, headers) => {
      const answer = await mirror(args, headers);
      if (args['region'] === null) expect(answer.result?.['isError']).toBe(true);
      else expect([answer.status, answer.result?.['isError']]).toEqual([200, undefined]);
    });
    it.each<[string, Json, Record<string, string>]>([
      ['missing', { region: 'eu' }, {}],
      ['another', { region: 'eu' }, { 'mcp-param-region': 'us' }],
      ['another case', { region: 'eu' }, { 'mcp-param-region': 'EU' }],
      ['bad base64', { region: 'eu' }, { 'mcp-param-region': '=?base64?ZXU?=' }],
      ['a header for nothing', {}, { 'mcp-param-region': 'eu' }],
      ['another number', { count: 42 }, { 'mcp-param-count': '43' }],
      ['a number in hex', { count: 42 }, { 'mcp-param-count': '0x2a' }],
      ['nested', { nested: { deep: 'x' } }, { 'mcp-param-deep': 'y' }],
      ['an inherited member', {}, { 'mcp-param-region': 'toString' }],
    ])('%s is refused with 400 and -32020', async (_row, args, headers) => {
      const before = bench.sent.length;
      const answer = await mirror(args, headers);
      expect([answer.status, answer.error?.code]).toEqual([400, -32020]);
      expect(bench.sent).toHaveLength(before);
    });
  });
});

describe('what every request says of itself', () => {
  it('a version that is not spoken: 400, -32022, what is spoken and what was asked for', async () => {
    for (const version of ['2027-01-01', 'v999.0.0', '', '2026-7-28']) {
      const answer = await post({
        method: 'server/discover',
        headers: { 'mcp-protocol-version': version },
        params: { _meta: { 'io.modelcontextprotocol/protocolVersion': version } },
      });
      expect([answer.status, answer.error?.code]).toEqual([400, -32022]);
      expect(answer.error?.data).toMatchObject({
        requested: version,
        supported: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'],
      });
    }
    expect(
      (await post({ era: 'legacy', method: 'ping', headers: { 'mcp-protocol-version': '1999-01-01' } })).error?.code,
    ).toBe(-32022);
  });

  it.each<[string, Json | undefined]>([
    ['no _meta', undefined],
    ['an empty one', {}],
    ['no version', { 'io.modelcontextprotocol/clientCapabilities': {} }],
    ['no capabilities', { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }],
    ['capabilities that are a list', { ...META, 'io.modelcontextprotocol/clientCapabilities': [] }],
    ['a log level that is none', { ...META, 'io.modelcontextprotocol/logLevel': 'loud' }],
  ])('%s: 400 and -32602', async (_row, meta) => {
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 9,
      method: 'server/discover',
      params: { ...(meta !== undefined && { _meta: meta }) },
    });
    const answer = await post({ method: 'server/discover', body });
    expect([answer.status, answer.error?.code, answer.messages[0]?.['id']]).toEqual([400, -32602, 9]);
  });

  it('methods of other revisions, of clients and of the gateway itself do not exist: 404 and -32601', async () => {
    for (const method of [
      'initialize',
      'ping',
      'logging/setLevel',
      'resources/subscribe',
      'resources/unsubscribe',
      'tasks/list',
      'tasks/result',
      'roots/list',
      'sampling/createMessage',
      'elicitation/create',
      'no/such',
      'subscriptions/resource',
      'stream/listen',
      'session/end',
      'session/answer',
      'constructor',
      'hasOwnProperty',
    ]) {
      const answer = await post({ method, params: { uri: 'file:///a' }, headers: { 'mcp-name': undefined }, id: 5 });
      expect([method, answer.status, answer.error?.code, answer.messages[0]?.['id']]).toEqual([method, 404, -32601, 5]);
    }
    for (const method of [
      'stream/listen',
      'session/end',
      'session/answer',
      'sampling/createMessage',
      'subscriptions/listen',
      'server/discover',
    ])
      expect((await post({ era: 'legacy', method })).error?.code).toBe(-32601);
  });

  it('a session id is ignored, GET and DELETE are not allowed', async () => {
    expect((await call('echo', {}, { headers: { 'mcp-session-id': 'garbage' } })).status).toBe(200);
    const answer = await post({
      method: 'server/discover',
      headers: { 'mcp-session-id': 'garbage', 'last-event-id': 'x' },
    });
    expect(answer.headers['mcp-session-id']).toBeUndefined();
    for (const http of ['GET', 'DELETE']) {
      const refused = await ask({
        url: bench.url,
        token: 'alice',
        http,
        headers: { accept: 'text/event-stream', 'mcp-protocol-version': '2026-07-28' },
      });
      expect([refused.status, refused.headers['allow']]).toEqual([405, 'POST']);
    }
  });
});

describe('results', () => {
  it('server/discover', async () => {
    const { result } = await post({ method: 'server/discover' });
    expect(result).toMatchObject({
      resultType: 'complete',
      supportedVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'],
      cacheScope: 'private',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'the crm', version: '1.0.0' } },
    });
    const all = {
      tools: {},
      extensions: { 'io.modelcontextprotocol/tasks': {}, 'io.modelcontextprotocol/ui': { mimeTypes: [] } },
    };
    expect((await post({ method: 'server/discover', path: '/mcp' })).result).toMatchObject({
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'sallyport' } },
      capabilities: all,
    });
  });

  it('say that they are complete and whom they come from, and hold what the server said, byte for byte', async () => {
    expect((await call('echo', { a: 1 })).result).toMatchObject({
      resultType: 'complete',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'the crm' } },
    });
    const pretty = await call('pretty');
    expect(pretty.result).toEqual({
      resultType: 'complete',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'the crm', version: '1.0.0' } },
      content: [{ type: 'text', text: 'a\n\ndata: b' }],
    });
    const own = '"content": [\r\n{"type":"text","text":"a\\n\\ndata: b"}] }';
    expect(pretty.text).toContain(own);
    expect((await call('pretty', {}, { era: 'legacy' })).text).toBe(`{"jsonrpc":"2.0","id":1,"result":{\n\n ${own}}`);
  });

  it('A25 H16 what a server calls public is private here, and is not remembered for long', async () => {
    for (const method of [
      'tools/list',
      'prompts/list',
      'resources/list',
      'resources/templates/list',
      'server/discover',
    ])
      for (const path of ['/mcp', '/mcp/crm']) {
        const { result, headers } = await post({ method, path });
        expect([method, result?.['cacheScope'], headers['cache-control']]).toEqual([method, 'private', 'no-store']);
        expect(result?.['ttlMs']).toBeGreaterThanOrEqual(0);
        expect(result?.['ttlMs']).toBeLessThanOrEqual(60_000);
      }
    expect((await post({ method: 'resources/read', params: { uri: 'file:///a' } })).result).toMatchObject({
      cacheScope: 'private',
      ttlMs: 60_000,
    });
    expect(
      (await post({ method: 'resources/read', params: { uri: 'file:///a', requestState: 'x' } })).result,
    ).toMatchObject({ ttlMs: 0 });
    // Of a task it says how long the task lasts.
    expect((await call('task')).result).toEqual({
      resultType: 'task',
      taskId: 't',
      status: 'working',
      ttlMs: 5,
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'the crm', version: '1.0.0' } },
    });
    expect((await call('shared')).result).toEqual({
      content: [],
      resultType: 'complete',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'the crm', version: '1.0.0' } },
    });
    expect((await post({ era: 'legacy', method: 'tools/list' })).text).not.toMatch(
      /public|cacheScope|ttlMs|resultType/,
    );
    const { result } = await post({ era: 'legacy', method: 'resources/read', params: { uri: 'file:///a' } });
    expect(result).toEqual({ contents: [{ uri: 'file:///a', text: 'x' }], _meta: { 'com.example/kept': 1 } });
  });

  it('a refused tool call is a tool result that a model can act on', async () => {
    const erase = await call('erase', {}, { headers: { 'x-correlation-id': 'correlation-1' } });
    expect([erase.status, erase.result?.['isError'], erase.result?.['resultType']]).toEqual([200, true, 'complete']);
    expect(erase.result?.['structuredContent']).toMatchObject({
      error_code: 'APPROVAL_REQUIRED',
      message: expect.any(String),
      suggestion: expect.any(String),
      correlation_id: 'correlation-1',
    });
    const strict = await call('strict', { n: 'x' });
    expect(strict.result).toMatchObject({ isError: true, structuredContent: { error_code: 'INVALID_ARGUMENT' } });
  });

  it('A15 what does not exist and what is hidden are answered alike', async () => {
    const answers = await Promise.all(
      ['nothing', 'secret', 'ECHO', '', '__proto__', 'constructor', '../echo', 'docs__echo'].map((name) =>
        call(name, {}, { headers: { 'mcp-name': name } }),
      ),
    );
    for (const answer of answers) {
      expect([answer.status, answer.error?.code, answer.error?.data?.['error_code']]).toEqual([
        200,
        -32602,
        'NOT_FOUND',
      ]);
      expect(answer.error?.message).toBe(answers[0]?.error?.message);
    }
  });

  it('an error of the server behind is relayed with its code; a missing resource is -32602 here and -32002 before', async () => {
    expect((await call('fail')).error).toMatchObject({ code: -32050, message: 'It said no.', data: { why: 'no' } });
    expect((await post({ method: 'resources/read', params: { uri: 'file:///nothing' } })).error?.code).toBe(-32602);
    expect(
      (await post({ era: 'legacy', method: 'resources/read', params: { uri: 'file:///nothing' } })).error?.code,
    ).toBe(-32002);
  });

  it('a rate limit: a tool result for tool calls, else 429, with the headers that say when to come back', async () => {
    const small = await openBench({ limit: 2 });
    try {
      const each = (method: string) =>
        ask({
          url: small.url,
          token: 'alice',
          era: 'modern',
          method,
          params: { name: 'echo' },
          headers: { 'mcp-name': method === 'tools/call' ? 'echo' : undefined },
        });
      await each('tools/call');
      await each('tools/call');
      const tool = await each('tools/call');
      expect([tool.status, tool.result?.['isError']]).toEqual([200, true]);
      expect(tool.result?.['structuredContent']).toMatchObject({
        error_code: 'RATE_LIMITED',
        retry_after: expect.any(Number),
      });
      const list = await each('tools/list');
      expect([list.status, list.error?.code]).toEqual([429, 429]);
      for (const { headers } of [tool, list])
        expect(headers).toMatchObject({
          'retry-after': expect.any(String),
          'x-ratelimit-limit': '2',
          'x-ratelimit-remaining': '0',
        });
    } finally {
      await small.close();
    }
  });
});

describe('streams', () => {
  it('start when there is something to say ahead of the answer, and hold nothing but that and the answer', async () => {
    const answer = await call(
      'talk',
      { canary: 'c' },
      { params: { name: 'talk', arguments: { canary: 'c' }, _meta: { progressToken: 'p' } } },
    );
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
      'cache-control': 'no-store',
    });
    expect(answer.messages.map((message) => message['method'] ?? message['id'])).toEqual([
      'notifications/progress',
      'notifications/progress',
      'notifications/progress',
      1,
    ]);
    expect(answer.text).not.toMatch(/^id:/m);
    expect(answer.result).toMatchObject({ resultType: 'complete' });
  });

  it('H9 a result over several lines stays one event, whatever it says', async () => {
    for (const era of ['modern', 'legacy'] as const) {
      const answer = await call('pretty', {}, { era, params: { name: 'pretty', _meta: { progressToken: 1 } } });
      expect(answer.headers['content-type']).toBe('text/event-stream');
      expect(answer.messages).toHaveLength(2);
      expect(answer.result).toMatchObject({ content: [{ type: 'text', text: 'a\n\ndata: b' }] });
    }
  });

  it('are not started for a client that does not want them', async () => {
    const answer = await call('talk', { canary: 'c' }, { headers: { accept: 'application/json' } });
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.messages).toHaveLength(1);
  });

  it('never ask: a modern client is asked in results', async () => {
    expect((await call('ask')).text).toContain('cannot ask');
  });

  it('S13 a client that goes away cancels its call', async () => {
    const abort = new AbortController();
    const before = bench.sent.length;
    const gone = call('wait', {}, { signal: abort.signal }).catch((thrown: unknown) => thrown);
    while (bench.sent.length === before) await pause(5);
    const signal = bench.sent.at(-1)?.call.signal;
    expect(signal?.aborted).toBe(false);
    abort.abort();
    await gone;
    for (let at = 0; at < 100 && signal?.aborted === false; at++) await pause(5);
    expect(signal?.aborted).toBe(true);
  });
});

describe('what a server may say while it executes a call', () => {
  const noisy = (_permitted: unknown, relay: ClientChannel): McpResult => {
    for (const progress of [1, 1, 0, 2, 'x', 3])
      relay.notify('notifications/progress', { progressToken: 'of somebody else', progress });
    for (const method of [
      'notifications/message',
      'notifications/tools/list_changed',
      'notifications/cancelled',
      'notifications/elicitation/complete',
    ])
      relay.notify(method, { level: 'info', data: 'x', requestId: 1 });
    return { value: { content: [] } };
  };
  const said = async (era: 'modern' | 'legacy', meta: Json): Promise<unknown[]> => {
    const loud = await openBench({ tools: { echo: noisy } });
    const { messages } = await ask({
      url: loud.url,
      token: 'alice',
      era,
      method: 'tools/call',
      params: { name: 'echo', _meta: meta },
    });
    await loud.close();
    return messages
      .slice(0, -1)
      .map((message) =>
        message['method'] === 'notifications/progress' ? (message['params'] as Json)['progress'] : message['method'],
      );
  };

  it('progress that goes up, under the token of the client; messages if it asked for them; nothing else', async () => {
    expect(await said('modern', {})).toEqual([]);
    expect(await said('modern', { progressToken: 7 })).toEqual([1, 2, 3]);
    expect(await said('modern', { 'io.modelcontextprotocol/logLevel': 'debug' })).toEqual(['notifications/message']);
    expect((await said('legacy', { progressToken: 7 })).slice(0, 3)).toEqual([1, 2, 3]);
  });

  it('an error that this revision does not know any more is told as the one that replaced it', async () => {
    const old = await openBench({
      tools: {
        echo: () => {
          throw new GuardError('upstream_failed', { rpc: { code: -32002 }, message: 'Resource not found' });
        },
      },
    });
    for (const [era, code] of [
      ['modern', -32602],
      ['legacy', -32002],
    ] as const) {
      expect(
        (await ask({ url: old.url, token: 'alice', era, method: 'tools/call', params: { name: 'echo' } })).error?.code,
      ).toBe(code);
    }
    await old.close();
  });
});

describe('subscriptions/listen', () => {
  const listen = (notifications: Json, rest: Partial<Ask> = {}) =>
    stream({
      url: bench.url,
      token: 'alice',
      era: 'modern',
      method: 'subscriptions/listen',
      id: 7,
      params: { notifications },
      ...rest,
    });
  const SUB = 'io.modelcontextprotocol/subscriptionId';

  it('is acknowledged first; only what was asked for follows; every message carries the id in its own type', async () => {
    for (const id of [7, '7']) {
      const open = await listen({ toolsListChanged: true, resourceSubscriptions: ['file:///a'] }, { id });
      await open.until((text) => text.includes('file:///a/inner'));
      await pause(20);
      open.close();
      const messages = open.messages();
      expect(messages.map((message) => message['method'])).toEqual([
        'notifications/subscriptions/acknowledged',
        'notifications/tools/list_changed',
        'notifications/resources/updated',
        'notifications/resources/updated',
      ]);
      expect(messages[0]?.['params']).toMatchObject({
        notifications: { toolsListChanged: true, resourceSubscriptions: ['file:///a'] },
      });
      for (const message of messages) expect((message['params'] as { _meta: Json })._meta[SUB]).toBe(id);
    }
  });

  it('A13 a resource that may not be read is not heard of either', async () => {
    const open = await listen({ resourceSubscriptions: ['file:///a', 'file:///nothing', 'ui://app/main'] });
    await open.until((text) => text.includes('/inner'));
    open.close();
    expect(open.messages()[0]?.['params']).toMatchObject({ notifications: { resourceSubscriptions: ['file:///a'] } });
  });

  it('on /mcp each server is heard by itself, and addresses are spelled as they are listed', async () => {
    // One server has resources and does not tell of their changes, so nothing of it is acknowledged.
    const open = await listen(
      { promptsListChanged: true, resourceSubscriptions: ['crm+file:///a', 'docs+file:///a'] },
      { path: '/mcp' },
    );
    await open.until((text) => text.includes('crm+file:///a/inner') && text.split('prompts/list_changed').length === 3);
    await pause(20);
    open.close();
    expect(open.messages()[0]?.['params']).toMatchObject({
      notifications: { promptsListChanged: true, resourceSubscriptions: ['crm+file:///a'] },
    });
    expect(open.text()).not.toMatch(/docs\+|tools\/list_changed|"file:/);
  });

  it('ends with a complete result when the gateway stops', async () => {
    const other = await openBench({
      other: ({ call: { signal } }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ value: {} }), { once: true });
        }),
    });
    const open = await stream({
      url: other.url,
      token: 'alice',
      era: 'modern',
      method: 'subscriptions/listen',
      id: 'l',
      params: { notifications: { toolsListChanged: true } },
    });
    await open.until((text) => text.includes('acknowledged'));
    const closed = other.close();
    await open.ended;
    await closed;
    expect(open.messages().at(-1)).toMatchObject({
      id: 'l',
      result: { resultType: 'complete', _meta: { [SUB]: 'l' } },
    });
  });

  it('S13 ends behind the gateway when the client goes away', async () => {
    const before = bench.sent.length;
    const open = await listen({ toolsListChanged: true });
    await open.until((text) => text.includes('list_changed'));
    const signal = bench.sent[before]?.call.signal;
    open.close();
    for (let at = 0; at < 100 && signal?.aborted !== true; at++) await pause(5);
    expect(signal?.aborted).toBe(true);
  });

  it('H9 one principal has so many, another one has its own', async () => {
    const many = await openBench({
      settings: { streamsPerPrincipalMax: 2 },
      other: ({ call: { signal } }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ value: {} }), { once: true });
        }),
    });
    try {
      const one = (token: string) =>
        stream({
          url: many.url,
          token,
          era: 'modern',
          method: 'subscriptions/listen',
          params: { notifications: { toolsListChanged: true } },
        });
      const open = [await one('alice'), await one('alice'), await one('bob')];
      expect(open.map((each) => each.status)).toEqual([200, 200, 200]);
      expect((await one('alice')).status).toBe(429);
      open[0]?.close();
      await pause(50);
      expect((await one('alice')).status).toBe(200);
    } finally {
      await many.close();
    }
  });

  it.each([
    [[]],
    ['x'],
    [{ resourceSubscriptions: 'file:///a' }],
    [{ resourceSubscriptions: [1] }],
    [{ resourceSubscriptions: Array.from({ length: 201 }, () => 'file:///a') }],
  ])('a filter that is none is refused: %j', async (notifications) => {
    expect((await post({ method: 'subscriptions/listen', params: { notifications } })).error?.code).toBe(-32602);
  });
});
