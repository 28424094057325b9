/**
 * GET of the legacy revisions: a stream for messages that belong to no call, or the rest of a stream that broke off.
 */
import { GuardError, spendPermit, type Outcome } from '@sallyport/guard';
import { EVENT_STREAM, HEADER } from '../../mcp/headers.ts';
import { primesStreams } from '../../mcp/revisions.ts';
import type { InboundMessage } from '../exchange/inbound-message.ts';
import { runCall } from '../exchange/run-call.ts';
import { toInternalCall } from '../exchange/to-call.ts';
import { acceptsRequests, createClientRequests } from '../sessions/client-requests.ts';
import type { LiveSession, OpenGetStream, PendingCall } from '../sessions/live-sessions.ts';
import { emit, findResumption, openStream, type Resumption, type Stream } from '../sessions/streams.ts';
import { refusalOf, watchStream } from '../subscriptions/reauthorize.ts';
import { serversToSubscribe, subscribeToServers, type LegacySubscriber } from '../subscriptions/subscriber.ts';
import { credentialsOf, inboundMessage, type HttpEdgeContext, type RequestContext } from './context.ts';
import { liveSessionOf, readLegacy } from './legacy.ts';
import { isModernRequest, respondPostOnly } from './modern-request.ts';
import { logFailure, reportRequest, respondRefused } from './respond.ts';
import { attach, messageEvent, openSse, primingEvent, writeBounded } from './sse.ts';

/** Answers a GET. Resolves when its stream has ended. @throws GuardError when the request cannot become a call. */
export async function handleGet(edge: HttpEdgeContext, context: RequestContext): Promise<void> {
  const { request, response } = context;
  if (isModernRequest(context) || !request.headers.accept?.includes(EVENT_STREAM))
    return respondPostOnly(edge, context);
  const sender = await readLegacy(edge, request);
  const pending: PendingCall = { abort: new AbortController(), principalKey: undefined };
  const inbound = inboundMessage(
    context,
    sender,
    credentialsOf(edge, context.request),
    pending.abort.signal,
    undefined,
  );
  const live = liveSessionOf(edge, sender);
  const resumption = findResumption(live?.streams, lastEventId(context));
  const isRestOfCall = resumption?.stream.standalone === false;
  if (!isRestOfCall) edge.calls.checkOpen();
  const end = (): void => pending.abort.abort();
  response.once('close', end);
  const stopWatching = watchStream(edge, inbound, edge.streamLimits, end);
  const getStream = createGetStream(edge, context, inbound, live, pending, resumption);
  try {
    // The rest of a call's stream carries that call only.
    const outcome = isRestOfCall
      ? await resumeCall(edge, inbound, resumption.stream, getStream)
      : await subscribeToServers(edge, inbound, serversToSubscribe(inbound), getStream);
    respondToOutcome(edge, context, outcome);
  } finally {
    stopWatching();
    getStream.release();
  }
}

function lastEventId({ request }: RequestContext): string | undefined {
  const value = request.headers[HEADER.lastEventId];
  return typeof value === 'string' ? value : undefined;
}

/** One GET as a subscriber. */
interface GetStream extends LegacySubscriber {
  release(): void;
}

/** @param resumption where the client reads on; `undefined` for a new stream. */
function createGetStream(
  edge: HttpEdgeContext,
  context: RequestContext,
  { sender }: InboundMessage,
  live: LiveSession | undefined,
  pending: PendingCall,
  resumption: Resumption | undefined,
): GetStream {
  const { response, route, snapshot } = context;
  const { slots } = edge.streamLimits;
  let stream: Stream | undefined;
  let listed: OpenGetStream | undefined;
  let releaseSlot: (() => void) | undefined;
  const send = (message: object): void => {
    const data = JSON.stringify(message);
    if (stream === undefined) writeBounded(response, messageEvent(data));
    else emit(stream, data);
  };
  const clientRequests =
    live !== undefined && acceptsRequests(sender.capabilities)
      ? createClientRequests(live, pending, sender.capabilities, snapshot.gateway.requestTimeoutMs, { send })
      : undefined;
  return {
    send,
    request: clientRequests?.send,
    isReturning: lastEventId(context) !== undefined && resumption === undefined,
    admit(identity) {
      const { key: principalKey } = identity.principal;
      if (pending.principalKey !== undefined) return;
      if (resumption !== undefined && resumption.stream.owner.principalKey !== principalKey)
        throw new GuardError('session_not_found');
      releaseSlot = slots.take(identity, snapshot.gateway.streamsPerPrincipalMax);
      pending.principalKey = principalKey;
      stream = openResponse(context, sender.protocolVersion, live, { principalKey }, resumption, edge.clock.now());
      if (live === undefined || stream?.standalone !== true) return;
      listed = { endpoint: route.endpoint, principalKey };
      live.getStreams.push(listed);
    },
    // 2025-11-25: a message goes out on one stream of a session only. The newest, because an older one may be dead.
    isCurrent: () =>
      live === undefined || (listed !== undefined && listed === newestOfSameCaller(live.getStreams, listed)),
    release() {
      clientRequests?.end();
      if (listed !== undefined) live?.getStreams.splice(live.getStreams.indexOf(listed), 1);
      releaseSlot?.();
    },
  };
}

const newestOfSameCaller = (open: readonly OpenGetStream[], like: OpenGetStream): OpenGetStream | undefined =>
  open.findLast(({ endpoint, principalKey }) => endpoint === like.endpoint && principalKey === like.principalKey);

/**
 * Starts the response, with the events that a resuming client missed.
 *
 * @returns the stream, for callers with a session.
 */
function openResponse(
  { response, headers }: RequestContext,
  protocolVersion: string,
  live: LiveSession | undefined,
  owner: Stream['owner'],
  resumption: Resumption | undefined,
  nowMs: number,
): Stream | undefined {
  openSse(response, headers);
  if (live === undefined) {
    writeBounded(response, ': listening\n\n');
    return undefined;
  }
  const stream = resumption?.stream ?? openStream(live, owner, true, nowMs);
  if (resumption === undefined)
    writeBounded(response, primesStreams(protocolVersion) ? primingEvent(stream) : ': listening\n\n');
  const after = resumption?.afterSequence ?? 0;
  for (const { sequence, text } of stream.events) if (sequence > after) writeBounded(response, text);
  attach(stream, response);
  stream.usedAtMs = nowMs;
  return stream;
}

/** Resumes the stream of a call, which ends when the call has sent its last message. */
function resumeCall(
  edge: HttpEdgeContext,
  inbound: InboundMessage,
  stream: Stream,
  subscriber: LegacySubscriber,
): Promise<Outcome> {
  const call = toInternalCall(edge, 'stream/listen', {}, inbound);
  return runCall(edge, inbound, call, async (permit) => {
    const { call: streamed } = stream.owner;
    const { credentials, signal, sender } = inbound;
    const refusal = streamed && (await refusalOf(edge, { ...streamed, credentials, signal, session: sender.session }));
    if (refusal !== undefined) throw refusal;
    subscriber.admit(spendPermit(permit));
    if (!stream.done) await disconnected(stream, inbound.signal);
    return { value: {} };
  });
}

const disconnected = (stream: Stream, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const disconnect = stream.disconnect;
    stream.disconnect = () => {
      disconnect?.();
      resolve();
    };
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

function respondToOutcome(edge: HttpEdgeContext, context: RequestContext, outcome: Outcome): void {
  const { response } = context;
  logFailure(edge, outcome);
  if (response.headersSent || outcome.status === 'success') response.end();
  else respondRefused(context, outcome.error, outcome.error.code === 'not_found' ? 404 : undefined);
  reportRequest(edge, context, 'stream/listen', outcome.tenant?.id);
}
