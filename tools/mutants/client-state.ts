/** Changes of what a client holds or is sent: sessions, streams, subscriptions, names and answers. */
import { changesIn, type Change } from './change.ts';

const inEdge = changesIn('packages/server/src/edge');

const heldTasks: readonly Change[] = [
  ...inEdge(
    'tasks/held-task-ids.ts',
    ['tasks/held-task.test.ts'],
    [
      ['JSON.stringify([server, principal])', 'JSON.stringify([server])'],
      ['if (Buffer.byteLength(JSON.stringify(input)) > INPUT_BYTES_MAX) return undefined;', ''],
    ],
  ),
  ...inEdge(
    'tasks/held-task.ts',
    ['tasks/held-task.test.ts'],
    [
      ['if (!hasTasksExtension(inbound.sender.capabilities))', 'if (false)'],
      ['!hasTasksExtension(sender.capabilities) ||', ''],
      ['?.abort.abort();', ';'],
    ],
  ),
  ...inEdge(
    'tasks/held-runs.ts',
    ['tasks/held-task.test.ts'],
    [
      ['if (known !== undefined) return known;', ''],
      ['finish: (graceMs) => underWay.finish(graceMs)', 'finish: async () => {}'],
    ],
  ),
  ...inEdge('tasks/run-held-call.ts', ['tasks/held-task.test.ts'], [['    approvalId: held.approvalId,\n', '']]),
];

const handles: readonly Change[] = [
  ...inEdge(
    'sessions/seal.ts',
    ['http/sessions.test.ts'],
    [
      ['opened.expiresAtMs <= now() || (await directory.ended(id))', 'await directory.ended(id)'],
      ['opened.expiresAtMs <= now() || (await directory.ended(id))', 'opened.expiresAtMs <= now()'],
      ['return sealer.seal(PURPOSE', 'return JSON.stringify(document) || sealer.seal(PURPOSE'],
      ['find(fits) ?? {}', 'at(0) ?? {}'],
      ["    r: randomBytes(16).toString('base64url'),", "    r: '',"],
    ],
  ),
  ...inEdge(
    'http/legacy.ts',
    ['http/sessions.test.ts', 'http/raw-requests.test.ts', 'http/messages.test.ts'],
    [
      [
        'if (opened === undefined) return senderWithoutProfile(version, INVALID_SESSION);',
        'if (opened === undefined) return senderWithoutProfile(version, undefined);',
      ],
      ['if (version !== undefined && !isInitialize && !isLegacyVersion(version)) {', 'if (false) {'],
      ['if (repeated !== undefined) throw', 'if (false) throw'],
    ],
  ),
  ...inEdge(
    'http/delete-session.ts',
    ['http/sessions.test.ts'],
    [
      ['if (opened !== undefined) await edge.sessions.end(id, opened.expiresAtMs);', ''],
      ['    edge.live.end(id);\n', ''],
    ],
  ),
  ...inEdge(
    'sessions/apply-client-message.ts',
    ['http/cancellation.test.ts'],
    [
      ['(call.principalKey !== undefined && call.principalKey !== principalKey)', 'false'],
      ['  call.abort.abort();\n', ''],
    ],
  ),
  ...inEdge(
    'sessions/apply-client-message.ts',
    ['http/client-requests.test.ts'],
    [
      [
        'if (request === undefined || request.principalKey !== principalKey) return;',
        'if (request === undefined) return;',
      ],
      ["message.replace(/[\\p{Cc}\\p{Cf}]/gu, ' ').slice(0, MESSAGE_CHARACTERS_MAX)", 'message'],
    ],
  ),
  ...inEdge(
    'sessions/client-requests.ts',
    ['http/client-requests.test.ts'],
    [
      ['      checkCapability(method, capabilities);\n', ''],
      ['    const timer = setTimeout(expire, timeoutMs);', '    const timer = setTimeout(expire, timeoutMs * 1_000);'],
      ["    withdrawn?.addEventListener('abort', withdraw, { once: true });\n", ''],
      ['      cancelAll();\n    },', '    },'],
    ],
  ),
  ...inEdge(
    'sessions/live-sessions.ts',
    ['sessions/live-sessions.test.ts', 'sessions/shares.test.ts'],
    [
      ['    forgetOneIdle(state, (other) => other.user[key] === user[key]);\n', ''],
      ['if (isIdle(session) && nowMs - session.usedAtMs > IDLE_MS) forgetSession', 'if (false) forgetSession'],
      ['if (isOver && nowMs - stream.usedAtMs > STREAM_IDLE_MS) forgetStream(session, id);', ''],
      ["request.reject(new GuardError('cancelled'))", 'void request'],
      ['!mayBeChosen(session) || !isIdle(session)', '!mayBeChosen(session)'],
      ['!mayBeChosen(session) || !isIdle(session)', '!isIdle(session)'],
      ['if (counted.delete(id)) shares.release(session.user);', ''],
      ['SESSIONS_MAX = 20_000', 'SESSIONS_MAX = 20_000_000'],
    ],
  ),
  ...inEdge(
    'sessions/live-sessions.ts',
    ['http/cancellation.test.ts', 'sessions/live-sessions.test.ts'],
    [
      ['if (!calls.has(key)) calls.set(key, call);', 'calls.set(key, call);'],
      ['if (calls.get(key) === call) calls.delete(key);', 'calls.delete(key);'],
      ['`${typeof id} ${id}`', '`${id}`'],
    ],
  ),
];

const streams: readonly Change[] = [
  ...inEdge(
    'sessions/streams.ts',
    ['sessions/live-sessions.test.ts', 'sessions/shares.test.ts'],
    [
      ['events.length >= EVENTS_MAX ||', ''],
      ['|| (events.length > 0 && stream.bytes + bytes > STREAM_BYTES_MAX)', ''],
      ['eventMemory.take(session.user, bytes) !== undefined', 'eventMemory.take(session.user, bytes) === null'],
      ['if (oldest.write === undefined) forgetStream(session, id);', ''],
      ['stream === undefined || afterSequence > stream.lastSequence ?', 'stream === undefined ?'],
      ['  stream.session.eventMemory.release(stream.session.user, bytes);\n', ''],
      ['PROCESS_BYTES_MAX = 128 * 1024 * 1024', 'PROCESS_BYTES_MAX = 128 * 1024 * 1024 * 1024'],
    ],
  ),
  ...inEdge(
    'http/get-stream.ts',
    ['http/resumption.test.ts', 'http/get-stream.test.ts', 'test/attacks/session-handles.test.ts'],
    [
      ['resumption !== undefined && resumption.stream.owner.principalKey !== principalKey', 'false'],
      ['    releaseSlot = slots.take(identity, snapshot.gateway.streamsPerPrincipalMax);\n', ''],
      ['      releaseSlot?.();\n', ''],
      ['event.sequence > after && ', ''],
      [' && !withheld.has(event)', ''],
      ['(listed !== undefined && listed === newestOfSameCaller(live.getStreams, listed))', 'true'],
    ],
  ),
  ...inEdge(
    'http/sse.ts',
    ['http/resumption.test.ts', 'http/modern-streams.test.ts', 'http/sse.test.ts'],
    [['if (response.writableLength > QUEUE_BYTES_MAX) response.destroy();\n  else', '']],
  ),
  ...inEdge(
    'http/connection.ts',
    ['http/modern-streams.test.ts', 'http/sessions.test.ts'],
    [
      ["sender.era === 'modern' ? cancelOnDisconnect(response, pending.abort) : undefined", 'undefined'],
      ['  delete state.headers[HEADER_NAME.sessionId];\n', ''],
      ['writeMessage(state, oneLine(bytes).toString())', 'writeMessage(state, bytes.toString())'],
    ],
  ),
  ...inEdge(
    'subscriptions/stream-slots.ts',
    ['subscriptions/stream-slots.test.ts'],
    [
      ['if (count >= userMax)', 'if (false)'],
      ['holder = shareHolderOf(identity);', 'holder = { ...shareHolderOf(identity), user: identity.principal.key };'],
      ["const release = takeShare(shares, holder, 'streams … are open');", 'const release = () => {};'],
      ['if (left > 0) ofUsers.set(holder.user, left);\n        else', ''],
    ],
  ),
  ...inEdge(
    'subscriptions/answer-listen.ts',
    ['http/subscriptions-listen.test.ts'],
    [
      ['      takeSlot(permit);\n', ''],
      ['      await acknowledgement.permitted();\n', ''],
      ['if (filter[LIST_CHANGES[changed].filter] === true) send', 'send'],
      [
        '        if (subscribed === undefined) return;\n',
        '        if (subscribed === undefined) return send(method, params);\n',
      ],
      ['    releaseSlot?.();\n', ''],
    ],
  ),
  ...inEdge(
    'subscriptions/filter.ts',
    ['http/subscriptions-listen.test.ts', 'test/attacks/listed-callable.test.ts'],
    [
      ["outcome.status !== 'success' || resource === undefined", 'resource === undefined'],
      ['value.length <= URIS_MAX && ', ''],
    ],
  ),
  ...inEdge(
    'subscriptions/notification-gate.ts',
    ['test/attacks/revoked-streams.test.ts'],
    [
      ['      if (isAllowed) deliver();', '      deliver();'],
      ['verdict === undefined || verdict.expiresAtMs <= nowMs', 'verdict === undefined'],
    ],
  ),
  ...inEdge(
    'subscriptions/reauthorize.ts',
    ['test/attacks/revoked-streams.test.ts'],
    [
      ["outcome.status !== 'success' && outcome.error.code !== 'rate_limited'", 'false'],
      ['RECHECK_MS = 2_000', 'RECHECK_MS = 2_000_000'],
    ],
  ),
  ...inEdge(
    'subscriptions/reauthorize.ts',
    ['test/attacks/ended-rights.test.ts'],
    [
      ['if (isDenied || !known.isSubsetOf(visible)) return', 'if (!known.isSubsetOf(visible)) return'],
      ['if (isDenied || !known.isSubsetOf(visible)) return', 'if (isDenied) return'],
      ['      for (const server of visibleTo(identity)) known.add(server);\n', ''],
      ['    abort.abort(new GuardError(error.code', '    void (new GuardError(error.code'],
    ],
  ),
  ...inEdge(
    'subscriptions/notification-gate.ts',
    ['test/attacks/ended-rights.test.ts'],
    [['return { value: state };', 'return { value: {} };']],
  ),
];

const answers: readonly Change[] = [
  ...inEdge(
    'exchange/client-channel.ts',
    ['http/modern-streams.test.ts', 'http/sdk.test.ts', 'exchange/client-channel.test.ts'],
    [
      ['progressToken === undefined ||', ''],
      ['|| progress <= reached', ''],
      ["request: era === 'legacy' ? request : undefined", 'request'],
    ],
  ),
  ...inEdge(
    'exchange/gateway-methods.ts',
    ['http/sessions.test.ts', 'http/modern.test.ts'],
    [
      ['maySee(identity, route.server) ? profileOf(route.server) : undefined', 'profileOf(route.server)'],
      ['maySee(identity, server) ? profileOf(server) : undefined', 'profileOf(server)'],
      ['(definition !== undefined || maySee({ principal, tenant }, server))', 'true'],
    ],
  ),
  ...inEdge(
    'names/route.ts',
    ['names/names.test.ts'],
    [
      ["typeof value !== 'string' || value.length > TEXT_CHARACTERS_MAX", "typeof value !== 'string'"],
      ['!servers.includes(owner) || (server !== undefined && server !== owner)', '!servers.includes(owner)'],
      ["&& !name.startsWith('ui://') ?", '?'],
    ],
  ),
  ...inEdge(
    'render/result.ts',
    ['http/modern.test.ts'],
    [
      ["cacheScope: 'private'", "cacheScope: 'public'"],
      ['Math.min(Math.trunc(ttlMs), TTL_MS_MAX)', 'Math.trunc(ttlMs)'],
      ["value['cacheScope'] === undefined\n", 'true\n'],
    ],
  ),
  ...inEdge(
    'stdio/stdio.ts',
    ['stdio/stdio.test.ts'],
    [
      ["if (line === undefined) throw new GuardError('payload_too_large');", 'if (line === undefined) return;'],
      ['output.writableLength > QUEUE_BYTES_MAX ? drained(output, input) : undefined', 'undefined'],
      ['oneLine(Buffer.from(message))', 'Buffer.from(message)'],
      ["if (message.kind === 'request') share.take(line.length);", ''],
      ['depthMax: depthMax, keysMax', 'depthMax: depthMax * 1_000, keysMax'],
    ],
  ),
];

export const clientState: readonly Change[] = [...heldTasks, ...handles, ...streams, ...answers];
