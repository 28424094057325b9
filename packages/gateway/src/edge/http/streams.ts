/** GET and DELETE of the legacy revisions: the stream for what belongs to no call, resumption, and the end of a session. */
import { GuardError, permitHolder, spendPermit, type Outcome, type ClientChannel } from '@sallyport/guard';
import { renderError } from '../render-outcome.ts';
import type { Caller } from '../eras/caller.ts';
import { MODERN_VERSION, primesStreams } from '../../mcp/revisions.ts';
import { toCall, runCall, type InboundMessage } from '../exchange.ts';
import { notificationParams } from '../names/notification-params.ts';
import { inRoute } from '../names/route.ts';
import {
  createNotificationGate,
  deliverNotification,
  keepReauthorizing,
  type NotificationGate,
} from '../reauthorize.ts';
import type { LiveSession } from '../sessions/live-sessions.ts';
import { emit, findResumable, openStream, type Stream } from '../sessions/streams.ts';
import { reportRequest, respondEmpty, type HttpEdgeContext, type RequestContext } from './context.ts';
import { liveOf, readLegacy } from './legacy.ts';
import { releaseStreamSlot, takeStreamSlot } from './stream-slots.ts';
import { arrivalOf, logFailure, withChallenge } from './post.ts';
import { acceptsRequests, createClientRequests, type ClientRequests } from '../sessions/client-requests.ts';
import { listenTo, openSse, primeText, writeBounded } from './reply.ts';

const isModern = ({ request }: RequestContext): boolean => request.headers['mcp-protocol-version'] === MODERN_VERSION;

function postOnly(door: HttpEdgeContext, visit: RequestContext): void {
  respondEmpty(visit.response, 405, { ...visit.headers, Allow: 'POST' });
  reportRequest(door, visit, { method: visit.request.method ?? '', tenant: undefined });
}

export async function handleGet(door: HttpEdgeContext, visit: RequestContext): Promise<void> {
  if (isModern(visit) || !/text\/event-stream/.test(visit.request.headers.accept ?? '')) return postOnly(door, visit);
  const abort = new AbortController();
  const caller = await readLegacy(door, visit.request);
  const arrival = arrivalOf(door, visit, { caller, abort, rawArguments: undefined });
  const stop = (): void => abort.abort();
  visit.response.once('close', stop);
  door.closing.addEventListener('abort', stop, { once: true });
  const ear: GetStream = {
    endpoint: visit.route.endpoint,
    visit,
    abort,
    caller,
    live: liveOf(door, caller),
    hear: createNotificationGate(door, arrival),
    stream: undefined,
    slot: undefined,
    questions: undefined,
  };
  const stopJudging = keepReauthorizing(door, arrival, stop);
  try {
    // On /mcp each server is listened to by itself, so that its addresses can be spelled as they are there.
    const servers =
      visit.route.server === undefined && !isResumption(ear)
        ? inRoute(visit.route, door.view.servers())
        : [visit.route.server];
    const outcomes = await Promise.all(
      (servers.length === 0 ? [undefined] : servers).map((server) =>
        hear(door, ear, { ...arrival, route: { ...visit.route, server } }),
      ),
    );
    close(door, visit, outcomes.find(({ status }) => status === 'success') ?? (outcomes[0] as Outcome));
  } finally {
    door.closing.removeEventListener('abort', stop);
    stopJudging();
    ear.questions?.end();
    if (ear.live?.getStreams.includes(ear) === true) ear.live.getStreams.splice(ear.live.getStreams.indexOf(ear), 1);
    if (ear.slot !== undefined) releaseStreamSlot(door, ear.slot);
  }
}

/** One GET, and what has been opened for it so far. */
interface GetStream {
  readonly endpoint: string;
  readonly visit: RequestContext;
  readonly abort: AbortController;
  readonly caller: Caller;
  readonly live: LiveSession | undefined;
  readonly hear: NotificationGate;
  stream: Stream | undefined;
  slot: string | undefined;
  questions: ClientRequests | undefined;
}

const lastEventOf = ({ request }: RequestContext): string | undefined => {
  const last = request.headers['last-event-id'];
  return typeof last === 'string' ? last : undefined;
};

/** Reads on where a call's stream broke off: what is heard then is that stream and nothing else. */
function isResumption({ visit, live }: GetStream): boolean {
  const last = lastEventOf(visit);
  return last !== undefined && findResumable(live?.streams, last)?.stream.standalone === false;
}

/** A message goes out on one of a session's streams and on no other (2025-11-25): the youngest, for an older one may be dead. */
const isHeard = (ear: GetStream): boolean =>
  ear.live === undefined ||
  ear.live.getStreams.findLast(({ endpoint, slot }) => endpoint === ear.endpoint && slot === ear.slot) === ear;

async function hear(door: HttpEdgeContext, ear: GetStream, arrival: InboundMessage): Promise<Outcome> {
  const { server } = arrival.route;
  const send = (message: object): void => say(ear, JSON.stringify(message));
  const relay: ClientChannel = {
    era: 'legacy',
    capabilities: ear.caller.capabilities,
    logLevel: undefined,
    progressToken: undefined,
    notify(method, params) {
      const deliver = (): void =>
        void (
          isHeard(ear) &&
          send({
            jsonrpc: '2.0',
            method,
            params: notificationParams(method, params, { route: ear.visit.route, server }),
          })
        );
      deliverNotification(ear.hear, server ?? '', { method, params }, deliver);
    },
    request:
      ear.live && acceptsRequests(ear.caller.capabilities)
        ? (method, params, withdrawn) =>
            ear.questions?.ask(method, params, withdrawn) ?? Promise.reject(new GuardError('cancelled'))
        : undefined,
  };
  return runCall(
    door,
    { call: toCall(door, { method: 'stream/listen', params: {} }, arrival, true), arrival, relay },
    async (_deps, permit) => {
      const resumed = open(door, ear, permitHolder(permit).principal.key);
      if (resumed === undefined) return door.send(permit, relay);
      spendPermit(permit);
      // A resumed stream carries what its call still says; when that is all said it ends.
      if (!resumed.done) await ended(resumed, ear.abort.signal);
      return { value: {} };
    },
  );
}

/** Opens the connection, once the guard has let the caller through. @returns the stream of a call that is read on. */
function open(door: HttpEdgeContext, ear: GetStream, holder: string): Stream | undefined {
  if (ear.slot !== undefined) return undefined;
  const {
    visit: { response, headers },
    live,
  } = ear;
  const last = lastEventOf(ear.visit);
  const resumed = last === undefined ? undefined : findResumable(live?.streams, last);
  if (resumed !== undefined && resumed.stream.holder() !== holder) throw new GuardError('session_not_found');
  ear.slot = takeStreamSlot(door, holder);
  openSse(response, headers);
  if (live === undefined) {
    writeBounded(response, ': listening\n\n');
    return undefined;
  }
  const stream = (ear.stream =
    resumed?.stream ??
    openStream(live.streams, { kept: live.kept, standalone: true, holder: () => holder, now: door.clock.now() }));
  ear.questions = createClientRequests(
    {
      live,
      call: { abort: ear.abort, holder },
      capabilities: ear.caller.capabilities,
      timeoutMs: door.settings().requestTimeoutMs,
    },
    { send: (message) => say(ear, JSON.stringify(message)) },
  );
  stream.end?.();
  if (resumed === undefined) prime(stream, ear);
  for (const event of stream.events) if (event.seq > (resumed?.after ?? 0)) writeBounded(response, event.text);
  listenTo(stream, response);
  stream.usedAt = door.clock.now();
  if (stream.standalone) live.getStreams.push(ear);
  return stream.standalone ? undefined : stream;
}

/** 2025-11-25: a client learns at once where to read on, and after how long. */
function prime(stream: Stream, { visit, caller }: GetStream): void {
  writeBounded(visit.response, primesStreams(caller.protocolVersion) ? primeText(stream) : ': listening\n\n');
}

function say({ stream, visit }: GetStream, data: string): void {
  if (stream === undefined) writeBounded(visit.response, `event: message\ndata: ${data}\n\n`);
  else emit(stream, data);
}

const ended = (stream: Stream, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const previous = stream.end;
    stream.end = () => {
      previous?.();
      resolve();
    };
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

function close(door: HttpEdgeContext, visit: RequestContext, outcome: Outcome): void {
  logFailure(door, outcome);
  if (visit.response.headersSent || outcome.status === 'success') visit.response.end();
  else answerError(door, visit, outcome.error);
  reportRequest(door, visit, { method: 'stream/listen', tenant: outcome.tenant?.id });
}

function answerError(door: HttpEdgeContext, visit: RequestContext, error: GuardError): void {
  const ended = withChallenge(door, visit, { ended: renderError(error, null, visit.correlationId), error });
  const headers = {
    ...visit.headers,
    ...ended.headers,
    ...error.detail.headers,
    'Content-Type': 'application/json',
    'Content-Length': ended.bytes.length,
  };
  visit.response.writeHead(error.code === 'not_found' ? 404 : ended.status, headers).end(ended.bytes);
}

export async function handleDelete(door: HttpEdgeContext, visit: RequestContext): Promise<void> {
  const id = visit.request.headers['mcp-session-id'];
  if (isModern(visit) || typeof id !== 'string') return postOnly(door, visit);
  const caller = await readLegacy(door, visit.request);
  const arrival: InboundMessage = arrivalOf(door, visit, {
    caller,
    abort: new AbortController(),
    rawArguments: undefined,
  });
  const call = toCall(door, { method: 'session/end', params: {} }, arrival, true);
  const relay: ClientChannel = {
    era: 'legacy',
    capabilities: {},
    logLevel: undefined,
    progressToken: undefined,
    notify: () => {},
    request: undefined,
  };
  const outcome = await runCall(door, { call, arrival, relay }, async (_deps, permit) => {
    spendPermit(permit);
    const opened = await door.readSession(id);
    if (opened !== undefined) await door.sessions.end(id, opened.expiresAt);
    door.live.end(id);
    return { value: {} };
  });
  if (outcome.status === 'success') respondEmpty(visit.response, 200, visit.headers);
  else answerError(door, visit, outcome.error);
  reportRequest(door, visit, { method: 'session/end', tenant: outcome.tenant?.id });
}
