/** Requests of the revisions with a handshake: what they left out, the session says, if they have one. */
import type { IncomingMessage } from 'node:http';
import { GuardError, type Session } from '@sallyport/guard';
import type { Caller } from '../eras/caller.ts';
import { ASSUMED_VERSION, isLegacyVersion, SUPPORTED_VERSIONS } from '../../mcp/revisions.ts';
import type { LiveSession } from '../sessions/live-sessions.ts';
import type { HttpEdgeContext } from './context.ts';
import { headerValues } from '../../listen/header-values.ts';

/**
 * What stands for a session that is none. It belongs to nobody, so the guard answers it exactly as it answers the session
 * of somebody else: after it knows who is asking, and with a record.
 */
const NO_SESSION: Session = Object.freeze({ id: '', issuer: '', subject: '', tenant: '' });

/** What is alive of the caller's session in this process; `undefined` without a session. */
export const liveOf = (door: Pick<HttpEdgeContext, 'live'>, { session }: Caller): LiveSession | undefined =>
  session === undefined || session === NO_SESSION ? undefined : door.live.of(session.id);

/**
 * @param greets the request is `initialize`: whatever session it names is the one that it wants to replace.
 * @throws GuardError `unsupported_protocol_version` for a version that is not spoken.
 */
export async function readLegacy(door: HttpEdgeContext, request: IncomingMessage, greets = false): Promise<Caller> {
  const [version, anotherVersion] = headerValues(request, 'mcp-protocol-version');
  if (anotherVersion !== undefined)
    throw new GuardError('invalid_request', { message: 'There is more than one MCP-Protocol-Version.' });
  if (version !== undefined && !greets && !isLegacyVersion(version)) {
    throw new GuardError('unsupported_protocol_version', {
      data: { supported: SUPPORTED_VERSIONS, requested: version.slice(0, 64) },
    });
  }
  const [id, anotherId] = headerValues(request, 'mcp-session-id');
  if (anotherId !== undefined)
    throw new GuardError('invalid_request', { message: 'There is more than one Mcp-Session-Id.' });
  // Some clients drop their session id: they keep working, without what needs a session.
  if (id === undefined || greets)
    return {
      era: 'legacy',
      protocolVersion: version ?? ASSUMED_VERSION,
      capabilities: {},
      clientInfo: undefined,
      logLevel: undefined,
      session: undefined,
    };
  const opened = await door.readSession(id);
  if (opened === undefined)
    return {
      era: 'legacy',
      protocolVersion: version ?? ASSUMED_VERSION,
      capabilities: {},
      clientInfo: undefined,
      logLevel: undefined,
      session: NO_SESSION,
    };
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
