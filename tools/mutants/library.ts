/** Changes of the guard inside one server. */
import { changesIn, type Change } from './change.ts';

const inServer = changesIn('packages/server/src');
const inHttp = changesIn('packages/server/src/http');
const TESTS = ['tool.test.ts', 'calls.test.ts', 'result-limit.test.ts', 'listen.test.ts'];

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
    ['packages/server/src/jwks/addresses.test.ts'],
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
    ["additionalArguments: () => 'reject'", "additionalArguments: () => 'allow'"],
    ['refusalsPerMinute: () => 120', 'refusalsPerMinute: () => 120_000'],
    ["DEFAULT_LIMIT = '100/min'", "DEFAULT_LIMIT = '100000/min'"],
    ['clear: () => []', "clear: () => ['*/*/*']"],
    ["if (!Object.hasOwn(limits, 'default')) throw", 'if (false) throw'],
    ['    if (limit === undefined) continue;', '    continue;'],
    ["if (kind !== 'tool' || approval === undefined) return [];", 'return [];'],
  ]),
  ...inServer('secure-server.ts', TESTS, [
    ['if (!NAME.test(name)) throw', 'if (false) throw'],
    ['if (!(timeoutMs >= 1 && timeoutMs < 2 ** 31)) throw', 'if (false) throw'],
    ['TIMEOUT_MS = 60_000', 'TIMEOUT_MS = 60_000_000'],
    ['...(hasAuth ? configured : [developer.authenticator]),', '...configured, developer.authenticator,'],
  ]),
  ...inServer('records.ts', TESTS, [
    ['if (hashingKey !== undefined && hashingKey.length < KEY_BYTES_MIN)', 'if (false)'],
  ]),
  ...inServer('listen-options.ts', TESTS, [
    ['  if (outside) requireProtection(options, hasAuth, isRecorded);\n', ''],
    ["...(hasAuth ? [] : ['auth, so that callers are authenticated']),", ''],
    ["...(isRecorded ? [] : ['data or audit, so that records outlive the process']),", ''],
  ]),
  ...inServer('local-identity.ts', TESTS, [['isSame(Buffer.from(credentials.token), expected)', 'true']]),
  ...inServer('item.ts', TESTS, [
    ['if (!NAME.test(name)) throw', 'if (false) throw'],
    ['if (!checked.has(item)) throw', 'if (false) throw'],
    ['  Object.freeze(item);\n', ''],
  ]),
  ...inServer('tool.ts', TESTS, [
    ['if (!EFFECTS.includes(effect)) throw', 'if (false) throw'],
    ['  checkPermission(options.permission, what);\n', ''],
  ]),
  ...inServer('schema.ts', TESTS, [
    ["if (document['type'] !== 'object') throw", 'if (false) throw'],
    [
      'const document = closeObjects(documentOf(schema, side, what));',
      'const document = documentOf(schema, side, what);',
    ],
  ]),
  ...inServer('permission-policy.ts', TESTS, [
    ['return names.some((name) => holds(principal, name, roles));', 'return true;'],
    ['return holds(request.principal, needed, roles)', 'return true'],
  ]),
  ...inServer('uri-template.ts', TESTS, [['if (!PART.test(part)) return undefined;', '']]),
  ...inServer('serve/run-tool.ts', TESTS, [
    [
      "if (!(thrown instanceof ToolError)) throw new GuardError('internal', { cause: thrown });",
      'if (!(thrown instanceof ToolError)) throw thrown;',
    ],
    ['handlerCall(deps, run, input) as never), endOf(run)]', 'handlerCall(deps, run, input) as never)]'],
    ['if (parsed.faults !== undefined) throw new TypeError', 'if (false) throw new TypeError'],
  ]),
  ...inServer('lint/index.ts', ['lint/lint.test.ts'], [["whose === 'own' || !onlyOwn", 'true']]),
  ...inServer(
    'lint/rules/effect-matches-name.ts',
    ['lint/lint.test.ts'],
    [['if (reads && changes && !READING.has(verb))', 'if (false)']],
  ),
  ...inServer(
    'lint/rules/string-bounded.ts',
    ['lint/lint.test.ts'],
    [["isOfType(schema, 'string') && !isChoice(schema)", 'false']],
  ),
  ...inServer('serve/parsed-input.ts', TESTS, [['if (faults !== undefined)', 'if (false)']]),
  ...inServer('serve/waiting-runs.ts', TESTS, [['entry.run.round !== opened.round', 'false']]),
];
