/** POST: one JSON-RPC message. Its era is told from the message itself, and everything it needs is read from it. */
import type { IncomingMessage } from 'node:http';
import {
  asGuardError,
  GuardError,
  permitHolder,
  spendPermit,
  type Call,
  type JsonObject,
  type McpResult,
  type Outcome,
  type Permit,
  type ClientChannel,
} from '@sallyport/guard';
import { parseStrict } from '@sallyport/guard/json';
import { renderOutcome, renderError, type AnsweredRequest, type RenderedResponse } from '../render-outcome.ts';
import { readClientMessage, type ClientMessage } from '../../mcp/client-message.ts';
import { afterWait } from '../eras/approval-wait.ts';
import type { Caller } from '../eras/caller.ts';
import { checkMcpHeaders, checkMirrors } from '../eras/mirrors.ts';
import { isModern, readModern } from '../eras/modern.ts';
import { toCall, isPassedOn, runCall, type InboundMessage } from '../exchange.ts';
import { runSubscription, tagged } from '../subscription.ts';
import { initializeResult, negotiate, serverInfoOf } from '../gateway-methods.ts';
import { clientChannel } from '../client-channel.ts';
import { beginCall, callKey, endCall, type PendingCall } from '../sessions/live-sessions.ts';
import { keepReauthorizing } from '../reauthorize.ts';
import { settleClientMessage } from '../sessions/settle-client-message.ts';
import { openStream } from '../sessions/streams.ts';
import { sealSession } from '../sessions/seal.ts';
import { readBody } from './body.ts';
import { recordRejection } from '../rejection.ts';
import { reportRequest, respondEmpty, type HttpEdgeContext, type RequestContext } from './context.ts';
import { liveOf, readLegacy } from './legacy.ts';
import { releaseStreamSlot, takeStreamSlot } from './stream-slots.ts';
import { acceptsRequests, createClientRequests, type ClientRequests } from '../sessions/client-requests.ts';
import { createReply, type Reply } from './reply.ts';
import { challenge } from './metadata.ts';
import { headerValues } from '../../listen/header-values.ts';
import { primesStreams } from '../../mcp/revisions.ts';

type Request = Extract<ClientMessage, { kind: 'request' }>;

export async function handlePost(door: HttpEdgeContext, visit: RequestContext): Promise<void> {
  const { bodyBytesMax: maxBodyBytes, depthMax: maxDepth, keysMax: maxKeys } = door.settings();
  const body = await readBody(visit.request, maxBodyBytes);
  const parsed = parseStrict(body, { maxBytes: maxBodyBytes, maxDepth, maxKeys });
  const message = readClientMessage(parsed);
  try {
    checkMcpHeaders(visit.request);
    const caller = await callerOf(door, visit.request, message);
    const span = parsed.span('params', 'arguments');
    const abort = new AbortController();
    const arrival = arrivalOf(door, visit, { caller, abort, rawArguments: span && body.subarray(...span) });
    if (message.kind === 'request') await handleRequest(door, visit, { message, arrival, abort });
    else await handleOther(door, visit, { message, arrival });
  } catch (thrown) {
    const error = asGuardError(thrown);
    if (message.kind !== 'request' || visit.response.headersSent) throw error;
    refuse(door, visit, { error, message });
  }
}

/** What the request says of its sender, in the way of its era. */
async function callerOf(door: HttpEdgeContext, request: IncomingMessage, message: ClientMessage): Promise<Caller> {
  if (message.kind !== 'response' && isModern(message, request.headers)) return readModern(message, request.headers);
  if (message.kind !== 'response') checkMirrors(message, request.headers, 'optional');
  return readLegacy(door, request, message.kind === 'request' && message.method === 'initialize');
}

interface Brought {
  readonly caller: Caller;
  readonly abort: AbortController;
  readonly rawArguments: Uint8Array | undefined;
}

export function arrivalOf(
  door: HttpEdgeContext,
  { request, route, address, correlationId }: RequestContext,
  { caller, abort, rawArguments }: Brought,
): InboundMessage {
  return {
    route,
    caller,
    credentials: door.readAuthorization(headerValues(request, 'authorization')),
    transport: 'http',
    address,
    correlationId,
    headers: request.headers,
    rawArguments,
    signal: abort.signal,
  };
}

interface Under {
  readonly message: Request;
  readonly arrival: InboundMessage;
  readonly abort: AbortController;
}

async function handleRequest(door: HttpEdgeContext, visit: RequestContext, asked: Under): Promise<void> {
  const {
    arrival: { caller, route },
    abort,
  } = asked;
  const waited = caller.era === 'modern' ? afterWait(asked.message.params) : undefined;
  const message = waited === undefined ? asked.message : { ...asked.message, params: waited.params };
  const under = { ...asked, message };
  const live = liveOf(door, caller);
  const key = callKey(message.id);
  const headers = { ...visit.headers };
  const call: PendingCall = { abort, holder: undefined };
  const reply = createReply({
    response: visit.response,
    headers,
    mayStream: accepts(visit.request),
    primes: primesStreams(caller.protocolVersion),
    now: door.clock.now,
    stream:
      live &&
      (() =>
        openStream(live.streams, {
          kept: live.kept,
          standalone: false,
          holder: () => call.holder,
          now: door.clock.now(),
        })),
  });
  const questions =
    live && accepts(visit.request) && acceptsRequests(caller.capabilities)
      ? createClientRequests(
          { live, call, capabilities: caller.capabilities, timeoutMs: door.settings().requestTimeoutMs },
          reply,
        )
      : undefined;
  const leave = whenGone(visit, caller, abort);
  const held = live && beginCall(live, key, call);
  try {
    const { outcome, from } = await run(door, under, { reply, questions, held, headers });
    // Before the answer, for the stream ends with it.
    questions?.end();
    if (outcome.status !== 'success') delete headers['Mcp-Session-Id'];
    finish(door, visit, {
      outcome,
      asked: {
        ...message,
        era: caller.era,
        route,
        from,
        ...(caller.era === 'modern' && {
          serverInfo: serverInfoOf(door, route, outcome),
          capabilities: waited?.declined === true ? undefined : caller.capabilities,
        }),
      },
      reply,
    });
  } finally {
    leave();
    reply.dispose();
    questions?.end();
    if (live !== undefined) endCall(live, key, call);
  }
}

interface Running {
  readonly reply: Reply;
  readonly questions: ClientRequests | undefined;
  readonly held: ((holder: string) => void) | undefined;
  readonly headers: Record<string, string>;
}

async function run(
  door: HttpEdgeContext,
  under: Under,
  { reply, questions, held, headers }: Running,
): Promise<{ readonly outcome: Outcome; readonly from: string | undefined }> {
  const { message, arrival } = under;
  if (message.method === 'subscriptions/listen')
    return { outcome: await listenOn(door, under, reply), from: undefined };
  const call = toCall(door, message, arrival);
  const relay = clientChannel(arrival.caller, message.params, { send: reply.send, ask: questions?.ask });
  const outcome = await runCall(
    door,
    { call, arrival, relay, ...(held !== undefined && { held }) },
    message.method === 'initialize' ? (_deps, permit) => greet(door, permit, { message, arrival, headers }) : undefined,
  );
  return { outcome, from: 'server' in call.target ? call.target.server : undefined };
}

/** Ends in order when the gateway stops, and at once when the client goes away. */
async function listenOn(door: HttpEdgeContext, { message, arrival, abort }: Under, reply: Reply): Promise<Outcome> {
  if (!reply.mayStream)
    throw new GuardError('invalid_request', { message: 'Accept must have text/event-stream to listen.' });
  const end = (reason: string): void => {
    reply.send({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: tagged({ requestId: message.id, reason }, message.id),
    });
    abort.abort();
  };
  const stop = (): void => end('The gateway stops.');
  door.closing.addEventListener('abort', stop, { once: true });
  const stopJudging = keepReauthorizing(door, arrival, () => end('Authentication is required again.'));
  let place: string | undefined;
  try {
    return await runSubscription(door, arrival, {
      id: message.id,
      params: message.params,
      send: reply.send,
      entered: (permit) => {
        place = takeStreamSlot(door, permitHolder(permit).principal.key);
      },
    });
  } finally {
    door.closing.removeEventListener('abort', stop);
    stopJudging();
    if (place !== undefined) releaseStreamSlot(door, place);
  }
}

const accepts = (request: IncomingMessage): boolean =>
  /text\/event-stream|\*\/\*/.test(request.headers.accept ?? '*/*');

/** A modern client cancels by going away; a legacy one may come back for the answer. */
function whenGone({ response }: RequestContext, caller: Caller, abort: AbortController): () => void {
  if (caller.era === 'legacy') return () => {};
  const gone = (): void => {
    if (!response.writableFinished) abort.abort();
  };
  response.once('close', gone);
  return () => response.off('close', gone);
}

interface Greeting {
  readonly message: Request;
  readonly arrival: InboundMessage;
  readonly headers: Record<string, string>;
}

/** `initialize`: a session, sealed for whoever was authenticated. */
function greet(door: HttpEdgeContext, permit: Permit, { message, arrival, headers }: Greeting): McpResult {
  const { principal, tenant } = spendPermit(permit);
  const { params } = message;
  const object = (value: unknown): JsonObject | undefined =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  const protocolVersion = negotiate(params['protocolVersion']);
  headers['Mcp-Session-Id'] = sealSession(door.sealer, {
    principal,
    tenant,
    protocolVersion,
    capabilities: object(params['capabilities']) ?? {},
    clientInfo: object(params['clientInfo']),
    expiresAt: door.clock.now() + door.settings().sessionLifetimeMs,
  });
  return { value: initializeResult(door, { route: arrival.route, who: { principal, tenant } }, protocolVersion) };
}

interface Finished {
  readonly outcome: Outcome;
  readonly asked: AnsweredRequest;
  readonly reply: Reply;
}

function finish(door: HttpEdgeContext, visit: RequestContext, { outcome, asked, reply }: Finished): void {
  const ended = renderOutcome(outcome, asked);
  logFailure(door, outcome);
  reply.finish(outcome.status === 'success' ? ended : withChallenge(door, visit, { ended, error: outcome.error }));
  door.called(outcome);
  door.report({
    method: asked.method,
    endpoint: visit.route.endpoint,
    status: reply.status(),
    tenant: outcome.tenant?.id,
    ms: performance.now() - visit.startedAt,
  });
}

/** The cause goes to the log and nowhere else. */
export function logFailure(door: Pick<HttpEdgeContext, 'log'>, outcome: Outcome): void {
  if (outcome.status === 'success') return;
  const { error } = outcome;
  const level =
    error.code === 'internal' || error.code === 'result_withheld' || error.code === 'audit_unavailable'
      ? 'error'
      : 'info';
  door.log(level, 'a call was not answered', {
    correlation_id: outcome.correlationId,
    method: outcome.method,
    error_code: error.row.errorCode,
    cause: error.cause instanceof Error ? error.cause.message : '',
  });
}

export function withChallenge(
  door: HttpEdgeContext,
  { route }: RequestContext,
  { ended, error }: { readonly ended: RenderedResponse; readonly error: GuardError },
): RenderedResponse {
  if (error.code !== 'unauthenticated' && error.code !== 'insufficient_scope') return ended;
  const fault = error.detail.data?.['error'];
  const scope = error.detail.data?.['scope'];
  return {
    ...ended,
    headers: {
      ...ended.headers,
      'WWW-Authenticate': challenge({
        publicUrl: door.settings().publicUrl,
        endpoint: route.endpoint,
        scope: typeof scope === 'string' ? scope : door.scopes().join(' '),
        error: typeof fault === 'string' ? fault : undefined,
      }),
    },
  };
}

/** Refused by the edge, but with an id to answer. */
function refuse(
  door: HttpEdgeContext,
  visit: RequestContext,
  { error, message }: { readonly error: GuardError; readonly message: Request },
): void {
  const era = isModern(message, visit.request.headers) ? 'modern' : 'legacy';
  const ended = renderError(error, message.id, visit.correlationId, { ...message, era, route: visit.route });
  recordRejection(door, { code: error.code, correlationId: visit.correlationId, address: visit.address });
  door.report({
    method: message.method,
    endpoint: visit.route.endpoint,
    status: ended.status,
    tenant: undefined,
    ms: performance.now() - visit.startedAt,
  });
  visit.response
    .writeHead(ended.status, {
      ...visit.headers,
      'Content-Type': 'application/json',
      'Content-Length': ended.bytes.length,
    })
    .end(ended.bytes);
}

interface Other {
  readonly message: Exclude<ClientMessage, { kind: 'request' }>;
  readonly arrival: InboundMessage;
}

/** A notification that nobody knows is left (JSON-RPC 2.0, 4.1), as it is by every SDK: only its sender is looked at. */
function otherCall(door: HttpEdgeContext, message: Other['message'], arrival: InboundMessage): Call {
  if (message.kind === 'response') return toCall(door, { method: 'session/answer', params: {} }, arrival, true);
  try {
    return toCall(door, message, arrival);
  } catch (thrown) {
    if (!message.method.startsWith('notifications/') || asGuardError(thrown).code !== 'method_not_found') throw thrown;
    return toCall(door, { method: 'stream/check', params: {} }, arrival, true);
  }
}

/** Notifications, and answers of a client to what a server asked it: accepted with 202 once the guard knows the sender. */
async function handleOther(door: HttpEdgeContext, visit: RequestContext, { message, arrival }: Other): Promise<void> {
  const session = arrival.caller.session;
  const call = otherCall(door, message, arrival);
  const relay = {
    era: arrival.caller.era,
    capabilities: arrival.caller.capabilities,
    logLevel: undefined,
    progressToken: undefined,
    notify: () => {},
    request: undefined,
  } satisfies ClientChannel;
  const outcome = await runCall(
    door,
    { call, arrival, relay },
    isPassedOn(call.method)
      ? undefined
      : (_deps, permit) => {
          const holder = spendPermit(permit).principal.key;
          // Only this session's own: the guard has just compared the session with the caller.
          const live = session && door.live.find(session.id);
          if (live !== undefined) settleClientMessage(live, message, holder);
          return { value: {} };
        },
  );
  if (outcome.status === 'success') {
    respondEmpty(visit.response, 202, visit.headers);
    return reportRequest(door, visit, { method: call.method, tenant: outcome.tenant?.id });
  }
  const ended = withChallenge(door, visit, {
    ended: renderError(outcome.error, null, visit.correlationId),
    error: outcome.error,
  });
  visit.response
    .writeHead(ended.status, {
      ...visit.headers,
      ...ended.headers,
      'Content-Type': 'application/json',
      'Content-Length': ended.bytes.length,
    })
    .end(ended.bytes);
  reportRequest(door, visit, { method: call.method, tenant: outcome.tenant?.id });
}
