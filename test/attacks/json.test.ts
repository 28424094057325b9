/**
 * J1–J6, J9, J10, J14, J15, A17, H12: bytes that could be read in two ways, by both doors and in both eras, to a server
 * over HTTP and one over stdio. What is refused reaches nobody; what is not arrives as the very bytes that were judged.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openStdioClient, type StdioClient } from './stdio-client.ts';
import {
  openInstallation,
  startGatewayProcess,
  type RunningGatewayProcess,
  type Installation,
} from './installation.ts';
import { headersFor, MODERN_META, type Era } from './mcp-client.ts';
import { sendHttp } from './http-client.ts';
import { openUpstream, textResult, tool, type Upstream } from './upstream.ts';

const ERAS = ['modern', 'legacy'] as const;
const TOOLS = [
  tool('echo', {}, { inputSchema: { type: 'object' } }),
  tool('pay', {
    amount: { type: 'integer' },
    sure: { type: 'boolean' },
    note: { type: 'string', default: 'none' },
    rate: { type: 'number' },
  }),
];

let upstream: Upstream;
let installation: Installation;
let running: RunningGatewayProcess;
let owned: Installation;
/** Both eras are spoken on one pipe. */
let stdioClient: StdioClient;
const tokens = { value: '' };
beforeAll(async () => {
  upstream = await openUpstream({
    tools: TOOLS,
    respond: ({ method, body }) =>
      method === 'tools/call' ? textResult(Buffer.from(body).toString('base64')) : undefined,
  });
  installation = await openInstallation({
    servers: {
      web: { url: upstream.url },
      pipe: {
        command: [process.execPath, new URL('./echo-server.ts', import.meta.url).pathname, JSON.stringify(TOOLS)],
      },
    },
  });
  owned = await openInstallation({ servers: installation.settings['servers'] as Record<string, object> });
  running = await startGatewayProcess(installation);
  tokens.value = await installation.token('alice');
  stdioClient = await openStdioClient(owned, await owned.token('alice'), { era: 'legacy' });
});
afterAll(async () => {
  await stdioClient?.close();
  await owned?.close();
  await running?.stop();
  await installation?.close();
  await upstream.close();
});

interface Told {
  readonly status: number;
  readonly code: number | undefined;
  readonly text: string;
  readonly seen: string | undefined;
}

/** One way to a server: who asks, by which door, and what the tool is called there. */
interface Way {
  readonly door: 'http' | 'stdio';
  readonly era: Era;
  readonly server: 'web' | 'pipe';
  readonly endpoint: '/mcp' | '/mcp/web' | '/mcp/pipe';
}

const WAYS: readonly (readonly [name: string, way: Way])[] = ERAS.flatMap((era) =>
  (['web', 'pipe'] as const).flatMap((server) => [
    ...(['/mcp', `/mcp/${server}`] as const).map(
      (endpoint) => [`${era} over HTTP at ${endpoint} to ${server}`, { door: 'http', era, server, endpoint }] as const,
    ),
    [`${era} over stdio to ${server}`, { door: 'stdio', era, server, endpoint: '/mcp' }] as const,
  ]),
);

const nameFor = ({ endpoint, server }: Way, name: string): string =>
  endpoint === '/mcp' ? `${server}__${name}` : name;

async function tell(way: Way, bytes: string, { method = 'tools/call', name = 'echo' } = {}): Promise<Told> {
  const read = (text: string, status: number): Told => {
    const data =
      text
        .split('\n')
        .find((line) => line.startsWith('data: {'))
        ?.slice(6) ?? text;
    const { error, result } = (data === '' ? {} : JSON.parse(data)) as {
      error?: { code: number };
      result?: { content?: { text: string }[]; structuredContent?: { error_code: string } };
    };
    const seen = result?.structuredContent === undefined ? result?.content?.[0]?.text : undefined;
    return {
      status,
      code: error?.code ?? (result?.structuredContent === undefined ? undefined : -32602),
      text,
      seen: seen && Buffer.from(seen, 'base64').toString(),
    };
  };
  if (way.door === 'stdio') return read(await stdioClient.exchange(bytes), 200);
  const headers = {
    ...headersFor(way.era, tokens.value, { method, params: { name: nameFor(way, name) } }),
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const { status, text } = await sendHttp(installation.url, {
    method: 'POST',
    path: way.endpoint,
    headers,
    body: bytes,
  });
  return read(text, status);
}

const META = JSON.stringify(MODERN_META);
/** A call as text; `more` goes into the params and `top` beside them. */
const call = (way: Way, args: string, { name = 'echo', more = '', top = '' } = {}): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":${JSON.stringify(nameFor(way, name))},"arguments":${args}${way.era === 'modern' ? `,"_meta":${META}` : ''}${more}}${top}}`;

type Make = (way: Way) => string;
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const plain = (way: Way): string => call(way, '{}');

const REFUSED: readonly (readonly [name: string, make: Make])[] = [
  ['J1 __proto__ at the top', (way) => call(way, '{}', { top: ',"__proto__":{"polluted":1}' })],
  ['J1 __proto__ in params', (way) => call(way, '{}', { more: ',"__proto__":{"polluted":1}' })],
  ['J1 __proto__ in arguments', (way) => call(way, '{"__proto__":{"polluted":1}}')],
  ['J1 __proto__ deep in arguments', (way) => call(way, '{"a":[{"b":{"__proto__":{"polluted":1}}}]}')],
  ['J1 __proto__ with escapes', (way) => call(way, '{"\\u005f_proto__":{"polluted":1}}')],
  ['J1 __proto__ in _meta', (way) => plain(way).replace('"arguments":{}', '"arguments":{"_meta":{"__proto__":{}}}')],
  ['J2 a key twice at the top', (way) => call(way, '{}', { top: ',"method":"tools/list"' })],
  ['J2 the id twice', (way) => call(way, '{}', { top: ',"id":2' })],
  ['J2 the name twice', (way) => call(way, '{}', { more: `,"name":"${nameFor(way, 'pay')}"` })],
  ['J2 arguments twice', (way) => call(way, '{}', { more: ',"arguments":{"a":1}' })],
  ['J2 a key twice in arguments', (way) => call(way, '{"a":1,"a":2}')],
  ['J2 a key twice, the same value', (way) => call(way, '{"a":1,"a":1}')],
  ['J2 a key twice, once escaped', (way) => call(way, '{"ab":1,"\\u0061b":2}')],
  ['J2 the method twice, once escaped', (way) => call(way, '{}', { top: ',"\\u006dethod":"tools/list"' })],
  ['J2 a key twice, deep', (way) => call(way, '{"x":[[{"y":{"a":1,"a":2}}]]}')],
  ['J2 an empty key twice', (way) => call(way, '{"":1,"":2}')],
  ['J2 params twice', (way) => plain(way).replace('"method"', '"params":{"name":"x"},"method"')],
  ['J3 A17 Method beside method', (way) => call(way, '{}', { top: ',"Method":"tools/list"' })],
  ['J3 A17 METHOD alone', (way) => plain(way).replace('"method"', '"METHOD"')],
  ['J3 A17 Params', (way) => plain(way).replace('"params"', '"Params"')],
  ['J3 A17 param with a long s', (way) => call(way, '{}', { top: ',"param\u017f":{"name":"x"}' })],
  ['J3 A17 a Kelvin sign', (way) => call(way, '{}', { top: ',"\u212aey":1' })],
  ['J3 ID', (way) => plain(way).replace('"id"', '"ID"')],
  ['J3 an unknown member', (way) => call(way, '{}', { top: ',"extra":1' })],
  ['J3 a space in the key', (way) => plain(way).replace('"method"', '"method "')],
  ['J4 100 levels', (way) => call(way, nested(100))],
  ['J4 100,000 levels', (way) => call(way, nested(100_000))],
  ['J4 100,000 lists', (way) => call(way, `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)],
  ['J4 50,000 keys', (way) => call(way, `{${Array.from({ length: 50_000 }, (_, at) => `"k${at}":0`).join(',')}}`)],
  ...[
    '1e400',
    '-1e400',
    '9007199254740993',
    '-9007199254740993',
    '12345678901234567890',
    '1e-400',
    '0.10000000000000000001',
    'NaN',
    'Infinity',
    '-',
    '01',
    '+1',
    '.5',
    '1.',
    '0x10',
    '1_000',
  ].map((number): [string, Make] => [`J4 J6 the number ${number}`, (way) => call(way, `{"a":${number}}`)]),
  ['J4 a lone high surrogate', (way) => call(way, '{"a":"\\ud800"}')],
  ['J4 a lone low surrogate in a key', (way) => call(way, '{"\\udc00":1}')],
  ['J4 a NUL', (way) => call(way, '{"a":"x\\u0000y"}')],
  ['J4 a NUL in a key', (way) => call(way, '{"x\\u0000":1}')],
  ['J4 trailing data', (way) => `${plain(way)}{}`],
  ['J4 a trailing comma', (way) => call(way, '{"a":1,}')],
  ['J4 a comment', (way) => call(way, '{"a":1/* x */}')],
  ['J4 single quotes', (way) => call(way, "{'a':1}")],
  ['J4 a control character in a string', (way) => call(way, '{"a":"\u0001"}')],
  ['J4 half', (way) => plain(way).slice(0, -3)],
  ['J4 a byte order mark', (way) => `\ufeff${plain(way)}`],
  ['J4 a no-break space', (way) => `${plain(way)}\u00a0`],
  ['J5 id null', (way) => plain(way).replace('"id":1', '"id":null')],
  ['J5 id a fraction', (way) => plain(way).replace('"id":1', '"id":1.5')],
  ['J5 id an object', (way) => plain(way).replace('"id":1', '"id":{}')],
  ['J5 id a list', (way) => plain(way).replace('"id":1', '"id":[1]')],
  ['J5 id true', (way) => plain(way).replace('"id":1', '"id":true')],
  ['J5 id 2^53', (way) => plain(way).replace('"id":1', '"id":9007199254740992')],
  ['J5 a long id', (way) => plain(way).replace('"id":1', `"id":"${'x'.repeat(300)}"`)],
  ['J5 no jsonrpc', (way) => plain(way).replace('"jsonrpc":"2.0",', '')],
  ['J5 jsonrpc with a space', (way) => plain(way).replace('"2.0"', '"2.0 "')],
  ['J5 jsonrpc a number', (way) => plain(way).replace('"2.0"', '2.0')],
  ['J5 jsonrpc 1.0', (way) => plain(way).replace('"2.0"', '"1.0"')],
  ['J5 method and result', (way) => call(way, '{}', { top: ',"result":{}' })],
  ['J5 method and error', (way) => call(way, '{}', { top: ',"error":{"code":1,"message":"x"}' })],
  ['J5 params a list', (way) => plain(way).replace(/"params":.*\}$/, '"params":[]}')],
  ['J5 method a list', (way) => plain(way).replace('"tools/call"', '["tools/call"]')],
  ['J5 method with a line break', (way) => plain(way).replace('"tools/call"', '"tools/call\\n"')],
  ['J5 method with a space', (way) => plain(way).replace('"tools/call"', '" tools/call"')],
  ['H12 a batch of one', (way) => `[${plain(way)}]`],
  ['H12 an empty batch', () => '[]'],
  [
    'H12 10,000 of them',
    (way) => `[${Array.from({ length: 10_000 }, () => (way.door === 'http' ? '{}' : '0')).join(',')}]`,
  ],
  ['H12 a batch in a batch', (way) => `[[${plain(way)}]]`],
  ['J5 text', () => '"tools/call"'],
  ['J5 null', () => 'null'],
  ['J5 a number', () => '1'],
  ['J9 an argument that is not declared', (way) => call(way, '{"amount":1,"admin":true}', { name: 'pay' })],
  [
    'J9 an argument called constructor',
    (way) => call(way, '{"constructor":{"prototype":{"polluted":1}}}', { name: 'pay' }),
  ],
  ['J9 an argument in another case', (way) => call(way, '{"Amount":1}', { name: 'pay' })],
  ['J9 an argument with a space', (way) => call(way, '{"amount ":1}', { name: 'pay' })],
  ...['"1"', '1.5', 'true', 'null', '[1]', '{"valueOf":1}', '""', '"0x1"'].map((amount): [string, Make] => [
    `J10 ${amount} is no integer`,
    (way) => call(way, `{"amount":${amount}}`, { name: 'pay' }),
  ]),
  ...['"false"', '0', 'null', '""'].map((sure): [string, Make] => [
    `J10 ${sure} is no boolean`,
    (way) => call(way, `{"sure":${sure}}`, { name: 'pay' }),
  ]),
  ['J10 a number is no text', (way) => call(way, '{"note":1}', { name: 'pay' })],
  ['J10 arguments are a list', (way) => call(way, '[]')],
  ['J10 arguments are text', (way) => call(way, '"{}"')],
  ['J10 arguments are null', (way) => call(way, 'null')],
  ...['{}', 'null', '1.5', 'true', '[]', `"${'x'.repeat(300)}"`, '9007199254740992'].map((token): [string, Make] => [
    `J15 a progress token ${token.slice(0, 20)}`,
    (way) =>
      plain(way)
        .replace(/,"_meta":\{/, ',"_meta":{"progressToken":'.concat(token, ','))
        .replace(/"arguments":\{\}\}/, `"arguments":{},"_meta":{"progressToken":${token}}}`),
  ]),
  [
    'J15 a huge _meta',
    (way) =>
      way.era === 'modern'
        ? plain(way).replace('"_meta":{', `"_meta":{"x":"${'x'.repeat(20_000)}",`)
        : call(way, '{}', { more: `,"_meta":{"x":"${'x'.repeat(20_000)}"}` }),
  ],
];

let before: number;
const calls = (): number => upstream.operations().length;
beforeEach(() => {
  before = calls();
});

describe.each(WAYS)('%s', (_way, way) => {
  it.each(REFUSED)('%s is refused', async (_name, make) => {
    const { status, code, text } = await tell(way, make(way), { name: make(way).includes('pay"') ? 'pay' : 'echo' });
    expect(code, text).toBeLessThanOrEqual(-32600);
    expect([200, 400]).toContain(status);
    if (way.door === 'http' && status === 200) expect(text).toMatch(/INVALID_(ARGUMENT|REQUEST)/);
    expect(text).not.toContain('"id":null');
    expect(calls()).toBe(before);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  const PASSED: readonly (readonly [name: string, args: string])[] = [
    ['J6 A17 spaces and order', '{ "b" : 1 ,  "a":[ ] }'],
    ['J6 numbers as they were written', '{"a":1.50,"b":1E2,"c":-0,"d":9007199254740991,"e":0.1,"f":-1.0e-3}'],
    ['A17 escapes as they were written', '{"a":"\\u00e9\\/\\u2028","\\u0062":"\\ud83d\\ude00"}'],
    ['A17 characters as they are', '{"a":"é😀","ключ":"ſK"}'],
    [
      'J1 names of Object.prototype as keys',
      '{"constructor":{"prototype":{"polluted":1}},"hasOwnProperty":1,"toString":null,"valueOf":{"__defineGetter__":1}}',
    ],
    ['J3 keys that differ in case', '{"name":1,"Name":2,"NAME":3,"\u017fum":4,"sum":5}'],
    ['J4 30 levels', nested(30)],
    ['J4 100 kB of text', `{"a":"${'x'.repeat(100_000)}"}`],
    ['J2 the same key in two objects', '{"a":{"k":1},"b":{"k":1},"c":[{"k":1},{"k":1}]}'],
    [
      'J6 text that looks like structure',
      '{"a":"\\",\\"arguments\\":{\\"a\\":2},\\"x\\":\\"","arguments":{"params":{}}}',
    ],
    ['J10 no default is filled in', '{"amount":1}'],
    ['J10 an integer that is written as 1.0', '{"amount":1.0}'],
  ];
  it.each(PASSED)('%s arrives as it was judged', async (_name, args) => {
    const name = args.startsWith('{"amount"') ? 'pay' : 'echo';
    const { seen, text } = await tell(way, call(way, args, { name }), { name });
    expect(seen, text).toContain(`"arguments":${args}`);
    expect(JSON.parse(seen ?? '')).toEqual({
      jsonrpc: '2.0',
      id: expect.any(Number),
      method: 'tools/call',
      params: { name, arguments: JSON.parse(args) },
    });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype'])(
    'J1 a tool called %s is none',
    async (name) => {
      const { code } = await tell(way, call(way, '{}', { name }), { name });
      expect([code, calls()]).toEqual([-32602, before]);
    },
  );

  it('J15 what only the protocol or the gateway may write does not arrive, nor does a trace that is none', async () => {
    const spoof = {
      'io.modelcontextprotocol/serverInfo': { name: 'CANARY' },
      'io.modelcontextprotocol/subscriptionId': 'CANARY',
      'dev.mcp/x': 'CANARY',
      'com.modelcontextprotocol.tools/x': 'CANARY',
      'MCP/x': 'CANARY',
      baggage: 'user=CANARY',
      tracestate: 'a=CANARY',
      traceparent: '00-CANARY\r\nx: y',
    };
    const meta = JSON.stringify({
      ...(way.era === 'modern' && MODERN_META),
      ...spoof,
      'com.example/mine': 'kept',
      progressToken: 'CANARY-token',
    });
    const { seen, text } = await tell(way, call({ ...way, era: 'legacy' }, '{}', { more: `,"_meta":${meta}` }));
    expect(seen, text).toContain('"com.example/mine":"kept"');
    expect(seen).not.toContain('CANARY');
  });

  it.each(['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'])(
    'J14 %s takes no cursor: none was given out',
    async (method) => {
      for (const cursor of ['"x"', '""', '1', 'null', '{}', '"eyJvZmZzZXQiOjF9"']) {
        const body = `{"jsonrpc":"2.0","id":1,"method":"${method}","params":{"cursor":${cursor}${way.era === 'modern' ? `,"_meta":${META}` : ''}}}`;
        expect((await tell(way, body, { method })).code).toBe(-32602);
      }
    },
  );
});
