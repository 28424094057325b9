/** A session up to 2025-11-25, and the small exchanges around its requests: notifications, responses, cancellations. */
import type { GuardError, JsonObject, Log } from '@sallyport/guard';
import { ACCEPT_RESPONSE, HEADER } from '@sallyport/server/mcp/headers';
import { hasVersionHeader } from '@sallyport/server/mcp/revisions';
import { NOTIFICATION } from '@sallyport/server/mcp/notifications';
import type { PendingClientRequests } from '../../client-requests/pending.ts';
import { encodeNotification } from '../encode.ts';
import type { IdleTimeout } from '../idle-timeout.ts';
import type { OnRequest, ServerInitiated } from '../transport.ts';
import { sendHttp, type HttpExchange } from './exchange.ts';
import type { Receiver, ServerNotification, ServerRequest } from './receiver.ts';
import type { HttpSockets } from './sockets.ts';

/** The state of one session. */
export interface LegacySession {
  /** Name of the server. */
  readonly server: string;
  readonly sockets: HttpSockets;
  readonly log: Log;
  readonly serverInitiated: ServerInitiated;
  /** Bytes that a message on the GET stream may have. */
  readonly bytesMax: number;
  /** Ends the GET stream. */
  readonly ended: AbortController;
  /** `Mcp-Session-Id`, when the server gave one. */
  id: string | undefined;
  version: string | undefined;
  lastRequestId: number;
  /** Messages that were ignored. */
  drops: number;
  /** True when no further request can succeed. */
  closed: boolean;
  /** Requests of the gateway that wait for their response, by id. */
  readonly receivers: Map<unknown, Receiver>;
  /** Requests of the server that wait for the client. */
  readonly clientRequests: PendingClientRequests;
}

const POST_TIMEOUT_MS = 10_000;
const DELETE_TIMEOUT_MS = 2_000;
/** The body of these exchanges is not read. */
const IGNORED_BYTES_MAX = 64 * 1024;

/** The headers of every request of a session. @param accept the header `Accept`. */
export function headersOf({ sockets, id, version }: LegacySession, accept: string): Record<string, string> {
  return {
    ...sockets.headers,
    accept,
    'accept-encoding': 'identity',
    ...(id === undefined ? {} : { [HEADER.sessionId]: id }),
    ...(version !== undefined && hasVersionHeader(version) ? { [HEADER.protocolVersion]: version } : {}),
  };
}

/**
 * Answers a request that the server makes of the client.
 *
 * @param idleTimeout of the request that the server works on: it stands still while the server waits for the client.
 */
export function answerServerRequest(
  session: LegacySession,
  { id, method, params }: ServerRequest,
  onRequest: OnRequest,
  idleTimeout?: IdleTimeout,
): void {
  const answer = (withdrawn: AbortSignal): Promise<JsonObject> => {
    idleTimeout?.pause();
    return method === 'ping' ? Promise.resolve({}) : onRequest(method, params, withdrawn);
  };
  const dropped = session.clientRequests.add(id, answer, (response) => {
    idleTimeout?.resume();
    if (response !== undefined) void post(session, response);
  });
  if (dropped !== undefined) logDropped(session, dropped);
}

const LOGGED_DROPS_MAX = 20;

/** Logs a message that is ignored, the first few of a session. @param why in words of the gateway. */
export function logDropped(session: LegacySession, why: string): void {
  const { log, server } = session;
  if (++session.drops <= LOGGED_DROPS_MAX) log('warn', 'dropped a message from a server', { server, why });
}

/** @returns true for a cancellation by the server: it wants no response to a request of its own any more. */
export function withdrawIfCancelled(session: LegacySession, { method, params }: ServerNotification): boolean {
  if (method !== NOTIFICATION.cancelled) return false;
  session.clientRequests.cancel(params['requestId']);
  return true;
}

/** Sends a notification or a response. How the server takes it does not matter. */
export async function post(session: LegacySession, body: Buffer): Promise<void> {
  const exchange = sendHttp({
    pool: session.sockets.requests,
    method: 'POST',
    path: session.sockets.path,
    body,
    bytesMax: IGNORED_BYTES_MAX,
    headers: { ...headersOf(session, ACCEPT_RESPONSE), 'content-type': 'application/json' },
  });
  await endWithin(exchange, POST_TIMEOUT_MS);
}

/** Closing a request does not cancel it in these revisions, so that a cancellation is sent. */
export const cancelRequest = (session: LegacySession, requestId: number, { code }: GuardError): Promise<void> =>
  post(session, encodeNotification(NOTIFICATION.cancelled, { requestId, reason: code }));

/** Deletes the session at the server, if it has an id. Never rejects. */
export async function closeSession(session: LegacySession): Promise<void> {
  if (session.ended.signal.aborted && session.closed) return;
  markClosed(session);
  if (session.id === undefined) return;
  const exchange = sendHttp({
    pool: session.sockets.requests,
    method: 'DELETE',
    path: session.sockets.path,
    headers: headersOf(session, 'application/json'),
    body: undefined,
    bytesMax: IGNORED_BYTES_MAX,
  });
  await endWithin(exchange, DELETE_TIMEOUT_MS);
}

/** No further request goes out, and the GET stream ends. */
export function markClosed(session: LegacySession): void {
  session.closed = true;
  session.ended.abort();
}

async function endWithin(exchange: HttpExchange, timeoutMs: number): Promise<void> {
  const timer = setTimeout(exchange.abort, timeoutMs);
  await exchange.outcome;
  clearTimeout(timer);
}
