/** A request in a session up to 2025-11-25. When its stream breaks, the gateway resumes it and reads on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readServerMessages } from '@sallyport/server/mcp/server-message';
import { RPC_ERROR } from '@sallyport/server/mcp/error-codes';
import { ACCEPT_RESPONSE, EVENT_STREAM, HEADER } from '@sallyport/server/mcp/headers';
import { encodeRequest } from '../encode.ts';
import { transportFailure } from '../failure.ts';
import type { OutboundRequest, ServerResult } from '../transport.ts';
import {
  isJson,
  sendHttp,
  type HttpExchange,
  type HttpFailure,
  type HttpRequest,
  type HttpResponse,
} from './exchange.ts';
import {
  answerServerRequest,
  cancelRequest,
  headersOf,
  markClosed,
  withdrawIfCancelled,
  type LegacySession,
} from './legacy-session.ts';
import { LINGER_MS } from './modern.ts';
import { createReceiver, failureOf, messageBytesMax, type Receiver } from './receiver.ts';

/** A request that is delivered over one stream, or over several when a stream breaks. */
interface Delivery {
  readonly request: OutboundRequest;
  readonly receiver: Receiver;
  /** The exchange of the current stream. */
  exchange: HttpExchange | undefined;
  /** Where a new stream would read on. */
  lastEventId: string | undefined;
}

const RESUMES_MAX = 5;
const RETRY_MS = 1_000;
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 30_000;
const SESSION_ID = /^[\x21-\x7e]{1,1024}$/;

/** @throws GuardError as `Transport.request`. */
export async function requestLegacy(session: LegacySession, request: OutboundRequest): Promise<ServerResult> {
  if (session.closed) throw transportFailure('the session is gone', { unsent: true });
  const id = ++session.lastRequestId;
  const receiver = createReceiver(id, request, session.server, session.log, {
    onServerRequest: (message) => answerServerRequest(session, message, request.onRequest, receiver.idleTimeout),
    onServerNotification: (message) => withdrawIfCancelled(session, message),
    onGivenUp: (error) => {
      // `initialize` must not be cancelled (2025-11-25, cancellation).
      if (request.method !== 'initialize') void cancelRequest(session, id, error);
      delivery.exchange?.abort();
    },
  });
  const delivery: Delivery = { request, receiver, exchange: undefined, lastEventId: undefined };
  session.receivers.set(id, receiver);
  void deliver(session, delivery);
  try {
    return await receiver.result;
  } finally {
    session.receivers.delete(id);
  }
}

/** Sends the request and, while the server only breaks off the stream, reads the rest of it from a new one. */
async function deliver(session: LegacySession, delivery: Delivery): Promise<void> {
  const { request, receiver } = delivery;
  const { requests, streams, path } = session.sockets;
  const bytesMax = messageBytesMax(request);
  const postHeaders = { ...headersOf(session, ACCEPT_RESPONSE), 'content-type': 'application/json' };
  const body = encodeRequest(receiver.id, request);
  let outcome = await send(session, delivery, {
    pool: requests,
    method: 'POST',
    path,
    headers: postHeaders,
    body,
    bytesMax,
  });
  let resumed = false;
  let retryMs = RETRY_MS;
  for (let resumes = 0; resumes < RESUMES_MAX; resumes++) {
    const { lastEventId } = delivery;
    if (receiver.isSettled() || lastEventId === undefined || !brokeOff(outcome)) break;
    if (!('fault' in outcome)) request.onStreamEnded?.();
    retryMs = outcome.retryMs ?? retryMs;
    await sleep(Math.min(Math.max(retryMs, RETRY_MS_MIN), RETRY_MS_MAX));
    if (receiver.isSettled()) return;
    const headers = { ...headersOf(session, EVENT_STREAM), [HEADER.lastEventId]: lastEventId };
    outcome = await send(session, delivery, {
      pool: streams,
      method: 'GET',
      path,
      headers,
      body: undefined,
      bytesMax,
    });
    if (delivery.lastEventId !== lastEventId) resumes = 0;
    resumed = true;
  }
  finish(session, receiver, outcome, resumed);
}

function send(
  session: LegacySession,
  delivery: Delivery,
  httpRequest: HttpRequest,
): Promise<HttpResponse | HttpFailure> {
  const { request, receiver } = delivery;
  const exchange = sendHttp({
    ...httpRequest,
    onHead: (status, headers) => {
      receiver.idleTimeout.touch();
      const sessionId = headers[HEADER.sessionId];
      if (
        request.method === 'initialize' &&
        status === 200 &&
        typeof sessionId === 'string' &&
        SESSION_ID.test(sessionId)
      )
        session.id = sessionId;
    },
    onEvent: (event) => {
      delivery.lastEventId = event.id ?? delivery.lastEventId;
      const messages = event.data.length === 0 ? 0 : receiver.read(event.data);
      if (receiver.isSettled()) setTimeout(exchange.abort, LINGER_MS).unref();
      return messages;
    },
  });
  delivery.exchange = exchange;
  return exchange.outcome;
}

/** A stream that ended or broke without its response. A plain response or a refusal is final. */
const brokeOff = (outcome: HttpResponse | HttpFailure): boolean =>
  'fault' in outcome ? outcome.fault === 'broken' || outcome.fault === 'connect' : outcome.isStream;

/** @param resumed the server took the request before: however it refuses the rest, it may have executed the request. */
function finish(
  session: LegacySession,
  receiver: Receiver,
  outcome: HttpResponse | HttpFailure,
  resumed: boolean,
): void {
  if (receiver.isSettled()) return;
  if (refusesSession(session, outcome)) {
    markClosed(session);
    const { status } = outcome;
    if (!resumed) return receiver.fail(transportFailure('the session is gone', { status }));
  }
  if ('fault' in outcome && outcome.fault !== 'connect') return receiver.fail(failureOf(outcome));
  if (resumed) return receiver.fail(transportFailure('the stream broke and could not be read on'));
  if ('fault' in outcome) return receiver.fail(failureOf(outcome));
  if (!outcome.isStream && isJson(outcome.headers)) receiver.read(outcome.body);
  if (!receiver.isSettled()) receiver.fail(failureOf(outcome));
}

/**
 * The server does not know the session, so that a new one must be made: 404 (2025-11-25, session management), or 400
 * with -32000, which the examples of the v1 SDK answer after a restart.
 */
function refusesSession(session: LegacySession, outcome: HttpResponse | HttpFailure): outcome is HttpResponse {
  if (session.id === undefined || 'fault' in outcome || outcome.isStream) return false;
  if (outcome.status !== 400 || !isJson(outcome.headers)) return outcome.status === 404;
  return readServerMessages(outcome.body, session.bytesMax).some(
    (message) => message.kind === 'error' && message.code === RPC_ERROR.serverError,
  );
}
