/** Messages for `json.test.ts`: each row writes one `tools/call`, as bytes that could be read in two ways. */
import { MODERN_META, type Era } from './mcp-client.ts';
import { tool } from './upstream.ts';

/** How a message travels: by which transport, in which era, to which server, at which endpoint. */
export interface Path {
  readonly transport: 'http' | 'stdio';
  readonly era: Era;
  readonly server: 'web' | 'child';
  /** Of HTTP; over stdio the client sees all servers, as at `/mcp`. */
  readonly endpoint: '/mcp' | '/mcp/web' | '/mcp/child';
}

export const TOOLS = [
  tool('echo', {}, { inputSchema: { type: 'object' } }),
  tool('pay', {
    amount: { type: 'integer' },
    sure: { type: 'boolean' },
    note: { type: 'string', default: 'none' },
    rate: { type: 'number' },
  }),
];

/** The name of a tool as the client of this path knows it. */
export const toolName = ({ endpoint, server }: Path, name: string): string =>
  endpoint === '/mcp' ? `${server}__${name}` : name;

export const META = JSON.stringify(MODERN_META);

/** A call as text: `more` goes into the params, `top` beside them. */
export function call(path: Path, args: string, { name = 'echo', more = '', top = '' } = {}): string {
  const meta = path.era === 'modern' ? `,"_meta":${META}` : '';
  const params = `{"name":${JSON.stringify(toolName(path, name))},"arguments":${args}${meta}${more}}`;
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}${top}}`;
}

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const plain = (path: Path): string => call(path, '{}');

type Write = (path: Path) => string;
export type RefusedRow = readonly [name: string, write: Write];

/** The parser refuses these before it is known what they ask for. */
export const UNREADABLE: readonly RefusedRow[] = [
  ['J1 __proto__ at the top', (path) => call(path, '{}', { top: ',"__proto__":{"polluted":1}' })],
  ['J1 __proto__ in params', (path) => call(path, '{}', { more: ',"__proto__":{"polluted":1}' })],
  ['J1 __proto__ in arguments', (path) => call(path, '{"__proto__":{"polluted":1}}')],
  ['J1 __proto__ deep in arguments', (path) => call(path, '{"a":[{"b":{"__proto__":{"polluted":1}}}]}')],
  ['J1 __proto__ with escapes', (path) => call(path, '{"\\u005f_proto__":{"polluted":1}}')],
  ['J1 __proto__ in _meta', (path) => plain(path).replace('"arguments":{}', '"arguments":{"_meta":{"__proto__":{}}}')],
  ['J2 a key twice at the top', (path) => call(path, '{}', { top: ',"method":"tools/list"' })],
  ['J2 the id twice', (path) => call(path, '{}', { top: ',"id":2' })],
  ['J2 the name twice', (path) => call(path, '{}', { more: `,"name":"${toolName(path, 'pay')}"` })],
  ['J2 arguments twice', (path) => call(path, '{}', { more: ',"arguments":{"a":1}' })],
  ['J2 a key twice in arguments', (path) => call(path, '{"a":1,"a":2}')],
  ['J2 a key twice with the same value', (path) => call(path, '{"a":1,"a":1}')],
  ['J2 a key twice, once escaped', (path) => call(path, '{"ab":1,"\\u0061b":2}')],
  ['J2 the method twice, once escaped', (path) => call(path, '{}', { top: ',"\\u006dethod":"tools/list"' })],
  ['J2 a key twice, deep', (path) => call(path, '{"x":[[{"y":{"a":1,"a":2}}]]}')],
  ['J2 an empty key twice', (path) => call(path, '{"":1,"":2}')],
  ['J2 params twice', (path) => plain(path).replace('"method"', '"params":{"name":"x"},"method"')],
  ['J3 A17 Method beside method', (path) => call(path, '{}', { top: ',"Method":"tools/list"' })],
  ['J3 A17 METHOD for method', (path) => plain(path).replace('"method"', '"METHOD"')],
  ['J3 A17 Params for params', (path) => plain(path).replace('"params"', '"Params"')],
  ['J3 A17 param with a long s', (path) => call(path, '{}', { top: ',"param\u017f":{"name":"x"}' })],
  ['J3 A17 a Kelvin sign', (path) => call(path, '{}', { top: ',"\u212aey":1' })],
  ['J3 the member ID', (path) => plain(path).replace('"id"', '"ID"')],
  ['J3 an unknown member', (path) => call(path, '{}', { top: ',"extra":1' })],
  ['J3 a space in the key', (path) => plain(path).replace('"method"', '"method "')],
  ['J4 100 levels', (path) => call(path, nested(100))],
  ['J4 100,000 levels', (path) => call(path, nested(100_000))],
  ['J4 100,000 lists', (path) => call(path, `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)],
  ['J4 50,000 keys', (path) => call(path, `{${Array.from({ length: 50_000 }, (_, at) => `"k${at}":0`).join(',')}}`)],
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
  ].map((number): [string, Write] => [`J4 J6 the number ${number}`, (path) => call(path, `{"a":${number}}`)]),
  ['J4 a lone high surrogate', (path) => call(path, '{"a":"\\ud800"}')],
  ['J4 a lone low surrogate in a key', (path) => call(path, '{"\\udc00":1}')],
  ['J4 a NUL', (path) => call(path, '{"a":"x\\u0000y"}')],
  ['J4 a NUL in a key', (path) => call(path, '{"x\\u0000":1}')],
  ['J4 trailing data', (path) => `${plain(path)}{}`],
  ['J4 a trailing comma', (path) => call(path, '{"a":1,}')],
  ['J4 a comment', (path) => call(path, '{"a":1/* x */}')],
  ['J4 single quotes', (path) => call(path, "{'a':1}")],
  ['J4 a control character in a string', (path) => call(path, '{"a":"\u0001"}')],
  ['J4 a message cut short', (path) => plain(path).slice(0, -3)],
  ['J4 a byte order mark', (path) => `\ufeff${plain(path)}`],
  ['J4 a no-break space', (path) => `${plain(path)}\u00a0`],
];

/** JSON that is no JSON-RPC request. */
export const NOT_A_REQUEST: readonly RefusedRow[] = [
  ['J5 an id that is null', (path) => plain(path).replace('"id":1', '"id":null')],
  ['J5 an id that is a fraction', (path) => plain(path).replace('"id":1', '"id":1.5')],
  ['J5 an id that is an object', (path) => plain(path).replace('"id":1', '"id":{}')],
  ['J5 an id that is a list', (path) => plain(path).replace('"id":1', '"id":[1]')],
  ['J5 an id that is true', (path) => plain(path).replace('"id":1', '"id":true')],
  ['J5 an id of 2^53', (path) => plain(path).replace('"id":1', '"id":9007199254740992')],
  ['J5 a long id', (path) => plain(path).replace('"id":1', `"id":"${'x'.repeat(300)}"`)],
  ['J5 no jsonrpc', (path) => plain(path).replace('"jsonrpc":"2.0",', '')],
  ['J5 a jsonrpc with a space', (path) => plain(path).replace('"2.0"', '"2.0 "')],
  ['J5 a jsonrpc that is a number', (path) => plain(path).replace('"2.0"', '2.0')],
  ['J5 jsonrpc 1.0', (path) => plain(path).replace('"2.0"', '"1.0"')],
  ['J5 a method and a result', (path) => call(path, '{}', { top: ',"result":{}' })],
  ['J5 a method and an error', (path) => call(path, '{}', { top: ',"error":{"code":1,"message":"x"}' })],
  ['J5 params that are a list', (path) => plain(path).replace(/"params":.*\}$/, '"params":[]}')],
  ['J5 a method that is a list', (path) => plain(path).replace('"tools/call"', '["tools/call"]')],
  ['J5 a method with a line break', (path) => plain(path).replace('"tools/call"', '"tools/call\\n"')],
  ['J5 a method with a space', (path) => plain(path).replace('"tools/call"', '" tools/call"')],
  ['H12 a batch of one', (path) => `[${plain(path)}]`],
  ['H12 an empty batch', () => '[]'],
  [
    'H12 a batch of 10,000',
    (path) => `[${Array.from({ length: 10_000 }, () => (path.transport === 'http' ? '{}' : '0')).join(',')}]`,
  ],
  ['H12 a batch in a batch', (path) => `[[${plain(path)}]]`],
  ['J5 a string', () => '"tools/call"'],
  ['J5 null', () => 'null'],
  ['J5 a number', () => '1'],
];

/** Arguments that the schema of the tool `pay` or `echo` does not allow. */
export const AGAINST_THE_SCHEMA: readonly RefusedRow[] = [
  ['J9 an argument that is not declared', (path) => call(path, '{"amount":1,"admin":true}', { name: 'pay' })],
  [
    'J9 an argument called constructor',
    (path) => call(path, '{"constructor":{"prototype":{"polluted":1}}}', { name: 'pay' }),
  ],
  ['J9 an argument in another case', (path) => call(path, '{"Amount":1}', { name: 'pay' })],
  ['J9 an argument with a space', (path) => call(path, '{"amount ":1}', { name: 'pay' })],
  ...['"1"', '1.5', 'true', 'null', '[1]', '{"valueOf":1}', '""', '"0x1"'].map((amount): [string, Write] => [
    `J10 ${amount} for an integer`,
    (path) => call(path, `{"amount":${amount}}`, { name: 'pay' }),
  ]),
  ...['"false"', '0', 'null', '""'].map((sure): [string, Write] => [
    `J10 ${sure} for a boolean`,
    (path) => call(path, `{"sure":${sure}}`, { name: 'pay' }),
  ]),
  ['J10 a number for a string', (path) => call(path, '{"note":1}', { name: 'pay' })],
  ['J10 a list for the arguments', (path) => call(path, '[]')],
  ['J10 a string for the arguments', (path) => call(path, '"{}"')],
];

/** A `_meta` that each era reads in its own way. */
export const BAD_META: readonly RefusedRow[] = [
  ...['{}', 'null', '1.5', 'true', '[]', `"${'x'.repeat(300)}"`, '9007199254740992'].map((token): [string, Write] => [
    `J15 a progress token ${token.slice(0, 20)}`,
    (path) =>
      plain(path)
        .replace(/,"_meta":\{/, ',"_meta":{"progressToken":'.concat(token, ','))
        .replace(/"arguments":\{\}\}/, `"arguments":{},"_meta":{"progressToken":${token}}}`),
  ]),
  [
    'J15 a huge _meta',
    (path) =>
      path.era === 'modern'
        ? plain(path).replace('"_meta":{', `"_meta":{"x":"${'x'.repeat(20_000)}",`)
        : call(path, '{}', { more: `,"_meta":{"x":"${'x'.repeat(20_000)}"}` }),
  ],
];

/** Arguments that arrive at the server byte for byte. */
export const FORWARDED: readonly (readonly [name: string, args: string])[] = [
  ['J6 A17 spaces and order', '{ "b" : 1 ,  "a":[ ] }'],
  ['J6 numbers as written', '{"a":1.50,"b":1E2,"c":-0,"d":9007199254740991,"e":0.1,"f":-1.0e-3}'],
  ['A17 escapes as written', '{"a":"\\u00e9\\/\\u2028","\\u0062":"\\ud83d\\ude00"}'],
  ['A17 characters beyond ASCII', '{"a":"é😀","ключ":"ſK"}'],
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
  ['J10 no default filled in', '{"amount":1}'],
  ['J10 an integer written as 1.0', '{"amount":1.0}'],
];
