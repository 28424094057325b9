/** Changes of the guard inside one server. */
import { changesIn, type Change } from './change.ts';

const inServer = changesIn('packages/server/src');
const inHttp = changesIn('packages/server/src/http');
const TESTS = ['secure-server.test.ts', 'broken-tools.test.ts', 'result-limit.test.ts'];

const http: readonly Change[] = [
  ...inHttp(
    'addresses.ts',
    ['addresses.test.ts'],
    [
      ["  ['169.254.0.0', 16],\n", ''],
      ["  ['100.100.100.200', 32],\n", ''],
      ["  ['168.63.129.16', 32],\n", ''],
      ["  ['fd00:ec2::', 32],\n", ''],
      ["  ['10.0.0.0', 8],\n", ''],
      ["  ['100.64.0.0', 10],\n", ''],
      ["  ['::ffff:0:0', 96],\n", ''],
      ["  ['64:ff9b::', 96],\n", ''],
      ["  ['2002::', 16],\n", ''],
      ["  ['fc00::', 7],\n", ''],
      ["  ['fe80::', 10],\n", ''],
      ["  ['224.0.0.0', 3],\n", ''],
      ["version === 0 || address.includes('%')", 'version === 0'],
    ],
  ),
  ...inHttp(
    'dialler.ts',
    ['packages/gateway/src/adapters/jwks/addresses.test.ts'],
    [
      ['addresses.every(({ address })', 'addresses.some(({ address })'],
      ["(kind === 'private' && isInternal)", "kind === 'private'"],
      ["kind === 'public' || (kind === 'private' && isInternal)", "kind === 'public' || isInternal"],
      ['isIP(host) !== 0 && !mayConnect(host, isInternal)', 'false'],
    ],
  ),
];

export const library: readonly Change[] = [
  ...http,
  ...inServer('server-guard.ts', TESTS, [
    ['RESULT_BYTES_MAX = 1024 * 1024', 'RESULT_BYTES_MAX = 1024 * 1024 * 1024'],
    ['resultBytesMax: () => RESULT_BYTES_MAX', 'resultBytesMax: () => Infinity'],
    ["additionalArguments: () => 'reject'", "additionalArguments: () => 'allow'"],
    ['refusalsPerMinute: () => 120', 'refusalsPerMinute: () => 120_000'],
    ['limit: 100, periodMs', 'limit: 100_000, periodMs'],
    ['clear: () => []', "clear: () => ['*/*/*']"],
  ]),
  ...inServer('secure-server.ts', TESTS, [
    ["if (tools.size !== options.tools.length) throw new RangeError('two tools have the same name');", ''],
    ["if (hashingKey.length < 32) throw new RangeError('the hashing key must have at least 32 bytes');", ''],
    ["if (limits !== undefined && !Object.hasOwn(limits, 'default'))", 'if (false)'],
    ['if (!(timeoutMs >= 1 && timeoutMs < 2 ** 31)) throw', 'if (false) throw'],
    ['TIMEOUT_MS = 60_000', 'TIMEOUT_MS = 60_000_000'],
  ]),
  ...inServer('tool.ts', TESTS, [
    ['if (!/^[A-Za-z0-9_.-]{1,128}$/.test(name)) throw', 'if (false) throw'],
    ["if (roles !== 'everyone' && !Array.isArray(roles))", 'if (false)'],
    ["if (input['type'] !== 'object') throw", 'if (false) throw'],
    ['    compileSchema(input);\n', ''],
    ['Object.freeze({ ...definition })', '({ ...definition })'],
  ]),
  ...inServer('roles-policy.ts', TESTS, [
    ["roles === 'everyone' || (roles", "roles === 'everyone' || true || (roles"],
    ['    couldAllow: allowed,', '    couldAllow: () => true,'],
  ]),
  ...inServer('run-tool.ts', TESTS, [
    ["const isShown = errors === 'show' &&", 'const isShown ='],
    ['await Promise.race([answer, rejectionOf(timeout.signal)])', 'await answer'],
  ]),
  ...inServer('mcp-server.ts', TESTS, [
    ['if (!INTERNAL_ERRORS.has(outcome.error.code)) return;', 'return;'],
    ["outcome.principal === undefined || outcome.error.code === 'unknown_tenant'", 'false'],
  ]),
];
