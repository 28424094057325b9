/** The HTTP door: which paths exist, who may ask from where, and which handler answers. Decides nothing about calls. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asGuardError, GuardError, type JsonObject } from '@sallyport/guard';
import { addressRule } from '@sallyport/guard/stages';
import { renderError } from '../render-outcome.ts';
import type { HttpEdgeDeps } from '../deps.ts';
import { checkMcpHeaders, checkNoMirrors } from '../eras/mirrors.ts';
import { createLiveSessions } from '../sessions/live-sessions.ts';
import { createSessionReader } from '../sessions/seal.ts';
import type { Route } from '../names/route.ts';
import { correlationIdOf } from '../../listen/security-headers.ts';
import { recordRejection } from '../rejection.ts';
import { reportRequest, respondEmpty, type HttpEdgeContext, type RequestContext } from './context.ts';
import { baseHeaders, corsHeaders } from './headers.ts';
import { METADATA_PATH, protectedResource } from './metadata.ts';
import { handleDelete, handleGet } from './streams.ts';
import { handlePost } from './post.ts';
import { checkSameSite, originAllowed } from './same-site.ts';

export type { HttpEdgeDeps as EdgeDeps } from '../deps.ts';

export interface HttpEdge {
  handle(request: IncomingMessage, response: ServerResponse): void;
  activeConnections(): number;
  close(): Promise<void>;
}

export function createHttpEdge(deps: HttpEdgeDeps): HttpEdge {
  const closing = new AbortController();
  const now = (): number => deps.clock.now();
  const door: HttpEdgeContext = {
    ...deps,
    live: createLiveSessions(now),
    readSession: createSessionReader(deps.sealer, deps.sessions, now),
    streams: new Map(),
    closing: closing.signal,
  };
  let active = 0;
  return {
    handle(request, response) {
      active += 1;
      response.once('close', () => {
        active -= 1;
      });
      void visit(door, request, response);
    },
    activeConnections: () => active,
    close: async () => {
      closing.abort();
      door.live.close();
    },
  };
}

/** Exactly these: nothing is normalised, so nothing can be spelled in a second way (H13). */
function routeOf(path: string): Route | undefined {
  if (path === '/mcp') return { endpoint: path, server: undefined };
  const server = /^\/mcp\/([a-z0-9-]{1,32})$/.exec(path)?.[1];
  return server === undefined ? undefined : { endpoint: path, server };
}

async function visit(door: HttpEdgeContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const correlationId = correlationIdOf(request);
  const headers = baseHeaders(correlationId);
  const address = request.socket.remoteAddress ?? '';
  const startedAt = performance.now();
  const path = request.url ?? '';
  try {
    const settings = door.settings();
    checkSameSite(request, settings);
    const origin = request.headers.origin;
    Object.assign(
      headers,
      corsHeaders(origin, origin !== undefined && originAllowed(origin, settings, request.socket.localPort)),
    );
    await checkAddress(door, address);
    const route = routeOf(path);
    const one: RequestContext = {
      request,
      response,
      route: route ?? { endpoint: path, server: undefined },
      correlationId,
      address,
      headers,
      startedAt,
    };
    if (path.startsWith(METADATA_PATH)) metadata(door, one, path.slice(METADATA_PATH.length));
    else if (route === undefined) respondEmpty(response, 404, headers);
    else return await dispatch(door, one);
    reportRequest(door, one, { method: request.method ?? '', tenant: undefined });
  } catch (thrown) {
    reject(
      door,
      { request, response, correlationId, address, headers, startedAt, route: { endpoint: path, server: undefined } },
      asGuardError(thrown),
    );
  }
}

async function checkAddress({ limiter, settings, addressLimited }: HttpEdgeContext, address: string): Promise<void> {
  const verdict = await limiter.take([addressRule(address, settings().addressLimitPerMinute)]);
  if (verdict.allowed) return;
  addressLimited();
  throw new GuardError('rate_limited', {
    retryAfterSeconds: Math.max(1, Math.ceil(verdict.retryAfterMs / 1000)),
    headers: {
      'X-RateLimit-Limit': String(verdict.rule.limit),
      'X-RateLimit-Remaining': String(verdict.remaining),
      'X-RateLimit-Reset': String(Math.max(1, Math.ceil(verdict.resetAfterMs / 1000))),
    },
  });
}

/** H4: whoever reads a body here and whoever does not would disagree about where the next request begins. */
function checkNoBody(request: IncomingMessage): void {
  if (request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) !== 0)
    throw new GuardError('invalid_request', { message: 'A request of this method has no body.' });
  checkMcpHeaders(request);
  checkNoMirrors(request.headers);
}

const ALLOW = 'POST, GET, DELETE, OPTIONS';

async function dispatch(door: HttpEdgeContext, visit: RequestContext): Promise<void> {
  const { request, response, headers } = visit;
  switch (request.method) {
    case 'POST':
      return handlePost(door, visit);
    case 'GET':
      checkNoBody(request);
      return handleGet(door, visit);
    case 'DELETE':
      checkNoBody(request);
      return handleDelete(door, visit);
    case 'OPTIONS':
      preflight(visit);
      break;
    default:
      respondEmpty(response, 405, { ...headers, Allow: ALLOW });
  }
  reportRequest(door, visit, { method: request.method ?? '', tenant: undefined });
}

/** Of what the page wants to send: `Mcp-Param-*` cannot be listed ahead, so the wish is filtered instead. */
const headersAllowed = (wished: string | undefined): string =>
  [
    ...new Set(
      (wished ?? '')
        .toLowerCase()
        .split(',')
        .map((name) => name.trim())
        .filter((name) => ALLOWED_HEADER.test(name)),
    ),
  ]
    .slice(0, 50)
    .join(', ');

const ALLOWED_HEADER =
  /^(authorization|content-type|accept|last-event-id|x-correlation-id|traceparent|mcp-[a-z0-9-]{1,64})$/;

function preflight({ request, response, headers }: RequestContext): void {
  const allowed = headers['Access-Control-Allow-Origin'] !== undefined;
  response
    .writeHead(204, {
      ...headers,
      Allow: ALLOW,
      ...(allowed && {
        'Access-Control-Allow-Methods': 'POST, GET, DELETE',
        'Access-Control-Allow-Headers': headersAllowed(request.headers['access-control-request-headers']),
        'Access-Control-Max-Age': '600',
      }),
    })
    .end();
}

function metadata(
  door: HttpEdgeContext,
  { request, response, headers }: Pick<RequestContext, 'request' | 'response' | 'headers'>,
  suffix: string,
): void {
  const endpoint = suffix === '' ? '/mcp' : suffix;
  if (routeOf(endpoint) === undefined) return respondEmpty(response, 404, headers);
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return respondEmpty(response, 405, { ...headers, Allow: 'GET, HEAD' });
  const document = protectedResource(`${door.settings().publicUrl}${endpoint}`, door.issuers(), door.scopes());
  const bytes = Buffer.from(JSON.stringify(document as JsonObject));
  response.writeHead(200, {
    ...headers,
    'Content-Type': 'application/json',
    'Content-Length': bytes.length,
    'Cache-Control': 'public, max-age=60',
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** Refused before it was a call: answered from the same table, and recorded. */
export function reject(
  door: HttpEdgeContext,
  { request, response, correlationId, address, headers, startedAt, route }: RequestContext,
  error: GuardError,
): void {
  const ended = renderError(error, null, correlationId);
  if (error.code === 'internal')
    door.log('error', 'the edge failed', { correlation_id: correlationId, cause: String(error.cause ?? '') });
  recordRejection(door, { code: error.code, correlationId, address });
  door.report({
    method: 'other',
    endpoint: route.endpoint,
    status: ended.status,
    tenant: undefined,
    ms: performance.now() - startedAt,
  });
  if (response.headersSent) return void response.destroy();
  const retry = error.detail.retryAfterSeconds;
  response
    .writeHead(ended.status, {
      ...headers,
      ...error.detail.headers,
      ...(retry !== undefined && { 'Retry-After': String(retry) }),
      'Content-Type': 'application/json',
      'Content-Length': ended.bytes.length,
      // What is left of the body is not read, so the connection cannot be used again.
      ...(!request.complete && { Connection: 'close' }),
    })
    .end(ended.bytes);
  if (!request.complete) response.once('finish', () => request.destroy());
}
