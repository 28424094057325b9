/** Changes of the endpoints for operators, and of the messages of the protocol that every part reads. */
import { changesIn, type Change } from './change.ts';

const inControl = changesIn('packages/gateway/src/control');
const inServer = changesIn('packages/server/src');
const inMcp = changesIn('packages/server/src/mcp');
const inChannels = changesIn('packages/gateway/src/channels');
const inAdapters = changesIn('packages/gateway/src/adapters');

const channels: readonly Change[] = [
  ...inServer(
    'listen/raw-body.ts',
    ['packages/gateway/src/adapters/slack/slack.test.ts', 'packages/gateway/src/control/api/serve.test.ts'],
    [['if (body.length + chunk.length > bytesMax) return undefined;', '']],
  ),
  ...inAdapters(
    'slack/signature.ts',
    ['slack/slack.test.ts'],
    [
      ['Math.abs(nowMs / 1_000 - Number(timestamp)) <= WINDOW_SECONDS', 'true'],
      ['timingSafeEqual(given, expected)', 'true'],
    ],
  ),
  ...inAdapters(
    'slack/receive.ts',
    ['slack/slack.test.ts'],
    [["if (!isNew(signature ?? '')) return end(response, 200);", '']],
  ),
  ...inAdapters(
    'slack/open.ts',
    ['slack/socket-mode.test.ts'],
    [
      ['if (seen.has(id)) return;', ''],
      ['if (sender === appId) act(body);', 'act(body);'],
    ],
  ),
  ...inAdapters(
    'slack/interaction.ts',
    ['slack/slack.test.ts'],
    [
      ["if (data.team.id !== deps.team) return 'This workspace may not decide.';", ''],
      ['!== said.address', '=== undefined'],
      ['    user.deleted !== true &&\n', ''],
      ['user.is_email_confirmed === true', 'true'],
    ],
  ),
  ...inAdapters(
    'teams/receive.ts',
    ['teams/teams.test.ts'],
    [
      ['      audience: appId,\n', ''],
      ['      issuer: ISSUER,\n', ''],
      ['settings.tenantId === data.channelData.tenant.id &&', ''],
      ["  channelId: z.literal('msteams'),\n", ''],
      ['        service === data.serviceUrl,\n', '        true,\n'],
      ['!== replyToId', '=== undefined'],
    ],
  ),
  ...inChannels(
    'content.ts',
    ['content.test.ts'],
    [
      ['if (isCut) return', 'if (false) return'],
      ['...plainText(onOneLine(text), max)', '...plainText(text, max)'],
      ['${plainLine(endedBecause)}', '${endedBecause}'],
      ['some(({ stepUpMs }) => stepUpMs !== undefined)', 'some(() => false)'],
      ['some(({ passkey }) => passkey !== undefined)', 'some(() => false)'],
      ['uninspectableParts(sent).length > 0', 'false'],
    ],
  ),
  ...inChannels(
    'people.ts',
    ['test/contracts/sqlite.test.ts'],
    [['email.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())', 'email.toLowerCase()']],
  ),
  ...inAdapters(
    'email/send.ts',
    ['email/send.test.ts'],
    [
      ['${label}: ${withoutLinks(text)}', '${label}: ${text}'],
      ['...withoutLinks(sent)', '...sent'],
    ],
  ),
  ...inControl('api/event-streams.ts', ['api/event-streams.test.ts'], [[' || ofTenant() >= TENANT_STREAMS_MAX', '']]),
  ...inControl('approvals/list.ts', ['approvals/list.test.ts'], [[' && read < READ_MAX', '']]),
  ...inControl(
    'approvals/withdraw.ts',
    ['test/e2e/approvals.test.ts'],
    [['    checkMayWithdraw(before, caller.principal, deps.clock.now());\n', '']],
  ),
  ...inChannels('deliver.ts', ['deliver.test.ts'], [['channel.tenants?.includes(event.tenant) === false', 'false']]),
];

export const control: readonly Change[] = [
  ...channels,
  ...inControl(
    'host-check.ts',
    ['heads.test.ts', 'admin.test.ts', 'api/serve.test.ts'],
    [
      ['if (hosts.length !== 1 || host === undefined) return false;', 'if (host === undefined) return false;'],
      ['if (isLoopback(listenHost) && port !== request.socket.localPort) return false;', ''],
      ['isIP(name) !== 0 && (!isLoopback(listenHost) || isLoopback(name))', 'true'],
      ['(!isLoopback(listenHost) || isLoopback(name))', 'true'],
      ['origins.length === 1 && (origins[0] === own || (publicUrl !== undefined && origins[0] === publicUrl))', 'true'],
    ],
  ),
  ...inControl(
    'json-body.ts',
    ['heads.test.ts', 'api/serve.test.ts'],
    [
      ["if (!isJson(request)) throw new ApiProblem('UNSUPPORTED_MEDIA_TYPE');", ''],
      ['if (Number(length ?? 0) > BODY_BYTES_MAX) throw tooLarge();', ''],
      ['depthMax: DEPTH_MAX', 'depthMax: DEPTH_MAX * 1_000'],
      ["if (encoding !== undefined && encoding !== 'identity') return false;", ''],
    ],
  ),
  ...inControl(
    'ready.ts',
    ['admin.test.ts', 'ready.test.ts'],
    [
      ['await Promise.race([timeout, check.run()])', 'await check.run()'],
      ["return details ? failure : 'failing';", 'return failure;'],
      ['!required || !members.some(([, failure]) => isFailure(failure))', 'true'],
      ["    return 'failed';\n", '    return undefined;\n'],
      ['entry === undefined || now >= entry.expiresAtMs', 'true'],
      ['failure !== undefined && !isTolerated(failure);', 'failure !== undefined;'],
      ['TIMEOUT_MS = 2_000', 'TIMEOUT_MS = 2_000_000'],
      ['CACHE_MS = 1_000', 'CACHE_MS = 1_000_000'],
    ],
  ),
  ...inControl(
    'router.ts',
    ['api/serve.test.ts', 'admin.test.ts'],
    [
      ['!hostIsAllowed(request, deps.listenHost, allowedHosts) ||', ''],
      ['!originIsAllowed(request, deps.publicUrl) ||', ''],
      ["if (length !== undefined || encoding !== undefined) response.setHeader('Connection', 'close');", ''],
      ['    setSecurityHeaders(request, response);\n', ''],
      ["if (method !== 'GET' && method !== 'HEAD') {", 'if (false) {'],
    ],
  ),
  ...inControl(
    'api/serve.ts',
    ['api/serve.test.ts'],
    [
      ['if (caller === undefined) throw unauthenticated();', ''],
      ['if (!mayUse(caller, needs))', 'if (false)'],
      [
        'sendResponse(response, known ?? problem(',
        "sendResponse(response, known ?? problem('INTERNAL', { detail: String(thrown) }) ?? problem(",
      ],
      ["if (route.ifMatch === 'required' && ifMatch === undefined) throw new ApiProblem('PRECONDITION_REQUIRED');", ''],
      ['before.roles.size === now.roles.size', 'true'],
    ],
  ),
  ...inControl(
    'api/access.ts',
    ['api/serve.test.ts'],
    [['everywhere ? caller.installationRoles : caller.roles', 'caller.roles']],
  ),
  ...inControl(
    'servers/access.ts',
    ['test/e2e/access-of-user.test.ts'],
    [
      ['const visible = trials.mayList(identity, definition);', 'const visible = true;'],
      ["if (effect === 'deny') return", 'if (false) return'],
    ],
  ),
  ...inControl(
    'calls/scope.ts',
    ['test/e2e/access-of-user.test.ts'],
    [["if (!installationRoles.has('auditor'))", 'if (false)']],
  ),
  ...inControl(
    'approvals/differences.ts',
    ['approvals/differences.test.ts'],
    [
      ["user['issuer'] === requester.issuer &&", ''],
      ["fields['client_id'] === agent.clientId &&", ''],
      ["Number(record['time']) < createdAtMs &&", ''],
      ['if (hash !== false) return hash === hashed;', 'if (hash !== false) return true;'],
      ['Object.hasOwn(object, name) ? object[name] : undefined', 'object[name]'],
      ['    bytesMax: BYTES_MAX,', '    bytesMax: Infinity,'],
    ],
  ),
  ...inControl(
    'api/validate.ts',
    ['api/serve.test.ts'],
    [
      ['schema instanceof z.ZodObject ? schema.strict() : schema', 'schema'],
      ["if (name in values) errors.push({ in: 'query', pointer: pointerOf([name]), message: 'is given twice' });", ''],
    ],
  ),
  ...inControl(
    'api/route.ts',
    ['api/serve.test.ts'],
    [
      ['{ ...answer, value: response.parse(answer.value) }', 'answer'],
      ['yield schema.parse(line)', 'yield line'],
    ],
  ),
  ...inControl(
    'api/table.ts',
    ['api/serve.test.ts'],
    [
      [
        'if (!ACCESS.has(route.access)) throw new Error(`${route.method} ${route.path} does not say who may use it`);',
        '',
      ],
    ],
  ),
  ...inControl(
    'api/cursor.ts',
    ['api/cursor.test.ts'],
    [
      ['[list, tenant.id, issuer, subject, filter]', '[list, issuer, subject, filter]'],
      ['[list, tenant.id, issuer, subject, filter]', '[list, tenant.id, issuer, filter]'],
    ],
  ),
  ...inControl(
    'api/idempotency.ts',
    ['api/serve.test.ts'],
    [
      ["if (known.bodyHash !== bodyHash) throw new ApiProblem('IDEMPOTENCY_KEY_REUSED');", ''],
      ['entries >= ENTRIES_MAX || kept.size >= CALLER_ENTRIES_MAX', 'false'],
    ],
  ),
  ...inControl(
    'api/event-streams.ts',
    ['api/serve.test.ts'],
    [
      ['total >= STREAMS_MAX || own.size >= CALLER_STREAMS_MAX', 'false'],
      ['if (!may) end();', ''],
      ['if (response.writableLength > UNREAD_BYTES_MAX) response.destroy();', ''],
    ],
  ),
  ...inControl(
    'passkeys/passkeys.ts',
    ['passkeys/passkeys.test.ts'],
    [
      ["JSON.stringify(['approve', idHash, ", "JSON.stringify(['approve', "],
      ['tenant.id, id, digest])', 'tenant.id])'],
      ['nowMs + CHALLENGE_MS', 'nowMs + 1e9'],
      [' || Math.abs(clock.now() - atMs) > STEP_UP_MS', ''],
    ],
  ),
  ...inControl('approvals/decide.ts', ['passkeys/passkeys.test.ts'], [['if (answer !== undefined) return', 'return']]),
  ...inAdapters(
    'webauthn/verifier.ts',
    ['packages/gateway/src/control/passkeys/passkeys.test.ts'],
    [
      ['requireUserVerification: true,\n        credential', 'requireUserVerification: false,\n        credential'],
      ['requireUserVerification: true,\n      })', 'requireUserVerification: false,\n      })'],
    ],
  ),
  ...inAdapters(
    'kysely/passkeys.ts',
    ['test/contracts/sqlite.test.ts'],
    [
      [' && taken.bound_to === quoted(boundTo)', ''],
      [' && taken.expires_at > nowMs', ''],
      ["        .where('counter', '=', before)\n", ''],
    ],
  ),
  ...inControl(
    'approvals/step-up.ts',
    ['approvals/step-up.test.ts'],
    [
      ['nowMs - atMs > demand.stepUpMs', 'false'],
      ['atMs === undefined ||', 'atMs !== undefined &&'],
      [' || atMs - nowMs > AHEAD_MS_MAX', ''],
      ["!(typeof way === 'string' && stepUpAcrValues.includes(way))", 'false'],
    ],
  ),
  ...inControl(
    'sign-in/sessions.ts',
    ['sign-in/sessions.test.ts'],
    [
      ['nowMs >= endsAtMs || ', ''],
      [' || nowMs - lastSeenAtMs >= current.control.session.idleMs', ''],
      [' || !tenants.includes(tenant)', ''],
      ['if (rolesText(session, current) !== session.roles) return undefined;', ''],
      ['if (caller === undefined) await store.end(session.idHash);\n      else if', 'if'],
    ],
  ),
  ...inControl('sign-in/return-to.ts', ['sign-in/return-to.test.ts'], [["path.startsWith('//') || ", '']]),
  ...inControl(
    'public-health.ts',
    ['admin.test.ts'],
    [
      ['createReady({ checks, details: false })', 'createReady({ checks, details: true })'],
      ["if (request.method !== 'GET' && request.method !== 'HEAD') {", 'if (false) {'],
    ],
  ),
];

export const protocol: readonly Change[] = [
  ...inMcp(
    'client-message.ts',
    ['client-message.test.ts'],
    [
      ['if (!Object.keys(value).every((key) => MESSAGE_MEMBERS.has(key)))', 'if (false)'],
      ['if (!isJsonRpc(value)) throw invalid(\'jsonrpc must be "2.0".\');', ''],
      ['|| !METHOD.test(method)', ''],
      ['if (result !== undefined || error !== undefined) throw', 'if (false) throw'],
      ["|| (typeof id === 'string' && id.length > ID_CHARACTERS_MAX)", ''],
      ['if ((result === undefined) === (error === undefined)) throw', 'if (false) throw'],
    ],
  ),
  ...inMcp(
    'lines.ts',
    ['lines.test.ts'],
    [
      ['const isTooLong = lineBytes > lineBytesMax;', 'const isTooLong = false;'],
      ['if (isTooLong) begun.take();\n        else if', 'if'],
    ],
  ),
  ...inMcp(
    'meta-keys.ts',
    ['meta-keys.test.ts'],
    [['(?:modelcontextprotocol|mcp)[./]/i', '(?:modelcontextprotocol|mcp)[./]/']],
  ),
  ...inMcp(
    'param-headers.ts',
    ['param-headers.test.ts'],
    [
      ['if (depth > SCHEMA_DEPTH_MAX) return Number.POSITIVE_INFINITY;', ''],
      ['names.size === found.length &&', ''],
      ['&& countAnnotations(inputSchema, false, 0) === found.length', ''],
      ['TOKEN.test(name) && path', 'path'],
    ],
  ),
];
