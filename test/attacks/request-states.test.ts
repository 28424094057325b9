/**
 * A18, S11: a request state, which the gateway gives to a client to bring back, is bound to user, tenant, agent,
 * method, tool, arguments and server, and expires.
 *
 * Which paths a row takes: the state of a call to a modern server is sealed, the call to a legacy one is parked. How
 * the server is connected (HTTP or child process) changes neither, so all other callers try `old-http` and `new-child`,
 * and one of them the other two.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { legacyHttp, type LegacyHttp } from '../../packages/gateway/src/upstream/testing/legacy-server.mts';
import { modernHttp, type ModernHttp } from '../../packages/gateway/src/upstream/testing/modern-server.mts';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { connect, headersFor, MODERN_META, post, type Answer } from './mcp-client.ts';
import { changed, OTHER_CALLERS } from './stolen-handles.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

const fixtures = new URL('../../packages/gateway/src/upstream/testing/', import.meta.url).pathname;
const clientRequests = { clientRequests: { elicitation: true } };
const child = (name: string): object => ({
  command: [process.execPath, '--conditions=sallyport-source', `${fixtures}${name}`],
  ...clientRequests,
});

let old: LegacyHttp;
let fresh: ModernHttp;
/** A tool and a prompt of one name that both ask the user. */
let twin: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  [old, fresh] = await Promise.all([legacyHttp(), modernHttp()]);
  const asking = {
    resultType: 'input_required',
    inputRequests: {
      q: {
        method: 'elicitation/create',
        params: { mode: 'form', message: 'Name?', requestedSchema: { type: 'object', properties: {} } },
      },
    },
    requestState: 'theirs',
  };
  twin = await openUpstream({
    era: 'modern',
    tools: [tool('twin', {})],
    prompts: [{ name: 'twin' }],
    respond: ({ method, params }) =>
      method !== 'tools/call' && method !== 'prompts/get'
        ? undefined
        : params['requestState'] === undefined
          ? asking
          : method === 'tools/call'
            ? { content: [{ type: 'text', text: 'ANSWERED' }] }
            : { messages: [], description: 'ANSWERED' },
  });
  gateway = await openGateway({
    servers: {
      'old-http': { url: old.url, ...clientRequests },
      'new-http': { url: fresh.url, ...clientRequests },
      'old-child': child('legacy-server.mts'),
      'new-child': child('modern-server.mts'),
      twin: { url: twin.url, ...clientRequests },
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await Promise.all([old, fresh, twin].map((server) => server?.close()));
});
afterEach(() => {
  vi.useRealTimers();
});

const CAPABILITIES = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
const META = { ...MODERN_META, 'io.modelcontextprotocol/clientCapabilities': CAPABILITIES };

type Json = Record<string, unknown>;
const modernCall = (path: string, token: string, params: Json, method = 'tools/call'): Promise<Answer> => {
  const whole = { ...params, _meta: META };
  return post(
    `${gateway.url}${path}`,
    headersFor('modern', token, { method, params }),
    JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: whole }),
  );
};

const codeOf = ({ error, result, status }: Answer): unknown =>
  error?.code ??
  (result?.['structuredContent'] as Json | undefined)?.['error_code'] ??
  result?.['resultType'] ??
  status;
const SERVERS = ['old-http', 'old-child', 'new-http', 'new-child'];
const INVALID = -32602;

describe.each(SERVERS)('A18 S11 a request state of %s', (server) => {
  const begin = async (name = 'ask') => {
    const token = await gateway.token('alice');
    const { result } = await modernCall(`/mcp/${server}`, token, { name, arguments: {} });
    expect(result).toMatchObject({ resultType: 'input_required' });
    const inputResponses = Object.fromEntries(
      Object.keys(result?.['inputRequests'] as Json).map((key) => [
        key,
        { action: 'accept', content: { name: 'ANSWERED' } },
      ]),
    );
    return { token, params: { name, arguments: {}, requestState: result?.['requestState'] as string, inputResponses } };
  };

  it.each(server === 'old-http' || server === 'new-child' ? OTHER_CALLERS : OTHER_CALLERS.slice(0, 1))(
    'is refused from %s',
    async (_name, user, claims) => {
      const { token, params } = await begin();
      expect(codeOf(await modernCall(`/mcp/${server}`, await gateway.token(user, claims), params))).toBe(INVALID);
      expect(JSON.stringify((await modernCall(`/mcp/${server}`, token, params)).result)).toContain('ANSWERED');
    },
  );

  it('is refused for another tool, other arguments, another method or server, changed, and used twice', async () => {
    const { token, params } = await begin();
    const other = SERVERS[(SERVERS.indexOf(server) + 1) % 4] as string;
    const attempts: [string, Json, string?][] = [
      [`/mcp/${server}`, { ...params, name: 'echo' }],
      [`/mcp/${server}`, { ...params, arguments: { text: 'x' } }],
      [`/mcp/${other}`, params],
      ['/mcp', { ...params, name: `${other}__ask` }],
      [
        `/mcp/${server}`,
        { requestState: params.requestState, inputResponses: params.inputResponses, uri: 'test://a' },
        'resources/read',
      ],
      [`/mcp/${server}`, { ...params, name: 'hello' }, 'prompts/get'],
      [`/mcp/${server}`, { ...params, requestState: undefined }],
      [`/mcp/${server}`, { ...params, requestState: '' }],
      [`/mcp/${server}`, { ...params, requestState: [params.requestState] }],
      [`/mcp/${server}`, { ...params, requestState: null }],
      ...[...changed(params.requestState)].map((requestState): [string, Json] => [
        `/mcp/${server}`,
        { ...params, requestState },
      ]),
    ];
    for (const [path, given, method] of attempts) {
      const answer = await modernCall(path, token, given, method);
      expect(
        [INVALID, 'INVALID_ARGUMENT', 'NOT_FOUND'],
        `${path} ${JSON.stringify(given).slice(0, 300)} ${JSON.stringify(answer.messages)}`,
      ).toContain(codeOf(answer));
      expect(JSON.stringify(answer.messages)).not.toContain('ANSWERED');
    }
    // The other endpoint leads to the same tool, so it is the same call. A parked call is over when it was resumed.
    expect(JSON.stringify((await modernCall('/mcp', token, { ...params, name: `${server}__ask` })).result)).toContain(
      'ANSWERED',
    );
    if (server.startsWith('old')) expect(codeOf(await modernCall(`/mcp/${server}`, token, params))).toBe(INVALID);
  });

  it('is ignored from a client of the other era, whose call begins anew', async () => {
    const { token, params } = await begin();
    const client = await connect(`${gateway.url}/mcp/${server}`, token, 'legacy', {});
    expect(JSON.stringify((await client.send('tools/call', params)).messages)).not.toContain('ANSWERED');
    await modernCall(`/mcp/${server}`, token, params);
  });

  it('expires', async () => {
    const { params } = await begin();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 16 * 60_000 });
    expect(codeOf(await modernCall(`/mcp/${server}`, await gateway.token('alice'), params))).toBe(INVALID);
  });
});

it.each([
  ['tools/call', 'prompts/get'],
  ['prompts/get', 'tools/call'],
])('A18 S11 a request state of %s is refused for %s of the same name', async (method, other) => {
  const token = await gateway.token('alice');
  const { result } = await modernCall('/mcp/twin', token, { name: 'twin', arguments: {} }, method);
  const params = {
    name: 'twin',
    arguments: {},
    requestState: result?.['requestState'],
    inputResponses: { q: { action: 'accept', content: {} } },
  };
  expect(codeOf(await modernCall('/mcp/twin', token, params, other))).toBe(-32602);
  expect(JSON.stringify((await modernCall('/mcp/twin', token, params, method)).result)).toContain('ANSWERED');
});

it.each(['old-http', 'old-child'])(
  'A18 S11 a request state of %s is refused when a newer one replaced it',
  async (server) => {
    const token = await gateway.token('alice');
    const call = (more: Json): Promise<Answer> =>
      modernCall(`/mcp/${server}`, token, { name: 'ask_two', arguments: {}, ...more });
    const first = (await call({})).result as { inputRequests: Json; requestState: string };
    const [one = '', two = ''] = Object.keys(first.inputRequests);
    const accepted = { action: 'accept', content: { name: 'ANSWERED' } };
    const second = (await call({ requestState: first.requestState, inputResponses: { [one]: accepted } })).result as {
      requestState: string;
    };
    expect(
      codeOf(
        await call({
          requestState: first.requestState,
          inputResponses: { [two]: { action: 'accept', content: { name: 'STALE' } } },
        }),
      ),
    ).toBe(-32602);
    const { result } = await call({ requestState: second.requestState, inputResponses: { [two]: accepted } });
    expect(JSON.stringify(result)).toMatch(/ANSWERED.*ANSWERED/);
  },
);
