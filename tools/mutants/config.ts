/** Changes of what a configuration may say, what it becomes, and which settings are in force when. */
import { changesIn, type Change } from './change.ts';

const inConfig = changesIn('packages/gateway/src/config');
const inGateway = changesIn('packages/gateway/src');
const ERRORS = [
  'refusals.test.ts',
  'errors.test.ts',
  'weakenings.test.ts',
  'secrets.test.ts',
  'loopback.test.ts',
  'certificates.test.ts',
];

export const config: readonly Change[] = [
  ...inConfig(
    'build.ts',
    [...ERRORS, 'defaults.test.ts'],
    [
      ['  checkTenants(input);\n', ''],
      ['  checkLimits(input);\n', ''],
      ['  checkAudit(input);\n', ''],
      ['  checkDemo(input, gateway.listen.host);\n', ''],
      ['limits: withUserLimit(config.limits, config.gateway.userLimit)', 'limits: config.limits'],
      ['  return deepFreeze({', '  return ({'],
      ['seen.get(tenant.toLowerCase())', 'seen.get(tenant)'],
      ["if (field.startsWith('*'))", 'if (false)'],
      ['if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)', 'if (false)'],
    ],
  ),
  ...inConfig('identity.ts', ERRORS, [
    ['if (seen.has(issuer)) input', 'if (false) input'],
    ["  requireHttps(input, [...path, 'issuer'], issuer.issuer);\n", ''],
    ["if (issuer.jwksUri !== undefined) requireHttps(input, [...path, 'jwksUri'], issuer.jwksUri);", ''],
    ['if (issuer.clockSkew > 60_000) report', 'if (false) report'],
    ['if (issuer.multipleAudiences)', 'if (false)'],
    ["if (issuer.accessTokenProfile === 'any-jwt')", 'if (false)'],
    ['if (issuer.maxTokenLifetime > DAY_SECONDS * 1000)', 'if (false)'],
    ["url.username !== '' || url.hash !== ''", 'false'],
    ['if (issuers.length === 0 && !apiKeys)', 'if (false)'],
  ]),
  ...inConfig('listeners.ts', ERRORS, [
    ['if (outside && tls === undefined && !behindTlsProxy) {', 'if (false) {'],
    ['if (behindTlsProxy && tls === undefined && outside)', 'if (false)'],
    ["if (name === 'admin' && outside && tls?.clientCa === undefined) {", 'if (false) {'],
    ['cert !== undefined && key !== undefined && !cert.checkPrivateKey(key)', 'false'],
    ['if (gateway.maxTenantBytes < gateway.maxBody)', 'if (false)'],
    ["if (url.protocol === 'http:' && !isLoopback(url.hostname))", 'if (false)'],
    ['  if (!valid)\n', '  if (false)\n'],
    ['if (!URL.canParse(origin) || new URL(origin).origin !== origin) {', 'if (false) {'],
    ["url.origin !== configured.replace(/\\/$/, '').toLowerCase()", 'false'],
  ]),
  ...inConfig(
    'servers.ts',
    [...ERRORS, 'defaults.test.ts'],
    [
      ['if (server.links.maxPerPrincipal > server.links.max) {', 'if (false) {'],
      ["if (pin === 'first_use')", 'if (false)'],
      ["if (server.additionalArguments === 'allow')", 'if (false)'],
      ["if (server.plainHttp === 'allow') report", 'if (false) report'],
      ['if (on) report.weaken', 'if (false) report.weaken'],
      ["url.protocol !== 'https:' && url.protocol !== 'http:'", 'false'],
      ["else if (url.username !== '' || url.password !== '')", 'else if (false)'],
      ["&& plainHttp !== 'allow') {", '&& false) {'],
      ['if (RESERVED_HEADER.test(header))', 'if (false)'],
      ["if (looksSecret('', argument)) {", 'if (false) {'],
      ['if (looksSecret(name, value))', 'if (false)'],
      ['if (reader === undefined || second !== undefined) {', 'if (reader === undefined) {'],
      ['for (const unpinned of unpinnedPackages(command, args))', 'for (const unpinned of [])'],
      ['if (LOADS_CODE.test(variable)) {', 'if (false) {'],
    ],
  ),
  ...inConfig(
    'secrets.ts',
    ['secrets.test.ts', 'sealing-key.test.ts'],
    [
      ["if (isExample(text) || isExample(unit)) return 'is a default or example value';", ''],
      ["if (new Set(bytes).size < Math.min(4, bytes.length)) return 'repeats a few characters';", ''],
      ['if (bytes.length < bytesMin) return', 'if (false) return'],
      ['/[\\0\\r\\n]/.test(value) ? {', 'false ? {'],
      ["if (text === '') return 'is empty';", ''],
    ],
  ),
  ...inConfig(
    'sealing-key.ts',
    ['sealing-key.test.ts'],
    [
      ["process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0", 'false'],
      ['    weakness(key, KEY_BYTES_MIN) ??\n', ''],
      ["openSync(fresh, 'wx', 0o600)", "openSync(fresh, 'wx', 0o644)"],
    ],
  ),
  ...inConfig(
    'positions.ts',
    ['errors.test.ts', 'refusals.test.ts'],
    [
      ["if (isScalar(node) && node.value === '__proto__' && key === 'key')", 'if (false)'],
      ['      if (isAlias(node))\n', '      if (false)\n'],
      ['uniqueKeys: true', 'uniqueKeys: false'],
      ["node.value.includes('${')", 'false'],
    ],
  ),
  ...inConfig('find-file.ts', ['find-file.test.ts'], [['user === own || user === 0', 'true']]),
  ...inConfig(
    'argument-secrets.ts',
    ['packages/gateway/src/cli/check-settings.test.ts'],
    [
      ['looksSecret(option, value) &&', 'false &&'],
      ["new URL(text).password !== ''", 'false'],
    ],
  ),
  ...inGateway(
    'gateway-control.ts',
    ['test/e2e/channels.test.ts'],
    [
      ['  setSecurityHeaders(request, response);\n', ''],
      ['limit(request).then(', 'Promise.resolve().then('],
    ],
  ),
  ...inGateway('control/approvals/decide.ts', ['test/e2e/approvals.test.ts'], [['    idempotent: true,\n', '']]),
  ...inGateway(
    'cli/check-approvers.ts',
    ['cli/check-settings.test.ts'],
    [
      ['subjects.size >= required', 'true'],
      [
        'revokedAtMs === undefined && expiresAtMs > nowMs && scopes.some((scope) => scope.startsWith(CONTROL_SCOPE))',
        'true',
      ],
    ],
  ),
  ...inGateway(
    'cli/clients/import-server.ts',
    ['cli/import.test.ts'],
    [
      ['if (!looksSecret(key, whole)) return whole;', 'return whole;'],
      ['if (secretAt !== undefined)', 'if (false)'],
      ['if (client.isDisabled) return', 'if (false) return'],
    ],
  ),
  ...inGateway(
    'cli/clients/client-file.ts',
    ['cli/connect.test.ts'],
    [['isUndo || existsSync(backup) ? undefined : backup', 'undefined']],
  ),
  ...inGateway(
    'cli/clients/edit-toml.ts',
    ['cli/connect.test.ts'],
    [['if (!isDeepStrictEqual(withoutServer(documentOf(changed), name), withoutServer(before, name)))', 'if (false)']],
  ),
  ...inGateway('cli/clients/entry.ts', ['cli/connect.test.ts'], [['{ mode: 0o600 }', '{}']]),
  ...inConfig('token-file.ts', ['packages/gateway/src/cli/connect.test.ts'], [['(mode & OTHERS) !== 0', 'false']]),
  ...inConfig(
    'passed-environment.ts',
    ['passed-environment.test.ts'],
    [
      ['(named === undefined && hasCredentials(value))', 'false'],
      ["if (looksSecret(name, ''))", 'if (false)'],
      ['if (LOADS_CODE.test(name))', 'if (false)'],
    ],
  ),
  ...inGateway('cli/init.ts', ['cli/import.test.ts'], [[', 0o600);', ');']]),
  ...inGateway('cli/parse-pairs.ts', ['cli/add.test.ts'], [['if (looksSecret(name, text))', 'if (false)']]),
  ...inGateway(
    'cli/add.ts',
    ['cli/add.test.ts'],
    [
      ['if (probed.failure !== undefined)', 'if (false)'],
      ['approves: approves === true && waiting.length > 0', 'approves: true'],
    ],
  ),
  ...inGateway(
    'cli/first-policy.ts',
    ['cli/add.test.ts'],
    [["['readOnlyHint'] === true", "['readOnlyHint'] !== false"]],
  ),
  ...inGateway(
    'cli/configuration.ts',
    ['cli/no-configuration.test.ts'],
    [
      [
        'if (found === undefined) throw new Error(noConfiguration(process.cwd()));',
        "if (found === undefined) return '/dev/null';",
      ],
    ],
  ),
  ...inConfig(
    'follow.ts',
    ['refusals.test.ts', 'follow.test.ts'],
    [
      ["if (lastRead?.trim() === '') return", 'if (false) return'],
      ['CONFIG_POLL_MS = 1_000', 'CONFIG_POLL_MS = 1_000_000'],
    ],
  ),
  ...inConfig(
    'schema.ts',
    ['packages/gateway/src/config/shipped-bounds.test.ts'],
    [
      ["maxBody: sizeInMemory.prefault('4Mi')", "maxBody: sizeInMemory.prefault('256Mi')"],
      ["prefault('16Mi')", "prefault('16Gi')"],
      ["prefault('128Mi')", "prefault('128Gi')"],
      [".default(64).describe('Deepest", ".default(512).describe('Deepest"],
      ['default(10_000)', 'default(1_000_000)'],
      ['default(16)', 'default(10_000)'],
      ["timerDuration.prefault('5m').describe('After", "timerDuration.prefault('20d').describe('After"],
      [
        "duration.prefault('24h').describe('How long a session",
        "duration.prefault('24000h').describe('How long a session",
      ],
      ["prefault('6000/min')", "prefault('6000000/min')"],
      ["prefault('1200/min')", "prefault('1200000/min')"],
      ["prefault('120/min')", "prefault('120000/min')"],
      ["clockSkew: duration.prefault('30s')", "clockSkew: duration.prefault('60s')"],
      ["maxTokenLifetime: duration.prefault('24h')", "maxTokenLifetime: duration.prefault('24000h')"],
      ["default(['RS256', 'PS256', 'ES256', 'EdDSA'])", "default(['RS256', 'PS256', 'ES256', 'EdDSA', 'RS512'])"],
      [
        "timeout: timerDuration.prefault('60s').describe('Longest",
        "timeout: timerDuration.prefault('20d').describe('Longest",
      ],
      ["default(64).describe('Upstream", "default(10_000).describe('Upstream"],
      ['default(8)', 'default(1000)'],
      ["maxResult: sizeInMemory.prefault('4Mi')", "maxResult: sizeInMemory.prefault('256Mi')"],
      ["default: '100/min per user per tool'", "default: '100000/min per user per tool'"],
    ],
  ),
  ...inConfig('values.ts', ['shipped-bounds.test.ts'], [['bytes <= 256 * 1024 ** 2', 'bytes <= 256 * 1024 ** 3']]),
  ...inConfig(
    'approvals.ts',
    ['errors.test.ts', 'refusals.test.ts'],
    [
      ["if (server !== '*' && !servers.includes(server)) report", 'if (false) report'],
      ['if (fault !== undefined) report', 'if (false) report'],
    ],
  ),
  ...inConfig(
    'approvals.ts',
    ['approvals.test.ts', 'weakenings.test.ts', 'errors.test.ts'],
    [
      ['if (isAmbiguousUser(selector, ', 'if (false && isAmbiguousUser(selector, '],
      ['if (isUnknownIssuer(selector, ', 'if (false && isUnknownIssuer(selector, '],
      ["if (destructive === 'ask') built", 'if (false) built'],
      ['    report.weaken(`${source}: calls', '    void (`${source}: calls'],
    ],
  ),
  ...inConfig('approvals-schema.ts', ['shipped-bounds.test.ts'], [[".prefault('10m')", ".prefault('10000m')"]]),
  ...inGateway(
    'config.ts',
    ['config.test.ts'],
    [["['PATH', 'HOME', 'LANG', 'TMPDIR', 'SYSTEMROOT'].flatMap", 'Object.keys(environment).flatMap']],
  ),
];

const RELOAD = ['test/e2e/settings-in-force.test.ts'];
const HELD = '  const held = resources.settings.current();\n  const settings = { current: () => held };\n';

export const settings: readonly Change[] = [
  ...inGateway('gateway.ts', RELOAD, [
    [
      '  const snapshot = (): Snapshot => settings.current().snapshot;\n',
      '  const held = settings.current().snapshot;\n  const snapshot = (): Snapshot => held;\n',
    ],
    [
      'const server = (name: string): ServerSettings | undefined => settings.current().servers.get(name);',
      'const heldServers = settings.current().servers;\n  const server = (name: string) => heldServers.get(name);',
    ],
    [
      'policy: () => settings.current().policies.engine,\n      limiter',
      'policy: ((held) => () => held)(settings.current().policies.engine),\n      limiter',
    ],
    [
      "const issuers = (): Snapshot['identity']['issuers'] => settings.current().snapshot.identity.issuers;",
      'const issuers = ((held) => () => held)(settings.current().snapshot.identity.issuers);',
    ],
    [
      '    servers: () => settings.current().snapshot.servers,',
      '    servers: ((held) => () => held)(settings.current().snapshot.servers),',
    ],
    [
      '  const { activity, strangers, clock, steadyClock, log, metrics, settings, approvals } = resources;\n',
      `  const { activity, strangers, clock, steadyClock, log, metrics, approvals } = resources;\n${HELD}`,
    ],
  ]),
  ...inGateway(
    'active-settings.ts',
    [...RELOAD, 'test/attacks/revoked.test.ts'],
    [
      [
        'active = activate(next, loadPolicies(next.policies.cedar, clock));',
        'active = activate(next, active.policies);',
      ],
      ['active = activate(active.snapshot, policies);', 'void policies;'],
    ],
  ),
  ...inGateway(
    'reload.ts',
    ['test/e2e/reload.test.ts', 'test/attacks/revoked.test.ts'],
    [
      ["  await recordSettings('gateway.reload', settings.current(), audit, clock, log);\n", ''],
      ['      settings.replacePolicies(loaded);\n', ''],
      ['POLICY_POLL_MS = 1_000;', 'POLICY_POLL_MS = 1_000_000;'],
    ],
  ),
  ...inGateway(
    'config/restart.ts',
    ['config/restart.test.ts'],
    [
      ["  'audit.folder': ({ audit }) => audit.folder,\n", ''],
      ["  'gateway.tls': ({ gateway }) => gateway.listen.tls,\n", ''],
    ],
  ),
  ...inGateway(
    'refused-strangers.ts',
    ['refused-strangers.test.ts'],
    [
      ['if (interval.inFull < RECORDS_IN_FULL_MAX) {', 'if (true) {'],
      ['else if (interval.groups.size < GROUPS_MAX) interval', 'else interval'],
      ['if (interval.counted > 0) await write(summaryOf(interval, clock.now()));', ''],
      ['      await sumUp();\n    },', '    },'],
      ["if (status !== 'refused' || domain === GATEWAY_ISSUER) return undefined;", ''],
      ['RECORDS_IN_FULL_MAX = 10', 'RECORDS_IN_FULL_MAX = 10_000'],
      ['GROUPS_MAX = 100', 'GROUPS_MAX = 100_000'],
    ],
  ),
  ...inConfig(
    'database.ts',
    ['database.test.ts'],
    [
      ["if (!isReference && url.password !== '')", 'if (false)'],
      ['if (unknown !== undefined)', 'if (false)'],
      ['if (sslmode !== undefined && !TLS_MODES.includes(sslmode))', 'if (false)'],
      ["if (!isLocal) report.weaken('database: it is reached without TLS (plaintext: allow)');", ''],
      [
        'if (isLocal && ca === undefined && sslmode === undefined) return undefined;',
        'if (ca === undefined) return undefined;',
      ],
    ],
  ),
];
