/** A16, H6: the headers of a modern request agree with its body. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { META, send, type Json, type TestRequest } from '../testing/client.mts';
import { openModernEdge } from '../testing/modern-edge.mts';
import { type TestEdge } from '../testing/test-edge.mts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openModernEdge();
});
afterAll(() => edge.close());

const post = (rest: Omit<TestRequest, 'url'>) => send({ url: edge.url, token: 'alice', era: 'modern', ...rest });
const call = (name: string, args: Json = {}, rest: Partial<TestRequest> = {}) =>
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
  it.each(wrong)('A16 H6 %s: 400 and -32020 with the id, before the call is sent', async (_row, headers) => {
    const before = edge.sent.length;
    const answer = await call('echo', {}, { headers, id: 'x-1' });
    expect([answer.status, answer.error?.code, answer.messages[0]?.['id']]).toEqual([400, -32020, 'x-1']);
    expect(edge.sent).toHaveLength(before);
  });

  it.each([
    ['spaces around', '  echo  '],
    ['base64', b64('echo')],
    ['as it is', 'echo'],
  ])('a name with %s is the name', async (_row, name) => {
    expect((await call('echo', {}, { headers: { 'mcp-name': name } })).status).toBe(200);
  });

  it('a notification needs no _meta, but its headers must agree with it', async () => {
    const cancelled = (headers: Record<string, string | undefined>) =>
      post({
        headers: { 'mcp-method': 'notifications/cancelled', ...headers },
        body: JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }),
      });
    expect((await cancelled({})).status).toBe(202);
    for (const method of ['notifications/progress', undefined])
      expect((await cancelled({ 'mcp-method': method })).error?.code).toBe(-32020);
  });

  it('A16 a legacy request may leave them out, but they must not disagree', async () => {
    const legacy = (headers: Record<string, string>) => call('echo', {}, { era: 'legacy', headers });
    expect((await legacy({})).status).toBe(200);
    expect((await legacy({ 'mcp-method': 'tools/call', 'mcp-name': 'echo' })).status).toBe(200);
    for (const headers of [{ 'mcp-method': 'tools/list' }, { 'mcp-name': 'erase' }])
      expect((await legacy(headers)).error?.code).toBe(-32020);
    expect(
      (await post({ era: 'legacy', method: 'tools/call', params: { name: 'echo', _meta: META } })).error?.code,
    ).toBe(-32020);
  });

  it('H6 a GET and a batch cannot have them', async () => {
    expect(
      (
        await send({
          url: edge.url,
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

  it('A16 Mcp-Name mirrors the member that names the target of each method', async () => {
    const read = (headers: Record<string, string>) =>
      post({ method: 'resources/read', params: { uri: 'file:///a' }, headers });
    expect((await read({})).status).toBe(200);
    expect((await read({ 'mcp-name': 'file:///b' })).error?.code).toBe(-32020);
    // Joined they agree with the body, but a reader that takes the first or the last one reads another name.
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
      const before = edge.sent.length;
      const answer = await mirror(args, headers);
      expect([answer.status, answer.error?.code]).toEqual([400, -32020]);
      expect(edge.sent).toHaveLength(before);
    });
  });
});
