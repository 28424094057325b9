/**
 * The control API: one request is judged from its head to its body, in this order: route, caller, role, origin, query,
 * body. Everything that is the same for every endpoint is here; an endpoint is given what passed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GuardError, type Clock, type ErrorCode, type Log, type MaybePromise } from '@sallyport/guard';
import { jsonResponse, sendResponse, type EndpointResponse } from '../endpoint.ts';
import { readJsonBody } from '../json-body.ts';
import { ApiProblem, problem, problemOf } from '../problem.ts';
import { mayUse, needsText, type Needs, type ApiCaller } from './access.ts';
import { etagOf, hasVersion, readIfMatch } from './etag.ts';
import { createEventStreams, type EventStreams } from './event-streams.ts';
import { createRunOnce, readIdempotencyKey, type RunOnce } from './idempotency.ts';
import { sendLines } from './lines.ts';
import type { ApiAnswer, ApiRoute, RawRequest, Subscribe } from './route.ts';
import { createTable, type RouteTable } from './table.ts';

/** What the frame itself works with. */
export interface ServeDeps {
  /**
   * Who sends a request; `undefined` when it has no credential.
   *
   * @param isUse false for a stream that goes on by itself, which keeps no session alive.
   * @throws GuardError or ApiProblem for a credential that is not accepted.
   */
  readonly authenticate: (request: IncomingMessage, isUse: boolean) => MaybePromise<ApiCaller | undefined>;
  /** @throws ApiProblem for a change that a page of another origin could have sent. */
  readonly checkOrigin: (request: IncomingMessage, caller: ApiCaller) => void;
  readonly clock: Clock;
  readonly log?: Log;
}

/** The control API of one listener. */
export interface ApiServer {
  /** Answers a request whose path begins with `/api/`. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Ends streams. */
  close(): void;
}

interface Server<Deps> {
  readonly find: RouteTable<Deps>;
  readonly deps: Deps;
  readonly frame: ServeDeps;
  readonly runOnce: RunOnce;
  readonly streams: EventStreams;
}

/** @throws Error when the table of routes is not right (A14). */
export function createApiServer<Deps>(routes: readonly ApiRoute<Deps>[], deps: Deps, frame: ServeDeps): ApiServer {
  const streams = createEventStreams(frame.log);
  const server: Server<Deps> = {
    find: createTable(routes),
    deps,
    frame,
    runOnce: createRunOnce(frame.clock),
    streams,
  };
  return {
    handle(request, response) {
      serve(server, request, response).catch((thrown: unknown) => answerFailure(frame.log, request, response, thrown));
    },
    close: () => streams.close(),
  };
}

function answerFailure(
  log: Log | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
): void {
  const known = problemOf(thrown);
  if (known === undefined) {
    const cause = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    log?.('error', 'an endpoint of the control API failed', { method: request.method, cause });
  }
  if (response.headersSent) response.destroy();
  else sendResponse(response, known ?? problem('INTERNAL'));
}

async function serve<Deps>(server: Server<Deps>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { frame, deps } = server;
  const [path = '', query = ''] = splitOnce(request.url ?? '');
  const found = server.find(request.method ?? '', path);
  if (found === undefined) throw new ApiProblem('NOT_FOUND');
  if ('allow' in found) throw new ApiProblem('METHOD_NOT_ALLOWED', { headers: { Allow: found.allow } });
  const { route, params } = found;
  const caller = route.access === 'none' ? undefined : await callerFor(frame, route, request);
  if (caller !== undefined && route.method !== 'GET') frame.checkOrigin(request, caller);
  const ifMatch = route.ifMatch === undefined ? undefined : readIfMatch(request);
  if (route.ifMatch === 'required' && ifMatch === undefined) throw new ApiProblem('PRECONDITION_REQUIRED');
  const key = route.idempotent === true ? readIdempotencyKey(request) : undefined;
  const body = route.method === 'GET' ? undefined : await readJsonBody(request);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const raw: RawRequest = { params, query: new URLSearchParams(query), body, caller, ifMatch, signal: gone.signal };
  if (route.format === 'json') {
    const run = async (): Promise<EndpointResponse> => responseOf(route, await route.run(raw, deps), request);
    const answer =
      caller === undefined
        ? await run()
        : await server.runOnce({ caller, key, target: `${route.method} ${path}`, body }, run);
    return sendResponse(response, answer);
  }
  const { value } = await route.run(raw, deps);
  if (route.format === 'lines') return sendLines(request, response, value as AsyncIterable<unknown>);
  if (caller === undefined) throw new Error('an event stream needs a caller');
  const mayListen = async (): Promise<boolean> => sameCaller(caller, await callerFor(frame, route, request));
  server.streams.open(request, response, { caller, subscribe: value as Subscribe, mayListen });
}

/** A credential that is not accepted, or that names no tenant of this gateway. */
const REFUSED: readonly ErrorCode[] = ['unauthenticated', 'insufficient_scope', 'unknown_tenant'];

const unauthenticated = (): ApiProblem =>
  new ApiProblem('UNAUTHENTICATED', { headers: { 'WWW-Authenticate': 'Bearer' } });

/** @throws ApiProblem for a request without a credential, and for a caller that may not use the route. */
async function callerFor(
  { authenticate }: ServeDeps,
  { format, ...needs }: Needs & Pick<ApiRoute<never>, 'format'>,
  request: IncomingMessage,
): Promise<ApiCaller> {
  let caller: ApiCaller | undefined;
  try {
    caller = await authenticate(request, format !== 'events');
  } catch (thrown) {
    if (thrown instanceof GuardError && REFUSED.includes(thrown.code)) throw unauthenticated();
    throw thrown;
  }
  if (caller === undefined) throw unauthenticated();
  if (!mayUse(caller, needs))
    throw new ApiProblem('PERMISSION_DENIED', { detail: `This needs the role ${needsText(needs)}.` });
  return caller;
}

/** Whether a stream still has the caller for which it was opened. */
const sameCaller = (before: ApiCaller, now: ApiCaller): boolean =>
  before.tenant.id === now.tenant.id &&
  before.principal.user.issuer === now.principal.user.issuer &&
  before.principal.user.subject === now.principal.user.subject &&
  before.roles.size === now.roles.size &&
  [...before.roles].every((role) => now.roles.has(role));

function responseOf(
  { method, status = 200 }: Pick<ApiRoute<never>, 'method' | 'status'>,
  { value, version, headers, cookies }: ApiAnswer<unknown>,
  request: IncomingMessage,
): EndpointResponse {
  const all = { ...headers, ...(version !== undefined && { ETag: etagOf(version) }) };
  if (method === 'GET' && version !== undefined && hasVersion(request, version))
    return { status: 304, type: 'application/json', body: '', headers: all };
  return { ...jsonResponse(status, value), headers: all, ...(cookies !== undefined && { cookies }) };
}

function splitOnce(url: string): readonly [path: string, query: string] {
  const mark = url.indexOf('?');
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}
