/** Changes of the pipeline: who calls, for whom, what may be called, with what, how often, and what is recorded. */
import { changesIn, type Change } from './change.ts';

const inGuard = changesIn('packages/guard/src');
const inStages = changesIn('packages/guard/src/stages');
const TOKENS = [
  'authenticate/token-claims.test.ts',
  'authenticate/token-headers.test.ts',
  'authenticate/tokens.test.ts',
];

const DPOP = ['authenticate/dpop/dpop.test.ts'];
const PROVIDERS = ['authenticate/providers/providers.test.ts'];

const FORGED =
  "  if (permitted === undefined) throw new GuardError('internal', " +
  "{ cause: new Error('permit already spent or forged') });";

const pipeline: readonly Change[] = [
  ...inGuard(
    'guard.ts',
    ['test/faults/kills.test.ts'],
    [
      [
        "await stages.audit.append(trail.tenant?.id ?? '_', stages.recorder.intent(trail));",
        'void stages.recorder.intent(trail);',
      ],
    ],
  ),
  ...inGuard(
    'guard.ts',
    ['guard.test.ts'],
    [
      ["if (row.audit === 'intent and outcome') await recordIntent(stages, trail);", ''],
      [
        "if (row.audit === 'intent and outcome') await recordIntent",
        "if (row.audit === 'intent and outcome') void recordIntent",
      ],
      ['  await recordOutcome(stages, trail);\n', '  void recordOutcome(stages, trail);\n'],
      ['await stages.limit(identity, validated);', ''],
      ['trail.result = inspect(result);', 'trail.result = result;'],
      ['    trail.result = undefined;\n', '    return;\n'],
      [
        "throw new GuardError('audit_unavailable', { cause, retryAfterSeconds: 5 });\n  }\n  stages.observer",
        'void cause;\n  }\n  stages.observer',
      ],
      ['row === undefined || !row.eras.includes(call.origin.era)', 'row === undefined'],
      ['  chargeRefusal(stages, trail);\n', ''],
      [
        'const tenant = await stages.tenant(principal, call);',
        'const tenant = { id: principal.tenantClaim as never };',
      ],
    ],
  ),
  ...inGuard(
    'permit.ts',
    ['guard.test.ts', 'permit.test.ts'],
    [
      ['  unspent.delete(permit);\n', ''],
      [`${FORGED}\n  unspent`, '  if (permitted === undefined) return permit as never;\n  unspent'],
      [`${FORGED}\n  return {`, '  if (permitted === undefined) return permit as never;\n  return {'],
    ],
  ),
  ...inGuard(
    'seal.ts',
    ['seal.test.ts'],
    [
      ['if (secret.length < 32) throw', 'if (false) throw'],
      ["hkdfSync('sha256', secret, 'sallyport', purpose, 32)", "hkdfSync('sha256', secret, 'sallyport', '', 32)"],
      ['nonce).setAAD(Buffer.from(binding))', "nonce).setAAD(Buffer.from(''))"],
      ["|| raw.toString('base64url') !== sealed) return undefined;", ') return undefined;'],
      [
        'encrypt(keyFor(purpose), randomBytes(NONCE_BYTES), binding, plain)',
        'encrypt(keyFor(purpose), Buffer.alloc(NONCE_BYTES), binding, plain)',
      ],
    ],
  ),
  ...inGuard(
    'bounded-map.ts',
    ['bounded-map.test.ts'],
    [['if (this.size >= this.#entriesMax && !this.has(key)) {', 'if (false) {']],
  ),
  ...inGuard(
    'json/strict.ts',
    ['json/strict.test.ts'],
    [
      ["if (bytes.length > limits.bytesMax) throw new GuardError('payload_too_large');", ''],
      ["if (!isUtf8(buffer)) throw malformed('it is not UTF-8');", ''],
      ["if (countKeys(value, scan.escapes) !== scan.keys) throw malformed('an object has the same key twice');", ''],
      ['if (++scan.keys > limits.keysMax) throw', 'if (false) throw'],
      ['if (++depth > limits.depthMax) throw', 'if (++depth > Infinity) throw'],
      ['if (at - start > NUMBER_CHARACTERS_MAX)', 'if (false)'],
      ['if ((!plain || at - start > 15) && !isExactNumber(', 'if (false && !isExactNumber('],
      ["if (key === '__proto__') throw malformed('a key is __proto__');", ''],
      ["if (!text.isWellFormed()) throw malformed('a string has a lone surrogate');", ''],
      ["if (text.includes('\\0')) throw malformed('a string has a NUL character');", ''],
    ],
  ),
];

const identity: readonly Change[] = [
  ...inStages('authenticate/check-times.ts', TOKENS, [
    [
      "if (exp === undefined) throw refused('claims', {",
      "if (exp === undefined && nowMs < 0) throw refused('claims', {",
    ],
    ['if (exp + skew <= now)', 'if (false)'],
    ['if (nbf !== undefined && nbf - skew > now)', 'if (false as boolean && nbf !== undefined)'],
    ['if (iat !== undefined && iat - skew > now)', 'if (false as boolean && iat !== undefined)'],
    ['if (lifetime > issuer.lifetimeSecondsMax + skew)', 'if (false)'],
    ['Math.min(issuer.clockSkewSeconds, SKEW_SECONDS_MAX)', 'issuer.clockSkewSeconds'],
  ]),
  ...inStages('authenticate/check-audience.ts', TOKENS, [
    ['|| !aud.includes(issuer.audience))', ')'],
    ['if (issuer.multipleAudiences) return;', 'return;'],
  ]),
  ...inStages('authenticate/check-header.ts', TOKENS, [
    ['!ASYMMETRIC.test(alg) ||', ''],
    ['|| !issuer.algorithms.includes(alg)', ''],
    ["issuer.accessTokenProfile === 'rfc9068' ? !isAccessToken :", 'false ? !isAccessToken :'],
    ['typ !== undefined && NOT_ACCESS_TOKENS.test(typ)', 'false'],
  ]),
  ...inStages('authenticate/check-claims.ts', TOKENS, [['  checkAudience(payload, issuer);\n', '']]),
  ...inStages(
    'authenticate/introspection.ts',
    ['authenticate/introspection.test.ts'],
    [
      ['if ((inactive.get(fingerprint) ?? -Infinity) > nowMs())', 'if (false)'],
      ['if (asked.size >= QUESTIONS_MAX)', 'if (false)'],
      ['if (iss !== undefined && iss !== issuer)', 'if (false)'],
      ['!TYPES.includes(type.toLowerCase())', 'false'],
      ['    asked.set(fingerprint, answer);\n', ''],
    ],
  ),
  ...inStages('authenticate/access-token.ts', ['authenticate/introspection.test.ts'], [['&& !JWT.test(token)', '']]),
  ...inStages('authenticate/check-binding.ts', DPOP, [
    ['if (bound !== proven)', 'if (proven !== undefined && bound !== proven)'],
    ['if (bound !== proven)', 'if (bound !== undefined && bound !== proven)'],
    ['bound === undefined && issuer.senderConstrained', 'false'],
    ['Object.keys(cnf).length === 1', 'true'],
    ["if (credentials.kind === 'dpop' && !credentials.isFirstUse()) throw", 'if (false) throw'],
  ]),
  ...inStages('authenticate/dpop/proof.ts', DPOP, [
    ["if (typ !== 'dpop+jwt')", 'if (false)'],
    ["String(jwk['n'] ?? '').length > MODULUS_CHARACTERS_MAX ||", ''],
    ['PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))', 'false'],
    ['    await compactVerify(text, key, { algorithms: [alg] });\n', ''],
    ['if (htm !== request.method)', 'if (false)'],
    ['!isSameEndpoint(htu, request.url)', 'false'],
    ["if (ath !== hash('sha256', request.token, 'base64url'))", 'if (false)'],
    ['!(Math.abs(nowMs / 1000 - iat) <= PROOF_AGE_SECONDS_MAX)', 'false'],
    ['jti.length > JTI_CHARACTERS_MAX', 'false'],
    ['if (text.length > PROOF_CHARACTERS_MAX)', 'if (false)'],
    ["search + fragment + username + password === ''", 'true'],
  ]),
  ...inStages('authenticate/dpop/read.ts', DPOP, [
    ['(first ??= replays.use(keyThumbprint, jti))', 'replays.use(keyThumbprint, jti)'],
    ['text === undefined || another !== undefined', 'text === undefined'],
    ['nonce === undefined ? needsNonce() : !nonces.isFresh(nonce)', 'needsNonce() && !nonces.isFresh(String(nonce))'],
    ['nonce === undefined ? needsNonce()', 'nonce === undefined ? false'],
    ['if (given.length !== expected.length || !timingSafeEqual(given, expected))', 'if (false)'],
  ]),
  ...inStages('authenticate/dpop/nonces.ts', DPOP, [
    ['!timingSafeEqual(given, expected)', 'false'],
    ['ageMs < NONCE_MS', 'true'],
  ]),
  ...inStages('authenticate/dpop/replays.ts', DPOP, [
    ['used.size >= PROOFS_PER_KEY_MAX', 'false'],
    ['if (known === undefined && keys.size >= KEYS_MAX) return false;', ''],
    ['if (known === undefined && keys.size >= KEYS_MAX) forgetIdleKeys();', ''],
  ]),
  ...inStages('authenticate/access-token.ts', TOKENS, [['  checkAccessToken(jwt.payload, issuer);\n', '']]),
  ...inStages('authenticate/check-access-token.ts', TOKENS, [
    ['if (missing === undefined) return;', 'return;'],
    ["const REQUIRED = ['sub', 'client_id', 'iat', 'jti'];", "const REQUIRED = ['sub', 'client_id', 'iat'];"],
  ]),
  ...inStages('authenticate/check-access-token.ts', PROVIDERS, [
    ["if (of !== undefined) throw refused('type', { of });", ''],
  ]),
  ...inStages('authenticate/providers/keycloak.ts', PROVIDERS, [
    ["typ === 'Bearer'", 'true'],
    ["audiencesBeside: () => ['account']", 'audiencesBeside: () => []'],
  ]),
  ...inStages('authenticate/providers/entra.ts', PROVIDERS, [
    ["if (ver !== '2.0')", 'if (false)'],
    ["if (typeof azp !== 'string')", 'if (false)'],
    ["subject: 'oid', tenant", 'tenant'],
  ]),
  ...inStages('authenticate/providers/okta.ts', PROVIDERS, [
    ["if (typeof cid !== 'string')", 'if (false)'],
    ["idTokenSubject: 'sub'", "idTokenSubject: 'uid'"],
  ]),
  ...inStages('authenticate/providers/auth0.ts', PROVIDERS, [["if (typeof client !== 'string')", 'if (false)']]),
  ...inStages('authenticate/providers/google.ts', PROVIDERS, [['if (nonce !== undefined)', 'if (false)']]),
  ...inStages('authenticate/subject.ts', PROVIDERS, [
    ['sub === agent.clientId', 'true'],
    ['isPreset ? provider.idTokenSubject : issuer.claims.subject', "'sub'"],
    [' && Buffer.byteLength(JSON.stringify(value)) <= SUBJECT_BYTES_MAX', ''],
  ]),
  ...inStages('authenticate/check-agent.ts', TOKENS, [
    ['|| !issuer.allowedClients.includes(claimed)', ''],
    ['|| actors.length === ACTORS_MAX', ''],
  ]),
  ...inStages('authenticate/check-scopes.ts', TOKENS, [
    ['if (!issuer.requiredScopes.every((needed) => scopes.includes(needed))) {', 'if (false) {'],
    ["typeof claim === 'string' || provider !== 'generic'", 'true'],
    ["typeof one === 'string' && SCOPE.test(one)", "typeof one === 'string'"],
  ]),
  ...inStages('authenticate/compact-jwt.ts', TOKENS, [
    ["if (!parts.every(isCanonical)) throw refused('malformed');", ''],
    ["if (FORBIDDEN.some((name) => Object.hasOwn(jwt.header, name))) throw refused('header');", ''],
    ['depthMax: 8, keysMax: 256', 'depthMax: 8_000, keysMax: 256_000'],
  ]),
  ...inStages(
    'authenticate/access-token.ts',
    ['authenticate/tokens.test.ts'],
    [
      ['known.validUntilMs > clock.now() && issuers()', 'issuers()'],
      ['&& issuers().includes(known.issuer);', ';'],
      ['!isKnown || known.rememberedUntilMs <= performance.now()', '!isKnown'],
      ['TOKEN_REMEMBERED_MS = 60_000', 'TOKEN_REMEMBERED_MS = 60_000_000'],
      ['await checkSignature(token, jwt, issuer, keys);', ''],
    ],
  ),
  ...inStages(
    'authenticate/api-key.ts',
    ['authenticate/api-keys.test.ts'],
    [
      ['!matches || ', ''],
      ['|| key.revokedAtMs !== undefined', ''],
      ["if ((key.expiresAtMs ?? Infinity) <= clock.now()) throw refused('api_key');", ''],
      ['API_KEY_REMEMBERED_MS = 2_000', 'API_KEY_REMEMBERED_MS = 2_000_000'],
      ['known.validUntilMs <= clock.now() || ', ''],
      [' || known.rememberedUntilMs <= performance.now()', ''],
    ],
  ),
  ...inStages(
    'authenticate/authorization-header.ts',
    ['authenticate/tokens.test.ts', 'authenticate/authorization-header.test.ts'],
    [
      ['if (values.length > 1) return', 'if (false) return'],
      ['if (value.length > TOKEN_MAX) return', 'if (false) return'],
    ],
  ),
  ...inStages(
    'authenticate/principal-key.ts',
    ['authenticate/principals.test.ts'],
    [
      ['user.subject, tenant ?? null, agent', 'user.subject, agent'],
      ['[user.issuer, user.subject,', '[user.subject,'],
      [', ...agent.actors]', ']'],
    ],
  ),
  ...inStages(
    'tenant/check-session.ts',
    ['tenant/tenant.test.ts'],
    [
      ['session.issuer !== user.issuer ||', ''],
      ['session.subject !== user.subject ||', ''],
      ['|| session.tenant !== tenant.id', ''],
    ],
  ),
  ...inStages(
    'tenant/index.ts',
    ['tenant/tenant.test.ts'],
    [
      ['|| claim === GATEWAY_TENANT', ''],
      [
        "      if (tenant === undefined) throw new GuardError('unknown_tenant');\n",
        '      if (tenant === undefined) return { id: claim as never };\n',
      ],
      ['      checkSession(call.session, principal, tenant);\n', ''],
    ],
  ),
  ...inStages('tenant/index.ts', ['tenant/tenant.test.ts'], [['      refusals.check({ principal, tenant });\n', '']]),
];

const shares: readonly Change[] = [
  ...inGuard(
    'fair-shares.ts',
    ['fair-shares.test.ts'],
    [
      ["if (free < 0) return 'gateway';", ''],
      ["if (ofTenant > 0 && freeToTenant < 0) return 'tenant';", ''],
      ["return ofUser > 0 && ofUser + amount > freeToTenant ? 'user' : undefined;", 'return undefined;'],
      ['TENANT_FACTOR = 2', 'TENANT_FACTOR = 2_000'],
      ['    if (isHeld) shares.release(holder);', '    shares.release(holder);'],
      ['[issuer, subject, tenant]', '[issuer, subject]'],
    ],
  ),
];

const records: readonly Change[] = [
  ...inGuard(
    'audit/redact.ts',
    ['audit/redact.test.ts'],
    [
      ['? value : describe(tenant, value)', '? value : value'],
      ['const key = keyOf(tenant);', "const key = keyOf('');"],
      ['        pattern.length === 3 &&\n', ''],
      ['if (value === undefined || !declared.has(name)) continue;', 'if (value === undefined) continue;'],
    ],
  ),
  ...inGuard(
    'audit/recorder.ts',
    ['audit/recorder.test.ts', 'audit/record.test.ts'],
    [
      ["hash('sha256', session.id, 'hex').slice(0, 32)", 'session.id'],
      ['hashed(target.name)', 'target.name'],
    ],
  ),
  ...inGuard(
    'audit/checkpoint.ts',
    ['audit/checkpoint.test.ts'],
    [
      ['    line.startsWith(`— ${name} `) &&\n', ''],
      ['    verify(null, Buffer.from(text), key, raw.subarray(4))\n', '    true\n'],
      ['origin !== verifier.name ||', ''],
      ["|| rootHash.toString('base64') !== root", ''],
      ["if (origin === '' || /[\\s+]/.test(origin))", 'if (false)'],
    ],
  ),
  ...inGuard(
    'audit/verifier-key.ts',
    ['audit/checkpoint.test.ts'],
    [
      ['!isOfKind || !keyIdOf(name, raw).equals(id)', '!isOfKind'],
      ['!isOfKind || !keyIdOf(name, raw).equals(id)', '!keyIdOf(name, raw).equals(id)'],
    ],
  ),
  ...inGuard(
    'audit/tree.ts',
    ['audit/tree.test.ts'],
    [['if (first === size) return proof.length === 0 && firstRoot.equals(root);', 'if (first === size) return true;']],
  ),
];

export const guard: readonly Change[] = [...pipeline, ...identity, ...shares, ...records];
