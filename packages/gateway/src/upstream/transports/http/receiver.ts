/** What a server sends while it works on one request: notifications, requests of its own, and one response. */
import { GuardError, type Log } from '@sallyport/guard';
import { NOTIFICATION } from '@sallyport/server/mcp/notifications';
import { readServerMessages, type ServerMessage } from '@sallyport/server/mcp/server-message';
import { tooLarge, transportFailure } from '../failure.ts';
import { startIdleTimeout, type IdleTimeout } from '../idle-timeout.ts';
import { readResponse } from '../response.ts';
import type { OutboundRequest, ServerResult } from '../transport.ts';
import type { HttpFailure, HttpResponse } from './exchange.ts';

/** A notification of a server. */
export type ServerNotification = Extract<ServerMessage, { kind: 'notification' }>;
/** A request that a server makes of the client. */
export type ServerRequest = Extract<ServerMessage, { kind: 'request' }>;

/** Notifications of one request that are passed on. Later ones are dropped, so that a flood ends here. */
const NOTIFICATIONS_MAX = 10_000;
/** Dropped messages of one request that are logged. */
const LOGGED_DROPS_MAX = 20;
/** A message may be larger than its result by this much. */
const ENVELOPE_BYTES = 64 * 1024;

/** How large a message with the result of a request may be. */
export const messageBytesMax = ({ bytesMax }: OutboundRequest): number => bytesMax + ENVELOPE_BYTES;

/** What is received for one request. */
export interface Receiver {
  readonly id: number;
  readonly idleTimeout: IdleTimeout;
  readonly result: Promise<ServerResult>;
  /** True when the result, or a failure, is known. */
  isSettled(): boolean;
  /** Reads one JSON text: a plain body, or the data of an event. @returns how many messages it held. */
  read(bytes: Buffer): number;
  /** Takes a notification of this request that came on another stream. */
  onNotification(message: ServerNotification): void;
  /** Settles with a failure, unless the result is there already. */
  fail(error: GuardError): void;
}

/** What differs between the transports. */
export interface ReceiverEvents {
  /** The server makes a request of the client. */
  onServerRequest(message: ServerRequest): void;
  /** @returns true for a notification about a request of the server's own. */
  onServerNotification(message: ServerNotification): boolean;
  /** The wait ended before the response came: cancel the request at the server. */
  onGivenUp(error: GuardError): void;
}

/** @param id of the request; it is its progress token as well. */
export function createReceiver(
  id: number,
  request: OutboundRequest,
  server: string,
  log: Log,
  events: ReceiverEvents,
): Receiver {
  const { promise, resolve, reject } = Promise.withResolvers<ServerResult>();
  let settled = false;
  let notifications = 0;
  let drops = 0;
  const idleTimeout = startIdleTimeout(request, (error) => {
    if (settled) return;
    settled = true;
    events.onGivenUp(error);
    reject(error);
  });
  const settle = (result: ServerResult | GuardError): void => {
    if (settled) return;
    settled = true;
    idleTimeout.stop();
    if (result instanceof GuardError) reject(result);
    else resolve(result);
  };
  const drop = (why: string): void => {
    if (++drops < LOGGED_DROPS_MAX) log('warn', 'dropped a message from a server', { server, why });
  };
  const onNotification = (message: ServerNotification): void => {
    // A flood does not count as activity.
    if (++notifications > NOTIFICATIONS_MAX) return;
    idleTimeout.touch();
    if (events.onServerNotification(message) || isForeignProgress(id, request, message)) return;
    request.onNotification(message.method, message.params);
  };
  const onMessage = (message: ServerMessage): void => {
    if (message.kind === 'malformed') return drop(message.why);
    if (message.kind === 'request') return events.onServerRequest(message);
    if (message.kind === 'notification') return onNotification(message);
    if (message.id !== id && !(message.kind === 'error' && message.id === null))
      return drop('a response to another request');
    settle(readResponse(message, request.bytesMax));
  };
  return {
    id,
    idleTimeout,
    result: promise,
    isSettled: () => settled,
    read: (bytes) => {
      if (settled) return 0;
      const messages = readServerMessages(bytes, messageBytesMax(request));
      for (const message of messages) onMessage(message);
      return messages.length;
    },
    onNotification: (message) => {
      if (!settled) onNotification(message);
    },
    fail: settle,
  };
}

/** Progress that nobody asked for, or of another request. */
const isForeignProgress = (id: number, request: OutboundRequest, { method, params }: ServerNotification): boolean =>
  method === NOTIFICATION.progress && (!request.wantsProgress || params['progressToken'] !== id);

/** The failure that a finished exchange without a response stands for. */
export function failureOf(outcome: HttpResponse | HttpFailure): GuardError {
  if ('fault' in outcome) return faultFailure(outcome);
  const { status } = outcome;
  if (status >= 300 && status < 400) return transportFailure('the server redirects, which is not followed', { status });
  return transportFailure(status === 200 ? 'the answer holds no response' : 'the server refused the request', {
    status,
  });
}

function faultFailure({ fault, sent, cause }: HttpFailure): GuardError {
  if (fault === 'too_large') return tooLarge();
  if (fault === 'encoded') return transportFailure('the answer is compressed, which was not asked for', { cause });
  if (fault === 'flooded') return transportFailure('the server floods its answer');
  const reason = fault === 'connect' ? `the server cannot be reached${codeOf(cause)}` : 'the connection broke';
  return transportFailure(reason, { unsent: !sent, cause });
}

/** Why a connection could not be opened, in the word of Node.js: `ECONNREFUSED`, `ENOTFOUND`, `CERT_HAS_EXPIRED`. */
function codeOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? ` (${code})` : '';
}
