/** Callers of the legacy revisions: their session knows what their messages leave out. */
import type { IncomingMessage } from 'node:http';
import { GuardError, type Session } from '@sallyport/guard';
import type { Sender } from '../eras/sender.ts';
import { HEADER_NAME } from '../../mcp/headers.ts';
import { ASSUMED_VERSION, isLegacyVersion, SUPPORTED_VERSIONS } from '../../mcp/revisions.ts';
import type { LiveSession } from '../sessions/live-sessions.ts';
import type { HttpEdgeContext } from './context.ts';
import { headerValues } from '../../listen/header-values.ts';

/**
 * Stands for a session id that is not valid. It belongs to nobody, so the guard refuses it exactly like the session of
 * another caller: after authentication, and with a record.
 */
const INVALID_SESSION: Session = Object.freeze({ id: '', issuer: '', subject: '', tenant: '' });

/** What runs in the caller's session in this process; `undefined` for a caller without a session. */
export const liveSessionOf = ({ live }: Pick<HttpEdgeContext, 'live'>, { session }: Sender): LiveSession | undefined =>
  session === undefined || session === INVALID_SESSION ? undefined : live.getOrCreate(session);

/**
 * @param isInitialize any session that `initialize` names is the one that it replaces, so it is not read.
 * @throws GuardError `invalid_request` for a repeated header, `unsupported_protocol_version` for an unknown version.
 */
export async function readLegacy(
  { readSession }: Pick<HttpEdgeContext, 'readSession'>,
  request: IncomingMessage,
  isInitialize = false,
): Promise<Sender> {
  const version = singleHeader(request, HEADER_NAME.protocolVersion);
  if (version !== undefined && !isInitialize && !isLegacyVersion(version)) {
    throw new GuardError('unsupported_protocol_version', {
      data: { supported: SUPPORTED_VERSIONS, requested: version.slice(0, 64) },
    });
  }
  const sessionId = singleHeader(request, HEADER_NAME.sessionId);
  // Some clients drop their session id: they keep working, without the features that need a session.
  if (sessionId === undefined || isInitialize) return senderWithoutProfile(version, undefined);
  const opened = await readSession(sessionId);
  if (opened === undefined) return senderWithoutProfile(version, INVALID_SESSION);
  const { session, protocolVersion, capabilities, clientInfo } = opened;
  return {
    era: 'legacy',
    protocolVersion: version ?? protocolVersion,
    capabilities,
    clientInfo,
    logLevel: undefined,
    session,
  };
}

const senderWithoutProfile = (version: string | undefined, session: Session | undefined): Sender => ({
  era: 'legacy',
  protocolVersion: version ?? ASSUMED_VERSION,
  capabilities: {},
  clientInfo: undefined,
  logLevel: undefined,
  session,
});

function singleHeader(request: IncomingMessage, name: string): string | undefined {
  const [value, repeated] = headerValues(request, name.toLowerCase());
  if (repeated !== undefined) throw new GuardError('invalid_request', { message: `There is more than one ${name}.` });
  return value;
}
