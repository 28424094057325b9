/** `/mcp` shows all servers: how their names are spelled there, decoded, and rewritten in results. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestEdge, type TestEdge } from '../testing/test-edge.mts';
import { type Json, send, type TestRequest } from '../testing/client.mts';
import { resolveTarget } from './route.ts';
import { rewriteResult } from './rewrite-result.ts';
import { clientName, clientUri } from './spelling.ts';

let edge: TestEdge;
beforeAll(async () => {
  edge = await openTestEdge();
});
afterAll(() => edge.close());
const post = (rest: Omit<TestRequest, 'url'>) => send({ url: edge.url, path: '/mcp', token: 'alice', ...rest });

const ALL = { endpoint: '/mcp', server: undefined };
const SERVERS = ['crm', 'docs', 'a-b', 'a'];
const server = fc.constantFrom(...SERVERS);

describe('spelling', () => {
  it('A5 every name is decoded to itself, and no two names are spelled alike', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_.-]{1,40}$/);
    fc.assert(
      fc.property(server, name, server, name, (firstServer, first, secondServer, second) => {
        expect(resolveTarget('tools/call', { name: clientName(firstServer, first) }, ALL, SERVERS).target).toEqual({
          kind: 'tool',
          server: firstServer,
          name: first,
        });
        if (firstServer !== secondServer || first !== second)
          expect(clientName(firstServer, first)).not.toBe(clientName(secondServer, second));
      }),
    );
  });

  it('every URI is decoded to itself', () => {
    const uri = fc.oneof(
      fc.webUrl(),
      fc.stringMatching(/^(ui|file|git\+https|x):\/\/[a-z_+/]{0,20}$/),
      fc.constantFrom('ui://', 'ui://a__b', 'data:,x', 'urn:a:b+c', 'crm+file:///a'),
    );
    fc.assert(
      fc.property(server, uri, (owner, address) => {
        expect(resolveTarget('resources/read', { uri: clientUri(owner, address) }, ALL, SERVERS).target).toEqual({
          kind: 'resource',
          server: owner,
          name: address,
        });
      }),
    );
  });

  it.each([
    'echo',
    '__echo',
    'crm_echo',
    'crm__',
    'CRM__echo',
    'crm__docs__echo',
    'nothing__echo',
    ' crm__echo',
    'crm__echo ',
    'a__b__c',
  ])('A5 A15 %s belongs to no server or to exactly one', (name) => {
    const { target } = resolveTarget('tools/call', { name }, ALL, SERVERS);
    if (name.startsWith('crm__')) expect(target).toEqual({ kind: 'tool', server: 'crm', name: name.slice(5) });
    else if (name === 'a__b__c') expect(target).toEqual({ kind: 'tool', server: 'a', name: 'b__c' });
    else expect(target).toEqual({ kind: 'unknown', name });
  });

  it.each([
    'file:///a',
    'nothing+file:///a',
    '+file:///a',
    'crm+ui://x',
    'ui://x',
    'ui://nothing__x',
    'CRM+file:///a',
    'ui://crm_x',
  ])('%s belongs to no server', (uri) => {
    expect(resolveTarget('resources/read', { uri }, ALL, SERVERS).target).toEqual({ kind: 'unknown', name: uri });
  });

  it('A18 a task id belongs to the server that it names, on every path', () => {
    expect(resolveTarget('tasks/get', { taskId: 'crm.x' }, ALL, SERVERS).target).toEqual({
      kind: 'task',
      server: 'crm',
      name: 'crm.x',
    });
    expect(
      resolveTarget('tasks/get', { taskId: 'crm.x' }, { endpoint: '/mcp/docs', server: 'docs' }, SERVERS).target,
    ).toEqual({
      kind: 'unknown',
      name: 'crm.x',
    });
    for (const taskId of ['x', '.x', 'nothing.x'])
      expect(resolveTarget('tasks/get', { taskId }, ALL, SERVERS).target.kind).toBe('unknown');
  });

  it.each<[string, Json]>([
    ['tools/call', {}],
    ['tools/call', { name: 1 }],
    ['tools/call', { name: ['echo'] }],
    ['tools/call', { name: 'x'.repeat(5_000) }],
    ['resources/read', {}],
    ['completion/complete', {}],
    ['completion/complete', { ref: 'x' }],
    ['completion/complete', { ref: { type: 'ref/prompt' } }],
    ['tasks/get', { taskId: {} }],
  ])('A15 %s %j is refused', async (method, params) =>
    expect((await post({ method, params })).error?.code).toBe(-32602),
  );
});

describe('on /mcp', () => {
  it('lists have the names that calls accept', async () => {
    const names = async (method: string, member: string, key: string): Promise<unknown[]> =>
      ((await post({ method })).result?.[member] as Json[]).map((item) => item[key]);
    expect(await names('tools/list', 'tools', 'name')).toContain('docs__app');
    expect(await names('prompts/list', 'prompts', 'name')).toEqual(['crm__greet', 'docs__greet']);
    expect(await names('resources/list', 'resources', 'uri')).toEqual([
      'crm+file:///a',
      'ui://docs__app/main',
      'docs+file:///a',
    ]);
    expect(await names('resources/templates/list', 'resourceTemplates', 'uriTemplate')).toEqual(['crm+file:///{path}']);
    for (const name of await names('tools/list', 'tools', 'name'))
      expect(
        (await post({ method: 'tools/call', params: { name: name as string, arguments: { n: 1 } } })).error?.data?.[
          'error_code'
        ],
      ).not.toBe('NOT_FOUND');
  });

  it('a server receives its own names', async () => {
    await post({ method: 'tools/call', params: { name: 'docs__echo', arguments: { a: 1 } } });
    expect(edge.sent.at(-1)?.call).toMatchObject({
      target: { kind: 'tool', server: 'docs', name: 'echo' },
      params: { name: 'echo', arguments: { a: 1 } },
    });
    await post({ method: 'resources/read', params: { uri: 'ui://docs__app/main' } });
    expect(edge.sent.at(-1)?.call.params['uri']).toBe('ui://app/main');
    expect(
      (
        await post({
          method: 'completion/complete',
          params: { ref: { type: 'ref/prompt', name: 'docs__greet' }, argument: { name: 'who', value: '' } },
        })
      ).text,
    ).toContain('\\"name\\":\\"greet\\"');
    expect(
      (
        await post({
          method: 'completion/complete',
          params: { ref: { type: 'ref/resource', uri: 'crm+file:///{path}' }, argument: { name: 'path', value: '' } },
        })
      ).text,
    ).toContain('\\"uri\\":\\"file:///{path}\\"');
  });

  it('J6 arguments are passed on as the received bytes', async () => {
    const raw = '{ "b":1.50, "a" : "\\u00e9" }';
    await post({
      body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"crm__echo","arguments":${raw}}}`,
    });
    expect(Buffer.from(edge.sent.at(-1)?.call.rawArguments ?? []).toString()).toBe(raw);
  });

  it('URIs in results are rewritten, data is not', async () => {
    const { result } = await post({ method: 'tools/call', params: { name: 'crm__link' } });
    expect(result).toEqual({
      content: [
        { type: 'resource_link', uri: 'crm+file:///a', name: 'a' },
        { type: 'resource', resource: { uri: 'ui://crm__app/main', text: 'x' } },
      ],
      structuredContent: { uri: 'file:///mine' },
    });
    expect((await post({ method: 'prompts/get', params: { name: 'docs__greet' } })).text).toContain(
      '"uri":"docs+file:///a"',
    );
    expect((await post({ method: 'resources/read', params: { uri: 'crm+file:///a' } })).text).toContain(
      '"uri":"crm+file:///a"',
    );
    expect((await post({ path: '/mcp/crm', method: 'tools/call', params: { name: 'link' } })).text).toContain(
      '"uri":"file:///a"',
    );
    const app = ((await post({ method: 'tools/list' })).result?.['tools'] as Json[]).find(
      ({ name }) => name === 'docs__app',
    );
    expect(app?.['_meta']).toEqual({ ui: { resourceUri: 'ui://docs__app/main' } });
  });
});

describe('rewriting', () => {
  it('returns the same object when nothing is rewritten, so that its bytes can be passed on', () => {
    for (const value of [
      {},
      { content: [] },
      { content: [{ type: 'text', text: 'file:///a' }], _meta: { uri: 'file:///a' } },
      { structuredContent: { uri: 'file:///a' } },
      { content: 'odd' },
      { contents: [1, null] },
      { messages: [{ role: 'user', content: { type: 'text', text: 'x' } }] },
    ]) {
      expect(rewriteResult(value, 'crm')).toBe(value);
    }
  });

  it('rewrites MCP Apps in results', () => {
    expect(
      rewriteResult(
        { content: [], _meta: { ui: { resourceUri: 'ui://x', other: 1 }, 'ui/resourceUri': 'ui://y' } },
        'crm',
      )['_meta'],
    ).toEqual({ ui: { resourceUri: 'ui://crm__x', other: 1 }, 'ui/resourceUri': 'ui://crm__y' });
  });
});
