/** Reaping: what ended, what is idle and what is not configured any more leaves the pool. */
import { removeSession, type PoolState } from './pool-state.ts';
import { endpointKey } from './session-key.ts';
import type { UpstreamSession } from './session.ts';

/** Removes sessions and endpoints that are of no use any more; announces sessions that ended under a subscriber. */
export function reap(state: PoolState): void {
  const configured = new Set(state.servers().map(endpointKey));
  for (const session of state.sessions.values()) {
    const closed = session.connection.isClosed();
    if (closed || isIdle(state, session) || isUnconfigured(session, configured)) removeSession(state, session);
    if (closed && state.hasSubscribers(session)) state.onLost(session);
  }
  const used = new Set([...state.sessions.values()].map(({ settings }) => endpointKey(settings)));
  for (const [key, endpoint] of state.endpoints) {
    if (configured.has(key) || used.has(key)) continue;
    state.endpoints.delete(key);
    void endpoint.close();
  }
}

function isIdle(state: PoolState, session: UpstreamSession): boolean {
  const idleMs = state.clock.now() - session.lastUsedAtMs;
  return session.useCount <= 0 && idleMs > session.settings.sessions.idleMs && !state.hasSubscribers(session);
}

const isUnconfigured = (session: UpstreamSession, configured: ReadonlySet<string>): boolean =>
  session.useCount <= 0 && !configured.has(endpointKey(session.settings));
