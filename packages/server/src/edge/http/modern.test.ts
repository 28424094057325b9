/** 2026-07-28 over HTTP: what every request says of its sender, and what every result carries. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { META, send, type Json, type TestRequest } from '../testing/client.mts';
import { openModernEdge } from '../testing/modern-edge.mts';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openModernEdge();
});
afterAll(() => edge.close());

const post = (rest: Omit<TestRequest, 'url'>) => send({ url: edge.url, token: 'alice', era: 'modern', ...rest });
const call = (name: string, args: Json = {}, rest: Partial<TestRequest> = {}) =>
  post({ method: 'tools/call', params: { name, arguments: args }, ...rest });

describe('requests', () => {
  it('with an unsupported version: 400, -32022, the supported versions and the requested one', async () => {
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
  ])('with %s: 400 and -32602', async (_row, meta) => {
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 9,
      method: 'server/discover',
      params: { ...(meta !== undefined && { _meta: meta }) },
    });
    const answer = await post({ method: 'server/discover', body });
    expect([answer.status, answer.error?.code, answer.messages[0]?.['id']]).toEqual([400, -32602, 9]);
  });

  it('for methods of other revisions, of clients and of the gateway itself: 404 and -32601', async () => {
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

  it('have no session: its id is ignored, GET and DELETE are not allowed', async () => {
    expect((await call('echo', {}, { headers: { 'mcp-session-id': 'garbage' } })).status).toBe(200);
    const answer = await post({
      method: 'server/discover',
      headers: { 'mcp-session-id': 'garbage', 'last-event-id': 'x' },
    });
    expect(answer.headers['mcp-session-id']).toBeUndefined();
    for (const http of ['GET', 'DELETE']) {
      const refused = await send({
        url: edge.url,
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

  it('have resultType and serverInfo, and otherwise the bytes of the server', async () => {
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

  it('A25 H16 are private and cached briefly, also when the server says public', async () => {
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
    // The ttlMs of a task is its lifetime.
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

  it('of refused tool calls are tool results that a model can act on', async () => {
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

  it('A15 a hidden tool and one that does not exist have the same response', async () => {
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

  it('relay the error code of the server; a missing resource is -32602, and -32002 in legacy revisions', async () => {
    expect((await call('fail')).error).toMatchObject({ code: -32050, message: 'It said no.', data: { why: 'no' } });
    expect((await post({ method: 'resources/read', params: { uri: 'file:///nothing' } })).error?.code).toBe(-32602);
    expect(
      (await post({ era: 'legacy', method: 'resources/read', params: { uri: 'file:///nothing' } })).error?.code,
    ).toBe(-32002);
  });

  it('over the rate limit: a tool result for tool calls, else 429, with headers', async () => {
    const small = await openTestEdge({ limit: 2 });
    try {
      const each = (method: string) =>
        send({
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
