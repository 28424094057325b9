/**
 * GET of the legacy revisions: a stream for messages that belong to no call, or the rest of a stream that broke off.
 */
import { GuardError, spendPermit, type Identity, type Outcome } from '@sallyport/guard';
import { EVENT_STREAM, HEADER } from '../../mcp/headers.ts';
import { primesStreams } from '../../mcp/revisions.ts';
import type { InboundMessage } from '../exchange/inbound-message.ts';
import { runCall } from '../exchange/run-call.ts';
import { toInternalCall } from '../exchange/to-call.ts';
import { acceptsRequests, createClientRequests, type ClientRequests } from '../sessions/client-requests.ts';
import type { LiveSession, OpenGetStream, PendingCall } from '../sessions/live-sessions.ts';
import {
  emit,
  findResumption,
  openStream,
  type Resumption,
  type Stream,
  type StreamEvent,
} from '../sessions/streams.ts';
import { createNotificationGate, mayReceive } from '../subscriptions/notification-gate.ts';
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
  const inbound = inboundMessage(context, sender, await credentialsOf(edge, context), pending.abort.signal, undefined);
  const live = liveSessionOf(edge, sender);
  const resumption = findResumption(live?.streams, lastEventId(context));
  const isRestOfCall = resumption?.stream.standalone === false;
  if (!isRestOfCall) edge.calls.checkOpen();
  const end = (): void => pending.abort.abort();
  response.once('close', end);
  const getStream = createGetStream(edge, context, inbound, live, pending, resumption);
  try {
    // The rest of a call's stream carries that call only.
    const outcome = isRestOfCall
      ? await resumeCall(edge, inbound, resumption.stream, getStream)
      : await subscribeToServers(edge, inbound, serversToSubscribe(inbound), getStream);
    respondToOutcome(edge, context, outcome);
  } finally {
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
  inbound: InboundMessage,
  live: LiveSession | undefined,
  pending: PendingCall,
  resumption: Resumption | undefined,
): GetStream {
  const { response, route, snapshot } = context;
  const { slots } = edge.streamLimits;
  const watch = watchStream(edge, inbound, edge.streamLimits, () => pending.abort.abort());
  let stream: Stream | undefined;
  let listed: OpenGetStream | undefined;
  let releaseSlot: (() => void) | undefined;
  let opening: Promise<void> | undefined;
  // A request ends with this connection: whoever reads on could no longer answer it.
  const sendRequest = (message: object): void => {
    const text = messageEvent(JSON.stringify(message));
    if (stream === undefined) writeBounded(response, text);
    else stream.write?.(text);
  };
  const clientRequests = openClientRequests(inbound, live, pending, { send: sendRequest });
  const open = async (identity: Identity): Promise<void> => {
    const { key: principalKey } = identity.principal;
    if (resumption !== undefined && resumption.stream.owner.principalKey !== principalKey)
      throw new GuardError('session_not_found');
    releaseSlot = slots.take(identity, snapshot.gateway.streamsPerPrincipalMax);
    watch.opened(identity);
    pending.principalKey = principalKey;
    const withheld = await withheldEvents(edge, inbound, resumption);
    const { protocolVersion } = inbound.sender;
    stream = openResponse(context, protocolVersion, live, { principalKey }, resumption, withheld, edge.clock.now());
    if (live === undefined || stream?.standalone !== true) return;
    listed = { endpoint: route.endpoint, principalKey };
    live.getStreams.push(listed);
  };
  return {
    send(message, subject) {
      const data = JSON.stringify(message);
      if (stream === undefined) writeBounded(response, messageEvent(data));
      else emit(stream, data, subject);
    },
    request: clientRequests?.send,
    isReturning: lastEventId(context) !== undefined && resumption === undefined,
    admit: (identity) => (opening ??= open(identity)),
    // 2025-11-25: a message goes out on one stream of a session only. The newest, because an older one may be dead.
    isCurrent: () =>
      live === undefined || (listed !== undefined && listed === newestOfSameCaller(live.getStreams, listed)),
    release() {
      clientRequests?.end();
      if (listed !== undefined) live?.getStreams.splice(live.getStreams.indexOf(listed), 1);
      releaseSlot?.();
      watch.stop();
    },
  };
}

/** Requests of servers to this client; `undefined` when it accepts none. */
const openClientRequests = (
  { sender, snapshot }: InboundMessage,
  live: LiveSession | undefined,
  pending: PendingCall,
  connection: { send(message: object): void },
): ClientRequests | undefined =>
  live !== undefined && acceptsRequests(sender.capabilities)
    ? createClientRequests(live, pending, sender.capabilities, snapshot.gateway.requestTimeoutMs, connection)
    : undefined;

const newestOfSameCaller = (open: readonly OpenGetStream[], like: OpenGetStream): OpenGetStream | undefined =>
  open.findLast(({ endpoint, principalKey }) => endpoint === like.endpoint && principalKey === like.principalKey);

/**
 * B10: the kept events that a resuming client may not hear of any more: some time may have passed since they were sent.
 * Those of a call belong to the call, which was judged again as a whole.
 */
async function withheldEvents(
  edge: HttpEdgeContext,
  inbound: InboundMessage,
  resumption: Resumption | undefined,
): Promise<ReadonlySet<StreamEvent>> {
  const withheld = new Set<StreamEvent>();
  if (resumption === undefined) return withheld;
  const gate = createNotificationGate(edge, inbound);
  const judgeEvent = async (event: StreamEvent): Promise<void> => {
    const { subject } = event;
    if (subject !== undefined && !(await mayReceive(gate, subject, subject.params))) withheld.add(event);
  };
  await Promise.all(resumption.stream.events.map(judgeEvent));
  return withheld;
}

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
  withheld: ReadonlySet<StreamEvent>,
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
  for (const event of stream.events)
    if (event.sequence > after && !withheld.has(event)) writeBounded(response, event.text);
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
    await subscriber.admit(spendPermit(permit));
    if (!stream.done) await disconnected(stream, inbound.signal);
    return { value: {} };
  });
}

const disconnected = (stream: Stream, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
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
