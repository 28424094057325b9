/** Changes of the store, the keys of issuers, policies, the log of the process, metrics and the demo sign-in. */
import { changesIn, type Change } from './change.ts';

const inAdapters = changesIn('packages/gateway/src/adapters');
const inServer = changesIn('packages/server/src');
const SIGN_IN = ['test/sign-in/refusals.test.ts', 'test/sign-in/flow.test.ts', 'test/sign-in/sign-in-page.test.ts'];
const STORES = ['sqlite/sqlite.test.ts', 'test/contracts/sqlite.test.ts'];

const store: readonly Change[] = [
  ...inAdapters(
    'sqlite/open-file.ts',
    ['sqlite/durable.test.ts', 'sqlite/sqlite.test.ts'],
    [
      ['PRAGMA synchronous = FULL', 'PRAGMA synchronous = OFF'],
      ['    makePrivateDatabase(file);\n', ''],
      ["'PRAGMA journal_mode = WAL'", "'PRAGMA journal_mode = MEMORY'"],
      ['PRAGMA busy_timeout = ${BUSY_MS_MAX};', 'PRAGMA busy_timeout = 0;'],
    ],
  ),
  ...inAdapters(
    'sqlite/store.ts',
    ['sqlite/locked.test.ts'],
    [["database.exec('PRAGMA busy_timeout = 0');", "database.exec('PRAGMA busy_timeout = 300');"]],
  ),
  ...inAdapters(
    'sqlite/product.ts',
    ['sqlite/locked.test.ts'],
    [["database.exec('PRAGMA busy_timeout = 0');", "database.exec('PRAGMA busy_timeout = 300');"]],
  ),
  ...inAdapters('sqlite/pins.ts', STORES, [
    [
      'ON CONFLICT (server, kind, name) DO NOTHING',
      'ON CONFLICT (server, kind, name) DO UPDATE SET digest = excluded.digest',
    ],
    [
      'for (const change of changes) if (applyChange(change)) raiseVersion.run();',
      'for (const change of changes) applyChange(change);',
    ],
    ["    database.exec('ROLLBACK');\n", "    database.exec('COMMIT');\n"],
    ['if (addPin.run(...columnsOf(change.pin)).changes === 0) return false;', 'addPin.run(...columnsOf(change.pin));'],
    ['removeApproved.run(change.pin.server, change.pin.kind, change.pin.name, change.pin.digest);', ''],
  ]),
  ...inAdapters('sqlite/sessions.ts', STORES, [
    ['    insert.run(id, expiresAtMs);\n', ''],
    ['ended: (id) => ended.has(id)', 'ended: () => false'],
    ['  purge.run(clock.now());\n', ''],
    ['    purge.run(nowMs);\n', ''],
  ]),
  ...inAdapters('sqlite/keys.ts', STORES, [['revokedAtMs: row.revoked_at ?? undefined', 'revokedAtMs: undefined']]),
  ...inAdapters(
    'sqlite/migrations.ts',
    ['sqlite/sqlite.test.ts'],
    [['if (version > MIGRATIONS.length)', 'if (false)']],
  ),
  ...inAdapters(
    'kysely/approval-changes.ts',
    ['test/contracts/sqlite.test.ts'],
    [
      [".where('version', '=', filed.version - 1)", ''],
      [".where('reminded', '=', 0)", ''],
    ],
  ),
  ...inAdapters(
    'kysely/approval-filing.ts',
    ['test/contracts/sqlite.test.ts'],
    [
      ["if (open.equal > 0) return 'exists';", ''],
      ["if (lately.denied >= limits.denialsMax) return 'denied_often';", ''],
      ["if (lately.withdrawn >= limits.pendingMax) return 'withdrawn_often';", ''],
      ['open.of_user >= limits.pendingMax || ', ''],
      [' || open.of_agent >= limits.agentPendingMax', ''],
      ['usedUpBy(held, bytesOf(sent), KEPT_BYTES_MAX) === undefined', 'true'],
      ['  await forgetEnded(transaction, filed);\n', ''],
    ],
  ),
  ...inAdapters(
    'kysely/approval-conditions.ts',
    ['test/contracts/sqlite.test.ts'],
    [
      ["where('expires_at', '<=', nowMs)", "where('expires_at', '<', nowMs)"],
      [", where('created_at', '>', nowMs + CLOCK_SKEW_MS)", ''],
    ],
  ),
  ...inAdapters(
    'kysely/approvals.ts',
    ['test/contracts/sqlite.test.ts'],
    [["        .where('tenant', '=', quoted(tenant))\n        .executeTakeFirst();", '        .executeTakeFirst();']],
  ),
  ...inAdapters(
    'kysely/migrations.ts',
    ['test/contracts/sqlite.test.ts'],
    [['if (version > MIGRATIONS.length)', 'if (false)']],
  ),
];

const issuers: readonly Change[] = [
  ...inServer(
    'jwks/fetch-json.ts',
    ['jwks/jwks.test.ts', 'jwks/addresses.test.ts'],
    [
      ['&& isLoopback(url.hostname) && isIssuerHost))', '))'],
      ["if (url.username !== '' || url.password !== '') throw", 'if (false) throw'],
      ['if (received.length + chunk.length > BYTES_MAX) throw', 'if (false) throw'],
      ["|| headers['content-encoding'] !== undefined", ''],
      ['statusCode !== 200 ||', ''],
      ['return isIssuerHost ? namedAgent : publicAgent;', 'return namedAgent;'],
      ['BYTES_MAX = 256 * 1024', 'BYTES_MAX = 256 * 1024 * 1024'],
      ['    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),\n', ''],
    ],
  ),
  ...inServer(
    'jwks/discover.ts',
    ['jwks/jwks.test.ts'],
    [['document?.issuer === issuer && typeof document.jwks_uri', 'typeof document?.jwks_uri']],
  ),
  ...inServer(
    'jwks/keys.ts',
    ['jwks/jwks.test.ts', 'jwks/addresses.test.ts'],
    [
      ["if (isOlder(state, KEYS_STALE_MS)) throw new Error('the keys of the issuer are not available');", ''],
      ['deps.clock.now() - state.triedAtMs < KEYS_COOLDOWN_MS', 'false'],
      ['state.fetching ??= fetchKeys', 'state.fetching = fetchKeys'],
      ['KEYS_STALE_MS = 60 * 60_000', 'KEYS_STALE_MS = 60 * 60_000_000'],
      ['KEYS_FRESH_MS = 10 * 60_000', 'KEYS_FRESH_MS = 10 * 60_000_000'],
      ['|| keys.length > KEYS_MAX', ''],
      ['      key.d === undefined &&\n', ''],
      ["(key.use === undefined || key.use === 'sig')", 'true'],
    ],
  ),
];

const process: readonly Change[] = [
  ...inAdapters(
    'cedar/load.ts',
    ['cedar/check.test.ts', 'cedar/oracle-expressions.test.ts'],
    [
      ['if (findings.length > 0) throw new PolicyLoadError(findings);', ''],
      ['if (rounded !== undefined)', 'if (false)'],
      ['if (duplicate !== undefined) {', 'if (false) {'],
      ['JSON.stringify([basename(file), text])', 'JSON.stringify([basename(file)])'],
    ],
  ),
  ...inAdapters(
    'pino/redact.ts',
    ['pino/logger.test.ts'],
    [
      ['if (depth >= DEPTH_MAX) return', 'if (false) return'],
      ['const isSecret = SECRET_NAME.test(name) &&', 'const isSecret = false &&'],
      ['    clean = hideSecrets(clean, secrets());\n', ''],
      ['value.slice(0, MEMBERS_MAX)', 'value'],
      ['Object.keys(object).slice(0, MEMBERS_MAX)', 'Object.keys(object)'],
      ['clean.length > TEXT_CHARACTERS_MAX', 'clean.length > Infinity'],
      ['(character) => `\\\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`', '(character) => character'],
    ],
  ),
  ...inAdapters(
    'prometheus/bounded-labels.ts',
    ['prometheus/metrics.test.ts'],
    [
      ['servers.has(endpoint.slice(5)) ? endpoint : OTHER', 'endpoint'],
      ['tenants.has(tenant) ? tenant : OTHER', 'tenant'],
      ['isMethod(method) || HTTP_METHODS.has(method) ? method : OTHER', 'method'],
    ],
  ),
  ...inAdapters(
    'prometheus/series.ts',
    ['prometheus/metrics.test.ts'],
    [['count >= (shape.childrenMax ?? CHILDREN_MAX) ? overflow : values', 'values']],
  ),
];

const signIn: readonly Change[] = [
  ...inAdapters('oidc-provider/login.ts', SIGN_IN, [
    ["if (interaction.uid !== uid) throw new Error('the cookie belongs to another interaction');", ''],
    ['request.headers.origin !== origin ||', ''],
    ["|| !isSame(fields.get('token') ?? '', form.token)", ''],
    ['if (form.attempts > ATTEMPTS_MAX)', 'if (false)'],
    ['user === undefined || !isRight', 'user === undefined'],
    ['body.length + chunk.length > BODY_BYTES_MAX', 'false'],
  ]),
  ...inAdapters('oidc-provider/registration.ts', SIGN_IN, [
    ["if (parsed?.protocol === 'http:' && !LOOPBACK.has(parsed.hostname))", 'if (false)'],
    ["if (parsed !== null && (parsed.username !== '' || parsed.password !== ''))", 'if (false)'],
    ['if (!ACCEPTED_MEMBERS.has(key)) delete metadata[key];', ''],
  ]),
  ...inAdapters('oidc-provider/server.ts', SIGN_IN, [
    ['pkce: { required: () => true }', 'pkce: { required: () => false }'],
    ['      request.headers.host = host;\n', ''],
    ['if (indicator !== resource && !indicator.startsWith(`${resource}/`)) throw', 'if (false) throw'],
    ['(ctx: KoaContextWithOIDC) => ctx.oidc.result?.consent === undefined', '(_ctx: KoaContextWithOIDC) => false'],
  ]),
  ...inAdapters(
    'oidc-provider/rows.ts',
    ['oidc-provider/rows.test.ts'],
    [
      ["AND json_extract(payload, '$.consumed') IS NULL", ''],
      ['if (grantId !== undefined) await whenFree(() => endGrant.run(grantId, grantId));', ''],
      ["if (kind === 'Client') keepNewest.run();", ''],
      ['row.expires_at < seconds()', 'false'],
    ],
  ),
  ...inAdapters('oidc-provider/page.ts', SIGN_IN, [
    ['    .replace(/[&<>"\']/g, (character) => ESCAPES[character] ?? character);', '    .toString();'],
    ['escapeHtml(destination(redirectUri))', 'destination(redirectUri)'],
  ]),
];

export const adapters: readonly Change[] = [...store, ...issuers, ...process, ...signIn];
