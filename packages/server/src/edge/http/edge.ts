/** The HTTP edge: which paths exist, who may send requests from where, and which handler answers. Judges no calls. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asGuardError, createFairShares, GuardError } from '@sallyport/guard';
import { addressRule, retryDetail } from '@sallyport/guard/stages';
import { createCallsUnderWay } from '../calls-under-way.ts';
import { createBytesUnderWay } from '../bytes-under-way.ts';
import type { HttpEdgeDeps } from '../deps.ts';
import { checkMcpHeaders, checkNoMirrors } from '../eras/mirrors.ts';
import type { Route } from '../names/route.ts';
import { createLiveSessions } from '../sessions/live-sessions.ts';
import { createSessionReader } from '../sessions/seal.ts';
import { createStreamSlots } from '../subscriptions/stream-slots.ts';
import { correlationIdOf } from '../../listen/security-headers.ts';
import { createLargeMessages } from '../large-messages.ts';
import { createTurns } from '../turns.ts';
import { receiveBody } from './body.ts';
import type { HttpEdgeContext, RequestContext } from './context.ts';
import { handleDelete } from './delete-session.ts';
import { handleGet } from './get-stream.ts';
import { baseHeaders, corsHeaders } from './headers.ts';
import { METADATA_PATH, protectedResource } from './metadata.ts';
import { handlePost } from './post.ts';
import { ALLOW, respondPreflight } from './preflight.ts';
import { rejectRequest, reportRequest, respondWithoutReading } from './respond.ts';
import { checkSameSite, isAllowedOrigin } from './same-site.ts';
import { releaseWhenRead } from './unread-answer.ts';

/** The request handler of the gateway listener. */
export interface HttpEdge {
  /** Answers one request. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Requests whose response has not ended. */
  activeConnections(): number;
  /**
   * L9: ends the streams in order, lets calls under way finish, and answers those that it cuts off.
   *
   * @param graceMs how long calls may take to finish; 0 when left out.
   */
  close(graceMs?: number): Promise<void>;
}

/** An edge without sessions or streams yet. It opens no socket: the listener passes requests to `handle`. */
export function createHttpEdge(deps: HttpEdgeDeps): HttpEdge {
  const closing = new AbortController();
  const now = (): number => deps.clock.now();
  const edge: HttpEdgeContext = {
    ...deps,
    live: createLiveSessions(now),
    readSession: createSessionReader(deps.sealer, deps.sessions, now),
    bytesUnderWay: createBytesUnderWay(),
    calls: createCallsUnderWay(),
    turns: createTurns(),
    largeMessages: createLargeMessages(),
    callShares: createFairShares(() => deps.snapshot().gateway.callsMax),
    streamLimits: { closing: closing.signal, slots: createStreamSlots(deps.streamsMax) },
  };
  let active = 0;
  return {
    handle(request, response) {
      active += 1;
      response.once('close', () => {
        active -= 1;
      });
      void handleRequest(edge, request, response);
    },
    activeConnections: () => active,
    close: async (graceMs = 0) => {
      closing.abort();
      await Promise.all([edge.calls.finish(graceMs), deps.heldTasks.runs.finish(graceMs)]);
      edge.live.close();
    },
  };
}

async function handleRequest(edge: HttpEdgeContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const correlationId = correlationIdOf(request);
  const path = request.url ?? '';
  const snapshot = edge.snapshot();
  const route = routeOf(path, snapshot.onlyServer);
  const context: RequestContext = {
    snapshot,
    request,
    response,
    route: route ?? { endpoint: path, server: undefined },
    correlationId,
    address: request.socket.remoteAddress ?? '',
    headers: baseHeaders(correlationId),
    startedAtMs: performance.now(),
  };
  try {
    checkSameSite(request, context.snapshot.gateway);
    allowOrigin(context);
    if (route !== undefined && request.method === 'POST') return await handleMessagePost(edge, context);
    await checkAddress(edge, context);
    if (route !== undefined) return await dispatch(edge, context);
    if (path.startsWith(METADATA_PATH)) respondMetadata(context, path.slice(METADATA_PATH.length));
    else respondWithoutReading(context, 404, context.headers);
    reportRequest(edge, context, request.method ?? '', undefined);
  } catch (thrown) {
    rejectRequest(edge, context, asGuardError(thrown), undefined);
  }
}

/** The body is received from now on, so that small chunks cost nothing while the head is judged. */
async function handleMessagePost(edge: HttpEdgeContext, context: RequestContext): Promise<void> {
  const share = edge.bytesUnderWay.open(context.snapshot.gateway);
  const body = receiveBody(context.request, context.snapshot.gateway.bodyBytesMax, share);
  try {
    await checkAddress(edge, context);
    await handlePost(edge, context, body, share);
  } finally {
    body.discard();
    releaseWhenRead(context.response, share);
  }
}

/** Exactly these paths: nothing is normalised, so that no path has a second spelling (H13). */
function routeOf(path: string, onlyServer: string | undefined): Route | undefined {
  if (path === '/mcp') return { endpoint: path, server: onlyServer };
  const server = /^\/mcp\/([a-z0-9-]{1,32})$/.exec(path)?.[1];
  return server === undefined ? undefined : { endpoint: path, server };
}

function allowOrigin({ request, headers, snapshot }: RequestContext): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  Object.assign(headers, corsHeaders(origin, isAllowedOrigin(origin, snapshot.gateway, request.socket.localPort)));
}

/** Limits the requests of one address before anybody is authenticated. @throws GuardError `rate_limited`. */
async function checkAddress(
  { limiter, addressLimited }: HttpEdgeContext,
  { address, snapshot }: RequestContext,
): Promise<void> {
  const verdict = await limiter.take([addressRule(address, snapshot.gateway.addressLimitPerMinute)]);
  if (verdict.allowed) return;
  addressLimited();
  throw new GuardError('rate_limited', retryDetail(verdict));
}

async function dispatch(edge: HttpEdgeContext, context: RequestContext): Promise<void> {
  const { request, headers } = context;
  switch (request.method) {
    case 'GET':
      checkNoBody(request);
      return handleGet(edge, context);
    case 'DELETE':
      checkNoBody(request);
      return handleDelete(edge, context);
    case 'OPTIONS':
      respondPreflight(context);
      break;
    default:
      respondWithoutReading(context, 405, { ...headers, Allow: ALLOW });
  }
  reportRequest(edge, context, request.method ?? '', undefined);
}

/** H4: a proxy that reads a body here and a server that does not would disagree where the next request begins. */
function checkNoBody(request: IncomingMessage): void {
  if (request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) !== 0)
    throw new GuardError('invalid_request', { message: 'A request of this method has no body.' });
  checkMcpHeaders(request);
  checkNoMirrors(request.headers);
}

/** RFC 9728, section 3.1. @param suffix path of the protected resource; empty means `/mcp`. */
function respondMetadata(context: RequestContext, suffix: string): void {
  const { request, response, headers, snapshot } = context;
  const endpoint = suffix === '' ? '/mcp' : suffix;
  if (routeOf(endpoint, snapshot.onlyServer) === undefined) return respondWithoutReading(context, 404, headers);
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return respondWithoutReading(context, 405, { ...headers, Allow: 'GET, HEAD' });
  const bytes = Buffer.from(JSON.stringify(protectedResource(snapshot, endpoint)));
  response.writeHead(200, {
    ...headers,
    'Content-Type': 'application/json',
    'Content-Length': bytes.length,
    'Cache-Control': 'public, max-age=60',
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}
