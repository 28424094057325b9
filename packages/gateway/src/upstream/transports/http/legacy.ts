/**
 * Streamable HTTP up to 2025-11-25: one session, requests whose streams can be resumed, a stream for what the server has
 * to say on its own. Leaving a request is not cancelling it, so cancellations are sent.
 */
import type { Log } from '@sallyport/guard';
import { createPendingClientRequests } from '../../client-requests/pending.ts';
import { encodeRequest, encodeNotification } from '../encode.ts';
import { transportFailure } from '../failure.ts';
import type { ServerResult, OutboundRequest, ServerInitiated, Transport } from '../transport.ts';
import { readServerMessages } from '../../../mcp/server-message.ts';
import { dispatchHttp, isJson, type Dispatched, type HttpFailed, type HttpReply } from './dispatch.ts';
import { keepGetStream } from './get-stream.ts';
import { LINGER_MS } from './modern.ts';
import type { Endpoint } from './endpoint.ts';
import { faultOf, receive, type Receiver } from './receive.ts';
import { answerServer, cancel, close, headersOf, post, withdraw, type LegacyState } from './legacy-session.ts';

export interface LegacyHttpTransport extends Transport {
  /** After `initialize`: the revision to name in headers; opens the stream for what the server says on its own. */
  agreed(version: string): void;
}

export interface LegacyOptions {
  readonly server: string;
  readonly endpoint: Endpoint;
  readonly log: Log;
  readonly unattached: ServerInitiated;
  readonly maxBytes: number;
}

const RESUMES_MAX = 5;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 30_000;
const SESSION_ID = /^[\x21-\x7e]{1,1024}$/;

export function createLegacyHttpTransport(options: LegacyOptions): LegacyHttpTransport {
  const state: LegacyState = {
    ...options,
    ended: new AbortController(),
    session: undefined,
    version: undefined,
    lastId: 0,
    dead: false,
    running: new Map(),
    asking: createPendingClientRequests(),
  };
  return {
    request: (ask) => request(state, ask),
    notify: (method, params) => post(state, encodeNotification(method, params)),
    isClosed: () => state.dead,
    close: () => close(state),
    agreed: (version) => {
      state.version = version;
      keepGetStream(state);
    },
  };
}

async function request(state: LegacyState, ask: OutboundRequest): Promise<ServerResult> {
  if (state.dead) throw transportFailure('the session is gone', { unexecuted: true });
  const id = ++state.lastId;
  let exchange: Dispatched | undefined;
  const receiver = receive(id, ask, {
    server: state.server,
    log: state.log,
    onServerRequest: (serverId, method, params) =>
      answerServer(state, { id: serverId, method, params }, { patience: receiver.patience, onRequest: ask.onRequest }),
    onServerNotice: (method, params) => withdraw(state, method, params),
    onLost: (why) => {
      if (ask.method !== 'initialize') void cancel(state, id, why);
      exchange?.abort();
    },
  });
  state.running.set(id, receiver);
  void follow(state, receiver, ask, (current) => (exchange = current));
  try {
    return await receiver.answer;
  } finally {
    state.running.delete(id);
  }
}

/** Sends the request and, while the server only broke off the stream, fetches the rest of it. */
async function follow(
  state: LegacyState,
  receiver: Receiver,
  ask: OutboundRequest,
  current: (exchange: Dispatched) => void,
): Promise<void> {
  let eventId: string | undefined;
  const hear =
    (exchange: Dispatched) =>
    (event: { data: Buffer; id: string | undefined }): void => {
      eventId = event.id ?? eventId;
      if (event.data.length > 0) receiver.take(event.data);
      if (receiver.settled()) setTimeout(exchange.abort, LINGER_MS).unref();
    };
  const body = encodeRequest(receiver.id, ask);
  const start = (method: 'POST' | 'GET', headers: Record<string, string>): Dispatched => {
    const exchange: Dispatched = dispatchHttp({
      pool: method === 'GET' ? state.endpoint.streams : state.endpoint.calls,
      method,
      path: state.endpoint.path,
      headers,
      body: method === 'GET' ? undefined : body,
      maxBytes: ask.bytesMax + 64 * 1024,
      onHead: (status, received) => {
        receiver.patience.touch();
        const session = received['mcp-session-id'];
        if (ask.method === 'initialize' && status === 200 && typeof session === 'string' && SESSION_ID.test(session))
          state.session = session;
      },
      onEvent: (event) => hear(exchange)(event),
    });
    current(exchange);
    return exchange;
  };
  let resumed = false;
  let retryMs = 1_000;
  let reply = await start('POST', {
    ...headersOf(state, 'application/json, text/event-stream'),
    'content-type': 'application/json',
  }).reply;
  for (
    let resumes = 0;
    !receiver.settled() && eventId !== undefined && brokeOff(reply) && resumes < RESUMES_MAX;
    resumes++
  ) {
    const from: string = eventId;
    retryMs = reply.retryMs ?? retryMs;
    await new Promise((resolve) => setTimeout(resolve, Math.min(Math.max(retryMs, RETRY_MIN_MS), RETRY_MAX_MS)));
    if (receiver.settled()) return;
    reply = await start('GET', { ...headersOf(state, 'text/event-stream'), 'last-event-id': from }).reply;
    if (eventId !== from) resumes = 0;
    resumed = true;
  }
  finish(state, receiver, reply, resumed);
}

/** A stream that ended or broke without its answer; a plain answer or a refusal is final. */
const brokeOff = (reply: HttpReply | HttpFailed): boolean =>
  'fault' in reply ? reply.fault === 'broken' || reply.fault === 'connect' : reply.streamed;

/** @param resumed the server took the request before: however the rest is refused, it may have been executed. */
function finish(state: LegacyState, receiver: Receiver, reply: HttpReply | HttpFailed, resumed: boolean): void {
  if (receiver.settled()) return;
  if (refusesSession(state, reply)) {
    state.dead = true;
    state.ended.abort();
    if (!resumed)
      return receiver.fail(transportFailure('the session is gone', { unexecuted: true, status: reply.status }));
  }
  if ('fault' in reply && reply.fault !== 'connect') return receiver.fail(faultOf(reply));
  if (resumed) return receiver.fail(transportFailure('the stream broke and could not be read on'));
  if ('fault' in reply) return receiver.fail(faultOf(reply));
  if (!reply.streamed && isJson(reply.headers)) receiver.take(reply.body);
  if (!receiver.settled()) receiver.fail(faultOf(reply));
}

/**
 * The session is unknown, so nothing was executed and a new one must be made: 404 (2025-11-25, session management), or
 * what the examples of the v1 SDK answer after a restart, 400 with -32000.
 */
function refusesSession({ session, maxBytes }: LegacyState, reply: HttpReply | HttpFailed): reply is HttpReply {
  if (session === undefined || 'fault' in reply || reply.streamed) return false;
  if (reply.status !== 400 || !isJson(reply.headers)) return reply.status === 404;
  return readServerMessages(reply.body, maxBytes).some(
    (message) => message.kind === 'error' && message.code === -32000,
  );
}
