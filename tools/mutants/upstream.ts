/** Changes of how a call reaches a server: sessions, calls, notifications, tasks and transports. */
import { changesIn, type Change } from './change.ts';

const inUpstream = changesIn('packages/gateway/src/upstream');
const inStages = ['calls/input-required/input-required.test.ts', 'calls/parked/retries.test.ts'];

const calls: readonly Change[] = [
  ...inUpstream(
    'calls/acquire-session.ts',
    ['calls/never-twice.test.ts'],
    [
      ["attempt === 0 && (unsent || (isMismatch && sent === 'lists'))", 'attempt === 0 && (unsent || isMismatch)'],
      ['attempt === 0 && (unsent', '(unsent'],
    ],
  ),
  ...inUpstream('calls/combinations.ts', ['calls/never-twice.test.ts'], [['.catch(throwAsSent)', '']]),
  ...inUpstream(
    'calls/combinations.ts',
    ['calls/input-required/input-required.test.ts'],
    [
      ["if (round >= ROUNDS_MAX) throw transportFailure('too many rounds of input requests');", ''],
      ['ROUNDS_MAX = 10;', 'ROUNDS_MAX = 10_000;'],
    ],
  ),
  ...inUpstream(
    'calls/send.ts',
    ['pins/drift.test.ts'],
    [
      ['      if (verification !== undefined) await verification;\n', ''],
      ["    let sent: Sent = 'lists';", "    let sent: Sent = 'call';"],
    ],
  ),
  ...inUpstream('calls/send.ts', ['calls/never-twice.test.ts'], [["      sent = 'call';\n", '']]),
  ...inUpstream('packages/server/src/request-state.ts', inStages, [
    ['      if (clock.now() > expiresAtMs) throw invalidRequestState();\n', ''],
    ['if (opened === undefined) throw invalidRequestState();', 'if (opened === undefined) return undefined;'],
    [
      "if (typeof requestState !== 'string') throw invalidRequestState();",
      "if (typeof requestState !== 'string') return;",
    ],
    ['[principal.key, call.method, server, target, args]', '[call.method, server, target, args]'],
    ['[principal.key, call.method, server, target, args]', '[principal.key, call.method, server, target]'],
    ['[principal.key, call.method, server, target, args]', '[principal.key, call.method, server, args]'],
    ['[principal.key, call.method, server, target, args]', '[principal.key, call.method, target, args]'],
    ["if (!isObject(response)) throw new GuardError('invalid_params');", ''],
  ]),
  ...inUpstream(
    'calls/input-required/input-requests.ts',
    ['calls/input-required/input-required.test.ts'],
    [
      ["if (found.size > INPUT_REQUESTS_MAX) throw transportFailure('too many input requests');", ''],
      ["typeof requested !== 'string' || !isClientRequest(requested)", "typeof requested !== 'string'"],
      [
        "if (!isMultiRoundTrip(method)) throw transportFailure('input requests for a method that cannot have them');",
        '',
      ],
    ],
  ),
  ...inUpstream(
    'calls/input-required/url-elicitation.ts',
    ['calls/input-required/input-required.test.ts'],
    [['params === undefined || index >= URLS_MAX', 'params === undefined']],
  ),
  ...inUpstream(
    'calls/parked/parked-calls.ts',
    ['calls/parked/parked-calls.test.ts'],
    [
      ['if (parked.length >= PER_USER_MAX)', 'if (false)'],
      ['channel === undefined && call.owner.user === user', 'channel === undefined'],
      ['    parked.round !== round ||\n', ''],
      ['    parked.channel !== undefined ||\n', ''],
      ['isDrifting(definition.server, definition.kind, definition.name))', 'isDrifting("", definition.kind, ""))'],
      ["if (definition?.digest !== parked.call.permitted.definition?.digest) throw new GuardError('quarantined');", ''],
      ['    parked.abort.abort();\n    end(state, parked);', '    end(state, parked);'],
      ['PARKED_MS = 120_000', 'PARKED_MS = 120_000_000'],
    ],
  ),
  ...inUpstream(
    'calls/parked/parked-calls.ts',
    ['calls/parked/retries.test.ts', 'calls/parked/parked-calls.test.ts'],
    [['parked.call.permitted.principal.key !== principal.key', 'false']],
  ),
  ...inUpstream(
    'calls/result.ts',
    ['tasks/tasks.test.ts', 'calls/result.test.ts'],
    [
      ["if (type !== 'complete' &&", 'if (false &&'],
      [
        'return sealed === value && bytes !== undefined ? { value, bytes } : { value: sealed };',
        'return { value, bytes };',
      ],
    ],
  ),
  ...inUpstream(
    'calls/outbound-request.ts',
    ['calls/send.test.ts', 'tasks/tasks.test.ts', 'combinations.test.ts'],
    [
      [
        "params['taskId'] = openTaskId(taskSeal, call.params['taskId']);",
        "params['taskId'] ??= openTaskId(taskSeal, '');",
      ],
      ["if (key !== 'progressToken' && !isReservedMetaKey(key)) meta[key] = value;", 'meta[key] = value;'],
      ["(member !== 'arguments' || value !== null)", 'true'],
      ['for (const member of MEMBERS.get(call.method) ?? [])', 'for (const member of Object.keys(call.params))'],
    ],
  ),
  ...inUpstream(
    'client-requests/capabilities.ts',
    ['combinations.test.ts', 'calls/send.test.ts'],
    [
      ['allowed[capability] && isObject(value)', 'isObject(value)'],
      ['if (missing !== undefined)', 'if (false)'],
      ["usesTools && !isObject(declared['tools'])", 'false'],
    ],
  ),
  ...inUpstream(
    'client-requests/pending.ts',
    ['client-requests/pending.test.ts'],
    [
      ["if (pending.size >= PENDING_MAX) return 'too many requests at once';", ''],
      ["if (pending.has(id)) return 'a request under an id that waits already';", ''],
      ['respond(cancelled.signal.aborted ? undefined : response);', 'respond(response);'],
    ],
  ),
  ...inUpstream(
    'client-requests/send-to-client.ts',
    ['combinations.test.ts', 'calls/send.test.ts'],
    [
      ['  requireClientCapability(method, params, clientCapabilities);\n', ''],
      [
        'await runClientRequest(permitted, method, clientParams, () => deliver(clientParams));',
        'await deliver(clientParams);',
      ],
    ],
  ),
  ...inUpstream(
    'calls/call-shares.ts',
    ['calls/call-shares.test.ts'],
    [
      ['      release();\n', ''],
      ['        releaseAll();\n        throw', '        throw'],
      [
        "const release = takeShare(shares, owner, 'calls … to this server are under way');",
        'const release = () => {};',
      ],
    ],
  ),
];

const notifications: readonly Change[] = [
  ...inUpstream(
    'notifications/call-notifications.ts',
    ['combinations.test.ts', 'notifications/call-notifications.test.ts'],
    [
      ['|| value <= progress) return;', ') return;'],
      ['channel.progressToken === undefined ||', ''],
      ['if (wantsLogMessage(channel, params)) channel', 'channel'],
    ],
  ),
  ...inUpstream(
    'notifications/subscribers.ts',
    ['notifications/subscriptions/subscribe.test.ts'],
    [
      ['`${server} ${ownerKey(owner)}`', '`${server}`'],
      ['if (matches(filter, method, params)) notifyOf(call, method, params);', 'notifyOf(call, method, params);'],
    ],
  ),
  ...inUpstream(
    'notifications/subscribers.ts',
    ['test/attacks/unapproved-streams.test.ts'],
    [
      ['if (hasText(method) && !isServed(server)) return;', ''],
      ['if (!hasText(method)) return {};', ''],
      ['      isServed(server)\n        ?', '      true\n        ?'],
    ],
  ),
  ...inUpstream(
    'notifications/subscription-filter.ts',
    ['notifications/subscriptions/subscribe.test.ts'],
    [
      [
        "typeof uri === 'string' && find({ kind: 'resource', server: settings.name, name: uri }) !== undefined",
        "typeof uri === 'string'",
      ],
      ["filter.taskIds.has(params['taskId'])", 'true'],
    ],
  ),
  ...inUpstream(
    'notifications/set-log-level.ts',
    ['combinations.test.ts'],
    [['if (!isLogLevel(level))', 'if (false)']],
  ),
  ...inUpstream(
    'sessions/session.ts',
    ['sessions/pool.test.ts', 'notifications/subscriptions/subscribe.test.ts'],
    [
      ['JSON.stringify([principal, session]);', 'JSON.stringify([principal]);'],
      ['JSON.stringify([principal, session]);', 'JSON.stringify([session]);'],
    ],
  ),
];

const sessions: readonly Change[] = [
  ...inUpstream(
    'sessions/session-key.ts',
    ['sessions/pool.test.ts'],
    [
      ['owner.principal, owner.session, canonicalize(capabilities)', 'owner.session, canonicalize(capabilities)'],
      ['owner.principal, owner.session, canonicalize(capabilities)', 'owner.principal, canonicalize(capabilities)'],
      ['owner.principal, owner.session, canonicalize(capabilities)', 'owner.principal, owner.session'],
      ['`${settings.name} ${settings.era} ${JSON.stringify(partsOf(settings.transport))}`', 'settings.name'],
    ],
  ),
  ...inUpstream(
    'sessions/caps.ts',
    ['sessions/caps.test.ts', 'sessions/pool.test.ts'],
    [
      ['>= caps.maxPerPrincipal)', '>= Infinity)'],
      ['>= (caps.maxPerTenant ?? Infinity))', '>= Infinity)'],
      ['(isCounting ? Infinity : max)', 'Infinity'],
      ['for (const holder of held) shares', 'for (const holder of held.slice(0, 0)) shares'],
      ['useCount === 0', 'true'],
      ['...ownersOf(open), ...openingOwners', '...ownersOf(open)'],
      ['usedUpFor(owner, inUse, caps.max) === undefined ? [ofTenant, open] : []', '[ofTenant, open]'],
      ['usedUpFor(owner, inUse, caps.max) === undefined ? [ofTenant, open] : []', '[]'],
      ['owner?.isGateway === false', 'owner !== undefined'],
    ],
  ),
  ...inUpstream(
    'sessions/backoff.ts',
    ['sessions/backoff.test.ts'],
    [
      ['Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** (count - 1))', 'WAIT_MS_MIN'],
      ['repeats ? last.count + 1 : 1', '1'],
    ],
  ),
  ...inUpstream(
    'sessions/open-session.ts',
    ['transports/stdio/stdio.test.ts', 'transports/stdio/starting.test.ts'],
    [
      ['if (waitMs > 0) throw', 'if (false) throw'],
      ["if (kind.restart === 'backoff') state.backoff.failed(backoffKey);", ''],
      ['if (closing.aborted) await connection.close();', ''],
    ],
  ),
  ...inUpstream(
    'sessions/pool.ts',
    ['sessions/pool.test.ts'],
    [
      ['if (evicted !== undefined) removeSession(state, evicted);', ''],
      ['  session.useCount++;\n', ''],
      ['of.principal === owner.principal && of.session === owner.session', 'true'],
      [
        'const reaper = setInterval(() => reap(state), REAP_INTERVAL_MS);',
        'const reaper = setInterval(() => undefined, REAP_INTERVAL_MS);',
      ],
      ['  if (session.useCount <= 0) removeSession(state, session);\n  else', ''],
    ],
  ),
  ...inUpstream(
    'sessions/reaping.ts',
    ['sessions/pool.test.ts'],
    [
      ['idleMs > session.settings.sessions.idleMs', 'false'],
      ['&& !state.hasSubscribers(session)', ''],
      ['|| isUnconfigured(session, configured)', ''],
    ],
  ),
];

const tasks: readonly Change[] = [
  ...inUpstream(
    'tasks/task-ids.ts',
    ['tasks/tasks.test.ts'],
    [
      ['JSON.stringify([server, principal])', 'JSON.stringify([server])'],
      ['JSON.stringify([server, principal])', 'JSON.stringify([principal])'],
      [
        "if (opened === undefined) throw new GuardError('not_found');\n  return opened;",
        'return opened ?? String(taskId);',
      ],
      ['sealed = sealTask(seal, sealed) ?? withoutTaskId(sealed)', 'sealed = { ...sealed }'],
      ['task: sealTask(seal, inner) ?? withoutTaskId(inner)', 'task: inner'],
      ['if (taskIds.size > TASKS_MAX && oldest !== undefined) taskIds.delete(oldest);', ''],
      ['taskId === undefined ? rest : {', 'taskId === undefined ? message : {'],
    ],
  ),
  ...inUpstream(
    'tasks/list-tasks.ts',
    ['tasks/tasks.test.ts'],
    [
      ["typeof taskId === 'string' && session.taskIds.has(taskId)", 'true'],
      ['page < PAGES_MAX', 'true'],
    ],
  ),
];

export const upstream: readonly Change[] = [...calls, ...notifications, ...sessions, ...tasks];
