/** Opens a session: a connection over the server's transport, and the state around it. */
import type { JsonObject } from '@sallyport/guard';
import type { ServerSettings } from '../../snapshot.ts';
import { gatewayCapabilities } from '../client-requests/capabilities.ts';
import { readinessReasonOf, reasonOf, transportErrorOf, transportFailure } from '../transports/failure.ts';
import type { ConnectOptions, Endpoint } from '../transports/transport-kind.ts';
import { TRANSPORTS } from '../transports/transports.ts';
import type { Connection } from '../transports/transport.ts';
import type { PoolState } from './pool-state.ts';
import { endpointKey, sharedSessionKey } from './session-key.ts';
import { createSessionState, type Owner, type UpstreamSession } from './session.ts';

/**
 * Opens a session and puts it into the pool.
 *
 * @param key under which a session with an owner is kept.
 * @param asksForLegacy whether a server of both eras is spoken to in the legacy one.
 * @returns the shared session when another caller opened one meanwhile.
 * @throws GuardError `upstream_failed` or `upstream_timeout`; nothing stays open then.
 */
export async function openSession(
  state: PoolState,
  key: string,
  settings: ServerSettings,
  owner: Owner,
  capabilities: JsonObject,
  asksForLegacy: boolean,
): Promise<UpstreamSession> {
  const kind = TRANSPORTS[settings.transport.kind];
  const backoffKey = JSON.stringify([settings.name, owner.user]);
  const waitMs = state.backoff.waitMs(backoffKey);
  if (waitMs > 0) throw transportFailure(`the server failed to start; next attempt in ${Math.ceil(waitMs / 1000)} s`);
  const sessionState = createSessionState();
  const serverInitiated = state.serverInitiated(settings, owner, sessionState);
  const closing = state.closing.signal;
  const ownCapabilities = gatewayCapabilities(settings.clientRequests);
  const connectOptions = { settings, capabilities, ownCapabilities, log: state.log, closing, serverInitiated };
  const open = asksForLegacy ? openLegacyConnection : openConnection;
  const connection = await open(endpointOf(state, settings), connectOptions, state).catch((thrown: unknown) => {
    if (kind.restart === 'backoff') state.backoff.failed(backoffKey);
    noteFailure(state, settings.name, thrown);
    throw thrown;
  });
  state.backoff.succeeded(backoffKey);
  state.failures.delete(settings.name);
  const isShared = kind.sharedEras.has(connection.era);
  const alreadyShared = isShared ? state.sessions.get(sharedSessionKey(settings)) : undefined;
  if (alreadyShared !== undefined) return alreadyShared;
  const session: UpstreamSession = {
    ...sessionState,
    key: isShared ? sharedSessionKey(settings) : key,
    settings,
    owner: isShared ? undefined : owner,
    connection,
    useCount: 0,
    lastUsedAtMs: state.clock.now(),
  };
  state.sessions.set(session.key, session);
  await state.onOpened(session);
  if (closing.aborted) await connection.close();
  return session;
}

function noteFailure(state: PoolState, server: string, thrown: unknown): void {
  state.failures.set(server, { reason: readinessReasonOf(thrown), atMs: state.clock.now() });
  state.log('warn', 'a server could not be reached', { server, why: reasonOf(thrown) });
}

function endpointOf(state: PoolState, settings: ServerSettings): Endpoint {
  const key = endpointKey(settings);
  const known = state.endpoints.get(key);
  if (known !== undefined) return known;
  const endpoint = TRANSPORTS[settings.transport.kind].openEndpoint(settings, state.environment);
  state.endpoints.set(key, endpoint);
  return endpoint;
}

/**
 * Opens a legacy session if the server has one to give, else what it has. It is asked for the session, because a server
 * of both eras names only the modern one when it is asked for its revisions.
 *
 * @throws GuardError as `openConnection`.
 */
async function openLegacyConnection(
  endpoint: Endpoint,
  options: Omit<ConnectOptions, 'era'>,
  state: PoolState,
): Promise<Connection> {
  const { name } = options.settings;
  if (state.eras.get(name) === 'legacy') return openConnection(endpoint, options, state);
  const legacy = await endpoint.connect({ ...options, era: 'legacy' }).catch(() => undefined);
  if (legacy?.carriesServerRequests === true) return legacy;
  await legacy?.close();
  const connection = await openConnection(endpoint, options, state);
  if (connection.era === 'modern') state.withoutSessions.add(name);
  return connection;
}

/**
 * Connects in the newest revision that both sides know, and remembers the era for the next connection.
 *
 * @throws GuardError `upstream_failed` or `upstream_timeout`; nothing stays open then.
 */
async function openConnection(
  endpoint: Endpoint,
  options: Omit<ConnectOptions, 'era'>,
  state: PoolState,
): Promise<Connection> {
  const { name } = options.settings;
  const { eras } = state;
  try {
    const connection = await endpoint.connect({ ...options, era: eras.get(name) });
    eras.set(name, connection.era);
    return connection;
  } catch (thrown) {
    // The remembered era may be the cause: the gateway tries once more without it.
    if (eras.delete(name) && transportErrorOf(thrown)?.unsent !== true) return openConnection(endpoint, options, state);
    throw thrown;
  }
}
