/** Changes of the guard inside one server. */
import { changesIn, type Change } from './change.ts';

const inServer = changesIn('packages/server/src');
const TESTS = ['secure-server.test.ts', 'broken-tools.test.ts', 'result-limit.test.ts'];

export const library: readonly Change[] = [
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
