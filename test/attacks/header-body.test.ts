/**
 * A16, H5, H6: a request whose headers differ from its body is refused; and the gateway sends servers headers that
 * agree with the body, whatever names and arguments contain.
 *
 * Which paths a row takes: the edge compares header and body before it looks for a server, so the kind of server makes
 * no difference; eras differ in what may be missing, endpoints in the name. Every row runs at one endpoint of each
 * kind, with a server of each era.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateway, type TestGateway } from '../e2e/gateway.ts';
import { headersFor, MODERN_META, type Era } from './mcp-client.ts';
import { sendHttp, exchangeBytes } from './http-client.ts';
import { openUpstream, tool, type Upstream } from './upstream.ts';

const mirror = {
  ...tool('mirror'),
  inputSchema: {
    type: 'object',
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      count: { type: 'integer', 'x-mcp-header': 'Count' },
      dry: { type: 'boolean', 'x-mcp-header': 'Dry' },
      nested: { type: 'object', properties: { deep: { type: 'string', 'x-mcp-header': 'Deep' } } },
    },
  },
};
const OFFER = {
  tools: [tool('echo'), tool('erase'), mirror],
  prompts: [{ name: 'greet' }],
  resources: [
    { uri: 'mem://a', name: 'a' },
    { uri: 'mem://%C3%B6', name: 'o' },
  ],
};

let fresh: Upstream;
let old: Upstream;
let gateway: TestGateway;
beforeAll(async () => {
  [fresh, old] = [await openUpstream({ ...OFFER, era: 'modern' }), await openUpstream(OFFER)];
  gateway = await openGateway({ servers: { fresh: { url: fresh.url }, old: { url: old.url } } });
});
afterAll(async () => {
  await gateway?.close();
  await fresh.close();
  await old.close();
});

type Json = Record<string, unknown>;
type Headers = Record<string, string | string[] | undefined>;
interface Request {
  readonly era: Era;
  readonly path: string;
  readonly method?: string;
  readonly params: Json;
  readonly headers?: Headers;
  readonly id?: unknown;
}

const inBase64 = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;

/** Sends a request whose headers agree with its body but for `headers`, where `undefined` leaves one out. */
async function send({ era, path, method = 'tools/call', params, headers = {}, id = 'x-1' }: Request) {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id,
    method,
    params: era === 'modern' ? { ...params, _meta: MODERN_META } : params,
  });
  const agreeing = headersFor(era, await gateway.token('alice'), { method, params });
  const sent = Object.fromEntries(
    Object.entries({
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...agreeing,
      ...headers,
    }).filter(([, value]) => value !== undefined),
  ) as Record<string, string | string[]>;
  const { status, text } = await sendHttp(gateway.url, { method: 'POST', path, headers: sent, body });
  const { error, result, id: answered } = JSON.parse(text) as { error?: { code: number }; result?: Json; id?: unknown };
  return { status, code: error?.code, result, id: answered, text };
}

const received = (): number => fresh.received.length + old.received.length;

const DIFFERENT: readonly (readonly [name: string, headers: (name: string) => Headers])[] = [
  ['another method', () => ({ 'mcp-method': 'tools/list' })],
  ['the method in capitals', () => ({ 'mcp-method': 'TOOLS/CALL' })],
  ['the method twice', () => ({ 'mcp-method': ['tools/call', 'tools/call'] })],
  ['two methods', () => ({ 'mcp-method': ['tools/call', 'tools/list'] })],
  ['methods in a list', () => ({ 'mcp-method': 'tools/call, tools/list' })],
  ['the method encoded', () => ({ 'mcp-method': 'tools%2Fcall' })],
  ['the method in base64', () => ({ 'mcp-method': inBase64('tools/call') })],
  ['an empty method', () => ({ 'mcp-method': '' })],
  ['the method and more', () => ({ 'mcp-method': 'tools/call;x' })],
  ['another name', (name) => ({ 'mcp-name': name.replace('echo', 'erase') })],
  ['the name in capitals', (name) => ({ 'mcp-name': name.toUpperCase() })],
  ['the name twice', (name) => ({ 'mcp-name': [name, name] })],
  ['two names', (name) => ({ 'mcp-name': [name, 'erase'] })],
  ['the name in two cases of the header', (name) => ({ 'mcp-name': name, 'MCP-NAME': 'erase' })],
  ['names in a list', (name) => ({ 'mcp-name': `${name}, ${name}` })],
  ['an empty name', () => ({ 'mcp-name': '' })],
  ['the name encoded', (name) => ({ 'mcp-name': name.replace('e', '%65') })],
  ['the name in quotes', (name) => ({ 'mcp-name': `"${name}"` })],
  ['half a name', (name) => ({ 'mcp-name': name.slice(0, -1) })],
  ['bad base64', (name) => ({ 'mcp-name': inBase64(`${name}x`).replace(/=*\?=$/, '?=') })],
  ['base64 of another name', () => ({ 'mcp-name': inBase64('erase') })],
  ['base64 of base64', (name) => ({ 'mcp-name': inBase64(inBase64(name)) })],
  ['base64 that is not UTF-8', () => ({ 'mcp-name': '=?base64?/w==?=' })],
  ['the sentinel in capitals', (name) => ({ 'mcp-name': inBase64(name).replace('base64', 'BASE64') })],
  ['half a sentinel', (name) => ({ 'mcp-name': inBase64(name).slice(0, -2) })],
  ['letters that a header cannot carry', () => ({ 'mcp-name': 'ech\u00f6' })],
  ['a tab', (name) => ({ 'mcp-name': name.replace('ch', 'c\th') })],
];
const MISSING: typeof DIFFERENT = [
  ['no method', () => ({ 'mcp-method': undefined })],
  ['no name', () => ({ 'mcp-name': undefined })],
  ['no version', () => ({ 'mcp-protocol-version': undefined })],
  ['the version of another era', () => ({ 'mcp-protocol-version': '2025-11-25' })],
  ['the version twice', () => ({ 'mcp-protocol-version': ['2026-07-28', '2026-07-28'] })],
  ['two versions', () => ({ 'mcp-protocol-version': ['2026-07-28', '2025-11-25'] })],
  ['the version and a space', () => ({ 'mcp-protocol-version': '2026-07-28 x' })],
  ['versions in a list', () => ({ 'mcp-protocol-version': '2026-07-28, 2026-07-28' })],
];

const ENDPOINTS = [
  ['/mcp/fresh', 'echo'],
  ['/mcp', 'old__echo'],
] as const;

describe.each(ENDPOINTS)('A16 H6 %s %s', (path, name) => {
  it.each([...DIFFERENT, ...MISSING])(
    'a modern request with %s is refused with 400, -32020 and its id',
    async (_name, headers) => {
      const before = received();
      expect(
        await send({ era: 'modern', path, params: { name, arguments: {} }, headers: headers(name) }),
      ).toMatchObject({ status: 400, code: -32020, id: 'x-1' });
      expect(received()).toBe(before);
    },
  );

  it.each(DIFFERENT)(
    'a legacy request with %s is refused: these headers may be missing, but not differ',
    async (_name, headers) => {
      const before = received();
      const answer = await send({ era: 'legacy', path, params: { name, arguments: {} }, headers: headers(name) });
      expect([answer.status, answer.code]).toEqual([400, -32020]);
      expect(received()).toBe(before);
    },
  );

  it('headers that agree, plain, padded or in base64, are accepted; a legacy request may leave them out', async () => {
    for (const headers of [{}, { 'mcp-name': inBase64(name) }, { 'mcp-name': `  ${name}  ` }])
      expect((await send({ era: 'modern', path, params: { name, arguments: {} }, headers })).result).toMatchObject({
        content: [{ text: 'done {}' }],
      });
    for (const headers of [{}, { 'mcp-method': 'tools/call', 'mcp-name': name }])
      expect((await send({ era: 'legacy', path, params: { name, arguments: {} }, headers })).result).toMatchObject({
        content: [{ text: 'done {}' }],
      });
  });
});

describe('A16 H6 other methods and bodies', () => {
  it.each([
    ['prompts/get', { name: 'greet' }, 'greet2'],
    ['resources/read', { uri: 'mem://a' }, 'mem://b'],
    ['tasks/get', { taskId: 'fresh.x' }, 'fresh.y'],
  ] as const)('%s has a name that is compared too', async (method, params, other) => {
    const before = received();
    for (const headers of [{ 'mcp-name': other }, { 'mcp-name': undefined }])
      expect(await send({ era: 'modern', path: '/mcp/fresh', method, params, headers })).toMatchObject({
        status: 400,
        code: -32020,
      });
    expect(received()).toBe(before);
  });

  it('headers that Node.js joins or reads as Latin-1 are refused', async () => {
    const read = async (uri: string, name: string | string[]) =>
      (
        await send({
          era: 'modern',
          path: '/mcp/fresh',
          method: 'resources/read',
          params: { uri },
          headers: { 'mcp-name': name },
        })
      ).code;
    expect([await read('x:a, x:b', ['x:a', 'x:b']), await read('x:a, x:b', 'x:a, x:b')]).toEqual([-32020, -32602]);
    expect([await read('mem://\u00f6', 'mem://\u00f6'), await read('mem://\u00f6', inBase64('mem://\u00f6'))]).toEqual([
      -32020,
      // Equal in both places, and then refused because of its spelling (B12).
      -32602,
    ]);
    expect(await read('mem://%C3%B6', inBase64('mem://%C3%B6'))).toBeUndefined();
  });

  it.each(['GET', 'DELETE'])('a %s request with these headers is refused: it has no body', async (method) => {
    for (const headers of [{ 'mcp-method': 'tools/call' }, { 'mcp-name': 'echo' }]) {
      const { status } = await sendHttp(gateway.url, {
        method,
        path: '/mcp/fresh',
        headers: {
          authorization: `Bearer ${await gateway.token('alice')}`,
          accept: 'text/event-stream',
          'mcp-session-id': 'x',
          ...headers,
        },
      });
      expect(status).toBe(400);
    }
  });

  it('a body whose version is of the other era is refused', async () => {
    const before = received();
    const own = { name: 'echo', arguments: {} };
    expect(await send({ era: 'legacy', path: '/mcp/fresh', params: { ...own, _meta: MODERN_META } })).toMatchObject({
      status: 400,
      code: -32020,
    });
    expect(
      await send({
        era: 'legacy',
        path: '/mcp/fresh',
        params: own,
        headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' },
      }),
    ).toMatchObject({ status: 400 });
    for (const version of ['2026-07-29', '2024-01-01', '', 'x', 1, null, ['2026-07-28']]) {
      const params = { ...own, _meta: { ...MODERN_META, 'io.modelcontextprotocol/protocolVersion': version } };
      expect(
        (
          await send({
            era: 'legacy',
            path: '/mcp/fresh',
            params,
            headers: { 'mcp-protocol-version': String(version), 'mcp-method': 'tools/call', 'mcp-name': 'echo' },
          })
        ).status,
      ).toBe(400);
    }
    expect(received()).toBe(before);
  });

  it('H5 line breaks and NUL in a header close the connection', async () => {
    const CONTENT = 'Content-Type: application/json\r\nContent-Length: 2\r\n';
    const head = `POST /mcp/fresh HTTP/1.1\r\nHost: ${new URL(gateway.url).host}\r\n${CONTENT}`;
    for (const header of [
      'Mcp-Name: a\0b',
      'Mcp-Name: a\nMcp-Method: x',
      'Mcp-Name: a\rb',
      'Mcp-Name : echo',
      ' Mcp-Name: echo',
      'Mcp-Name\t: echo',
    ]) {
      const { text, closed } = await exchangeBytes(gateway.url, `${head}${header}\r\n\r\n{}`);
      expect([header, text.slice(0, 12), closed]).toEqual([header, 'HTTP/1.1 400', true]);
    }
  });
});

const WRONG_PARAMS: readonly (readonly [name: string, args: Json, headers: Headers])[] = [
  ['missing', { region: 'eu' }, {}],
  ['another', { region: 'eu' }, { 'mcp-param-region': 'us' }],
  ['another case', { region: 'eu' }, { 'mcp-param-region': 'EU' }],
  ['twice', { region: 'eu' }, { 'mcp-param-region': ['eu', 'eu'] }],
  ['in a list', { region: 'eu' }, { 'mcp-param-region': 'eu, us' }],
  ['bad base64', { region: 'eu' }, { 'mcp-param-region': '=?base64?ZXU?=' }],
  ['for nothing', {}, { 'mcp-param-region': 'eu' }],
  ['another number', { count: 42 }, { 'mcp-param-count': '43' }],
  ['a number in hex', { count: 42 }, { 'mcp-param-count': '0x2a' }],
  ['a number with an exponent', { count: 42 }, { 'mcp-param-count': '4.2e1' }],
  ['another boolean', { dry: true }, { 'mcp-param-dry': 'false' }],
  ['a boolean in capitals', { dry: true }, { 'mcp-param-dry': 'TRUE' }],
  ['nested', { nested: { deep: 'x' } }, { 'mcp-param-deep': 'y' }],
  ['an inherited member', {}, { 'mcp-param-region': 'toString' }],
];

describe.each([
  ['/mcp/fresh', 'mirror'],
  ['/mcp', 'old__mirror'],
] as const)('A16 x-mcp-header %s %s', (path, name) => {
  it.each(WRONG_PARAMS)('%s is refused with 400 and -32020', async (_name, args, headers) => {
    const before = fresh.operations().length + old.operations().length;
    expect(await send({ era: 'modern', path, params: { name, arguments: args }, headers })).toMatchObject({
      status: 400,
      code: -32020,
    });
    expect(fresh.operations().length + old.operations().length).toBe(before);
  });
});

/** Values of an argument; `plain` if a header may contain the value as it is. */
const VALUES: readonly (readonly [name: string, value: string, plain: boolean])[] = [
  ['plain', 'eu', true],
  ['spaces inside', 'a b', true],
  ['CR LF', 'x\r\nAuthorization: Bearer stolen', false],
  ['LF', 'x\ny', false],
  ['a tab at the end', 'x\t', false],
  ['a space at the start', ' x', false],
  ['letters beyond Latin-1', '\u6f22', false],
  ['Latin-1', 'z\u00fcrich', false],
  ['what looks like a sentinel', '=?base64?ZXU=?=', false],
  ['nothing', '', false],
  ['U+0085 and U+2028', 'a\u0085b\u2028', false],
  ['DEL', 'a\u007fb', false],
];

describe.each(['modern', 'legacy'] as const)('H5 %s client: headers to a modern server', (era) => {
  it.each(VALUES)('agree with an argument of %s', async (_name, value, plain) => {
    const answer = await send({
      era,
      path: '/mcp/fresh',
      params: { name: 'mirror', arguments: { region: value } },
      headers: era === 'modern' ? { 'mcp-param-region': plain ? value : inBase64(value) } : {},
    });
    expect(answer.status, answer.text).toBe(200);
    const sent = fresh.operations().at(-1);
    expect(sent?.params['arguments']).toEqual({ region: value });
    expect(sent?.headers).toMatchObject({
      'mcp-method': 'tools/call',
      'mcp-name': 'mirror',
      'mcp-param-region': plain ? value : inBase64(value),
      'mcp-protocol-version': '2026-07-28',
    });
    expect(sent?.headers.authorization).toBeUndefined();
    expect(
      sent?.rawHeaders
        .filter((_, at) => at % 2 === 0)
        .map((name) => name.toLowerCase())
        .filter((name) => name.startsWith('mcp-'))
        .toSorted(),
    ).toEqual(['mcp-method', 'mcp-name', 'mcp-param-region', 'mcp-protocol-version']);
  });

  it('mirror headers that the client made up are not relayed', async () => {
    const own = {
      'mcp-param-region': 'eu',
      'mcp-other': 'CANARY',
      'last-event-id': 'CANARY',
      ...(era === 'modern' && { 'mcp-session-id': 'CANARY' }),
    };
    expect(
      (await send({ era, path: '/mcp/fresh', params: { name: 'echo', arguments: {} }, headers: own })).status,
    ).toBe(200);
    const sent = fresh.received.at(-1);
    expect(JSON.stringify(sent?.rawHeaders)).not.toMatch(/CANARY|region/i);
  });

  it('a name beyond ASCII is sent as it is percent-encoded', async () => {
    expect(
      (await send({ era, path: '/mcp/fresh', method: 'resources/read', params: { uri: 'mem://%C3%B6' } })).status,
    ).toBe(200);
    expect(fresh.operations().at(-1)?.headers['mcp-name']).toBe('mem://%C3%B6');
  });
});
