/** `logging/setLevel`: the level that a client sets for its session, and how legacy servers get it. */
import { GuardError, isObject, type Log, type McpResult } from '@sallyport/guard';
import { isLogLevel } from '@sallyport/server/mcp/log-levels';
import type { ServerCall } from '../calls/server-call.ts';
import type { SessionPool } from '../sessions/pool.ts';
import type { UpstreamSession } from '../sessions/session.ts';
import { gatewayRequest } from '../transports/transport.ts';
import type { LogLevels } from './log-levels.ts';

const RESULT_BYTES_MAX = 64 * 1024;

/**
 * Remembers the level and sends it over the open sessions. Servers without logging, and those that are not connected
 * yet, need not agree now. @throws GuardError `invalid_params` for an unknown level, or what the only server fails
 * with.
 */
export async function setLogLevel(
  pool: SessionPool,
  logLevels: LogLevels,
  calls: readonly ServerCall[],
): Promise<McpResult> {
  for (const { permitted, settings, owner } of calls) {
    const { level } = permitted.call.params;
    // The level goes out with every later call of the session, and a modern server would refuse them all.
    if (!isLogLevel(level))
      throw new GuardError('invalid_params', { message: 'params.level is not a log level of MCP.' });
    logLevels.set(owner, level);
    for (const session of pool.sessionsOf(settings.name, owner)) {
      if (!takesLogLevel(session)) continue;
      await sendLogLevel(session, level).catch((thrown: unknown) => {
        if (calls.length === 1) throw thrown;
      });
    }
  }
  return { value: {} };
}

/** Sends the level that a client set before this session was opened. */
export function applySessionLogLevel(log: Log, session: UpstreamSession, level: string | undefined): void {
  if (level !== undefined && takesLogLevel(session)) void tryLogLevel(log, session, level);
}

/** Sends the level that a modern client named with its call, when the session of the legacy server has another one. */
export async function applyCallLogLevel(log: Log, { channel }: ServerCall, session: UpstreamSession): Promise<void> {
  const { logLevel } = channel;
  if (logLevel === undefined || logLevel === session.logLevel || !takesLogLevel(session)) return;
  session.logLevel = logLevel;
  await tryLogLevel(log, session, logLevel);
}

const takesLogLevel = ({ connection: { era, profile } }: UpstreamSession): boolean =>
  era === 'legacy' && isObject(profile.capabilities['logging']);

const sendLogLevel = ({ connection, settings }: UpstreamSession, level: string): Promise<unknown> =>
  connection.request(gatewayRequest('logging/setLevel', { level }, settings.timeoutMs, RESULT_BYTES_MAX));

const tryLogLevel = (log: Log, session: UpstreamSession, level: string): Promise<unknown> =>
  sendLogLevel(session, level).catch(() =>
    log('debug', 'a server did not accept a log level', { server: session.settings.name }),
  );
