/** Changes of what is read from and written to servers. */
import { changesIn, type Change } from './change.ts';

const inUpstream = changesIn('packages/gateway/src/upstream');

export const transports: readonly Change[] = [
  ...inUpstream(
    'transports/failure.ts',
    ['transports/failure.test.ts', 'calls/send.test.ts'],
    [
      ["firstLine.replace(/[\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}]/gu, '')", 'firstLine'],
      ['.slice(0, 500)', ''],
      ['cause: { ...error, unsent: false }', 'cause: error'],
    ],
  ),
  ...inUpstream(
    'transports/flood-budget.ts',
    ['transports/floods.test.ts'],
    [
      ['if (messages.isFlooded() || bytes.isFlooded()) return undefined;', ''],
      ['return left >= 0 ? 0 : (-left / perSecond) * 1000;', 'return 0;'],
      ['FLOODS_MAX = 3', 'FLOODS_MAX = 3_000'],
      ['messageBurst: 4_000', 'messageBurst: 4_000_000'],
      ['byteBurst: 8 * 1024 * 1024', 'byteBurst: 8 * 1024 * 1024 * 1024'],
    ],
  ),
  ...inUpstream(
    'transports/handshake.ts',
    ['transports/http/http.test.ts', 'transports/handshake.test.ts'],
    [
      ['if (!isLegacyVersion(version)) throw', 'if (false) throw'],
      ['.slice(0, INSTRUCTIONS_CHARACTERS_MAX)', ''],
      ['HANDSHAKE_BYTES_MAX = 1024 * 1024', 'HANDSHAKE_BYTES_MAX = 1024 * 1024 * 1024'],
    ],
  ),
  ...inUpstream(
    'transports/idle-timeout.ts',
    ['transports/idle-timeout.test.ts', 'transports/http/http.test.ts'],
    [
      ['Math.min(lastSignAtMs + timeoutMs, deadlineMs)', 'lastSignAtMs + timeoutMs'],
      ["end(new GuardError('upstream_timeout'))", 'undefined'],
      ['if (signal.aborted) queueMicrotask(onAbort);', ''],
      ['      pauses++;\n', ''],
    ],
  ),
  ...inUpstream(
    'transports/response.ts',
    ['transports/http/http.test.ts', 'transports/stdio/stdio.test.ts'],
    [['receivedBytes > bytesMax ? tooLarge() :', '']],
  ),
  ...inUpstream(
    'transports/http/exchange.ts',
    ['transports/http/http.test.ts', 'transports/floods.test.ts'],
    [
      ["if (encoding !== undefined && encoding !== 'identity') return stop('encoded');", ''],
      ["if (body.length + chunk.length > request.bytesMax) stop('too_large');\n      else", ''],
      ["if (!parser.push(chunk)) stop('too_large');", 'parser.push(chunk);'],
      ["if (waitMs === undefined) stop('flooded');", ''],
      ['        receiving.pause();\n', ''],
    ],
  ),
  ...inUpstream(
    'transports/http/legacy-request.ts',
    ['transports/http/http.test.ts', 'calls/never-twice.test.ts'],
    [
      ['resumes < RESUMES_MAX', 'true'],
      ['SESSION_ID.test(sessionId)', 'true'],
      ['lastEventId === undefined || !brokeOff(outcome)', '!brokeOff(outcome)'],
    ],
  ),
  ...inUpstream(
    'transports/http/modern.ts',
    ['transports/http/http.test.ts'],
    [
      ['if (receiver.isSettled()) setTimeout(exchange.abort, LINGER_MS).unref();', ''],
      ['    onGivenUp: () => exchange.abort(),', '    onGivenUp: () => undefined,'],
    ],
  ),
  ...inUpstream(
    'transports/http/receiver.ts',
    ['transports/http/http.test.ts', 'transports/floods.test.ts'],
    [
      ['if (++notifications > NOTIFICATIONS_MAX) return;', ''],
      ["message.id !== id && !(message.kind === 'error' && message.id === null)", 'false'],
      ["|| params['progressToken'] !== id", ''],
      ['if (++drops < LOGGED_DROPS_MAX) log', 'log'],
      ['bytesMax + ENVELOPE_BYTES', 'bytesMax * 1_000'],
    ],
  ),
  ...inUpstream(
    'transports/http/sockets.ts',
    ['transports/http/sockets.test.ts'],
    [
      ['connections: REQUEST_SOCKETS_MAX', 'connections: null'],
      ['maxHeaderSize: 32 * 1024', 'maxHeaderSize: 32 * 1024 * 1024'],
    ],
  ),
  ...inUpstream(
    'transports/stdio/child.ts',
    ['transports/stdio/stdio.test.ts', 'transports/floods.test.ts'],
    [
      [
        'args, { ...environment, ...confined?.environment',
        'args, { ...process.env, ...environment, ...confined?.environment',
      ],
      ['stdin.write(oneLine(message));', 'stdin.write(message);'],
      ["if (!(await exitsInTime(exited))) tree.signal(pid, 'SIGKILL');", ''],
      ["    tree.signal(pid, 'SIGTERM');\n", ''],
      ['|| stdin.writableLength > UNREAD_BYTES_MAX', ''],
    ],
  ),
  ...inUpstream(
    'transports/stdio/json-rpc.ts',
    ['transports/stdio/stdio.test.ts', 'transports/stdio/starting.test.ts'],
    [
      ["if (error.code === 'upstream_timeout' && state.liveness.timedOut()) void replaceIfSilent(state);", ''],
      ['  state.liveness.answered();\n', ''],
      ['pending === undefined || !pending.request.wantsProgress', 'pending === undefined'],
      ['if (++state.drops <= LOGGED_DROPS_MAX)', 'if (true)'],
    ],
  ),
  ...inUpstream(
    'transports/stdio/read-lines.ts',
    ['transports/stdio/stdio.test.ts', 'transports/floods.test.ts'],
    [
      [
        "if (line === undefined) return 'a line on standard output is longer than the limit';",
        'if (line === undefined) continue;',
      ],
      ["if (waitMs === undefined) return 'the process floods standard output';", 'if (waitMs === undefined) continue;'],
    ],
  ),
  ...inUpstream(
    'transports/stdio/stderr-log.ts',
    ['transports/stdio/stdio.test.ts', 'transports/stdio/starting.test.ts', 'transports/floods.test.ts'],
    [
      ['if (waitMs === undefined) return onFlood();', 'if (waitMs === undefined) continue;'],
      ['const lines = hide(last.toString', 'const lines = (last.toString'],
      ['if (lines >= LINES_PER_WINDOW_MAX) {', 'if (false) {'],
      ['cleanLine(hide(line.subarray(0, LOGGED_BYTES_MAX)', 'cleanLine((line.subarray(0, LOGGED_BYTES_MAX)'],
    ],
  ),
];
