/** The session that carries a call, and what a failure on it means for the session and for the call. */
import { GuardError } from '@sallyport/guard';
import { canBeAsked } from '../client-requests/capabilities.ts';
import { isEraMismatch } from '../sessions/era-mismatch.ts';
import type { SessionPool } from '../sessions/pool.ts';
import type { UpstreamSession } from '../sessions/session.ts';
import { transportErrorOf } from '../transports/failure.ts';
import type { ServerCall } from './server-call.ts';

/**
 * At once where a session is open. The caller gives it back with `pool.release`.
 *
 * @throws GuardError as `SessionPool.acquire`, or `cancelled` when the caller goes away first.
 */
export function acquireSession(pool: SessionPool, call: ServerCall): UpstreamSession | Promise<UpstreamSession> {
  const acquired = pool.acquire(call.settings, call.owner, call.clientCapabilities, needsSession(call));
  return acquired instanceof Promise ? unlessCancelled(pool, acquired, call.permitted.call.signal) : acquired;
}

/** A legacy client that can be asked is asked by requests of the server, which are made in a session only. */
const needsSession = ({ channel, clientCapabilities }: ServerCall): boolean =>
  channel.era === 'legacy' && canBeAsked(clientCapabilities);

/** A caller that goes away does not wait for a session to open. The session stays open for the next call. */
async function unlessCancelled(
  pool: SessionPool,
  opening: Promise<UpstreamSession>,
  signal: AbortSignal,
): Promise<UpstreamSession> {
  const { promise: cancelled, reject } = Promise.withResolvers<never>();
  const cancel = (): void => reject(new GuardError('cancelled'));
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    return await Promise.race([opening, cancelled]);
  } catch (thrown) {
    opening.then(pool.release, () => undefined);
    throw thrown;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** What had left for the server when a call failed: `lists` have no effect there, the `call` itself may have one. */
export type Sent = 'lists' | 'call';

/**
 * After a failure: discards the session when it has ended, or when its server speaks another era than was remembered.
 *
 * @param attempt 0 for the first. @returns true when everything may be sent once more over another session. A call that
 * reached its server never is, however the server answered: it may have been executed (L10).
 */
export function prepareRetry(
  pool: SessionPool,
  session: UpstreamSession,
  { permitted }: ServerCall,
  thrown: unknown,
  attempt: number,
  sent: Sent,
): boolean {
  const unsent = transportErrorOf(thrown)?.unsent === true;
  const isMismatch = isEraMismatch(session.connection.era, thrown);
  if (unsent || isMismatch) pool.discard(session);
  return attempt === 0 && (unsent || (isMismatch && sent === 'lists')) && !permitted.call.signal.aborted;
}
