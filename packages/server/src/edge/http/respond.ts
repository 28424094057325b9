/** Responses that need no exchange: empty ones and errors. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GuardError, Outcome } from '@sallyport/guard';
import { PausableRequest } from '../../listen/pausable-request.ts';
import type { EdgeDeps } from '../deps.ts';
import type { RequestMessage } from '../../mcp/client-message.ts';
import { isModern } from '../eras/modern.ts';
import { recordRejection } from '../rejection.ts';
import { renderError } from '../render/error.ts';
import { errorHeaders } from '../render/outcome.ts';
import { dropRest, isShortRest } from './body.ts';
import type { RequestContext } from './context.ts';
import { challengeHeaders } from './metadata.ts';

/** Responds without a body. */
export function respondEmpty(response: ServerResponse, status: number, headers: Record<string, string>): void {
  response.writeHead(status, { ...headers, 'Content-Length': 0 }).end();
}

/** Responds with the error of a refused call that has no JSON-RPC id: of a GET, a DELETE or a notification. */
export function respondRefused(context: RequestContext, error: GuardError, status?: number): void {
  const rendered = renderError(error, null, context.correlationId);
  respondJson(context.response, status ?? rendered.status, rendered.bytes, {
    ...context.headers,
    ...challengeHeaders(context.snapshot, context.route, error),
    ...error.detail.headers,
  });
}

/**
 * Refuses a request that did not become a call: answered from the same table of errors, and recorded.
 *
 * @param message the JSON-RPC request, when it was read; its response has its id.
 */
export function rejectRequest(
  deps: EdgeDeps,
  context: RequestContext,
  error: GuardError,
  message: RequestMessage | undefined,
): void {
  const { request, response, route, correlationId, address, snapshot } = context;
  const era = message !== undefined && isModern(message, request.headers) ? 'modern' : 'legacy';
  const rendered = renderError(error, message?.id ?? null, correlationId, message && { ...message, era, route });
  if (error.code === 'internal')
    deps.log('error', 'the edge failed', { correlation_id: correlationId, cause: String(error.cause ?? '') });
  recordRejection(deps, snapshot, error.code, correlationId, address);
  reportRequest(deps, context, message?.method ?? 'other', undefined, rendered.status);
  if (response.headersSent) return void response.destroy();
  respondJson(response, rendered.status, rendered.bytes, {
    ...context.headers,
    ...challengeHeaders(snapshot, route, error),
    ...errorHeaders(error),
    ...connectionHeaders(request),
  });
  leaveBody(request, response, error.code === 'rate_limited');
}

/** B3: the rest of a refused body is not read, so that the connection cannot be used again, unless it is short. */
const connectionHeaders = (request: IncomingMessage): Record<string, string> =>
  isShortRest(request) ? {} : { Connection: 'close' };

/** B7: whoever sends too much is read again after this, so that a flood of refused requests costs little. */
const READ_AGAIN_MS = 500;

function leaveBody(request: IncomingMessage, response: ServerResponse, isTooMuch = false): void {
  if (!isShortRest(request)) response.once('finish', () => request.destroy());
  else if (isTooMuch && request instanceof PausableRequest) {
    // The parser reads on once more at the end of the request.
    setImmediate(() => request.holdBody());
    setTimeout(dropRest, READ_AGAIN_MS, request).unref();
  } else dropRest(request);
}

/** Refuses by the head alone, without a body: an unknown path or HTTP method. */
export function respondWithoutReading(context: RequestContext, status: number, headers: Record<string, string>): void {
  respondEmpty(context.response, status, { ...headers, ...connectionHeaders(context.request) });
  leaveBody(context.request, context.response);
}

function respondJson(
  response: ServerResponse,
  status: number,
  bytes: Buffer,
  headers: Readonly<Record<string, string>>,
): void {
  response
    .writeHead(status, { ...headers, 'Content-Type': 'application/json', 'Content-Length': bytes.length })
    .end(bytes);
}

/**
 * Counts a request that is answered without an exchange.
 *
 * @param method of JSON-RPC where there is one, else of HTTP.
 */
export function reportRequest(
  deps: Pick<EdgeDeps, 'report'>,
  { response, route, startedAtMs }: RequestContext,
  method: string,
  tenant: string | undefined,
  status = response.statusCode,
): void {
  deps.report({ method, endpoint: route.endpoint, status, tenant, ms: performance.now() - startedAtMs });
}

/** Failures that the operator must look at; all others are the caller's affair. */
const OPERATOR_ERRORS: ReadonlySet<string> = new Set(['internal', 'result_withheld', 'audit_unavailable']);

/** Logs a failed call. Its cause is written to the log and nowhere else. */
export function logFailure(deps: Pick<EdgeDeps, 'log'>, outcome: Outcome): void {
  if (outcome.status === 'success') return;
  const { error } = outcome;
  deps.log(OPERATOR_ERRORS.has(error.code) ? 'error' : 'info', 'a call was not answered', {
    correlation_id: outcome.correlationId,
    method: outcome.method,
    error_code: error.row.errorCode,
    cause: error.cause instanceof Error ? error.cause.message : '',
  });
}
