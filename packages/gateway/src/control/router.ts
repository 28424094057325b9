/**
 * Routes of the admin listener, matched exactly: a path that is not in the table does not exist. Everything that is the
 * same for every endpoint is decided here, once: Host and Origin, 404, 405, the caller, and the body.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GuardError, type ErrorCode, type Log, type Identity, type MaybePromise } from '@sallyport/guard';
import { headerValues } from '../listen/header-values.ts';
import { setSecurityHeaders } from '../listen/security-headers.ts';
import {
  jsonResponse,
  NOT_FOUND,
  sendResponse,
  type Endpoint,
  type EndpointMethod,
  type EndpointRequest,
  type EndpointResponse,
} from './endpoint.ts';
import { hostIsAllowed, originIsAllowed } from './host-check.ts';
import { readJsonBody } from './json-body.ts';

/** One row of the table of routes. */
export interface AdminRoute {
  /** Matches the whole path, as it was sent: nothing is decoded or normalised before. */
  readonly path: RegExp;
  /** Names of the groups of `path`, in order. */
  readonly params?: readonly string[];
  readonly endpoints: Readonly<Partial<Record<EndpointMethod, Endpoint>>>;
  /** Whether a credential is read. Absent: it is not, and the caller is `undefined`. */
  readonly authentication?: 'optional' | 'required';
}

/** What the router needs besides its routes. */
export interface RouterDeps {
  /** The host that the listener was configured with. */
  readonly listenHost: string;
  /** Further exact `Host` values that are accepted, in lower case. */
  readonly allowedHosts?: readonly string[];
  /**
   * Who presents these `Authorization` headers, and for which tenant; `undefined` when there is no credential.
   *
   * @throws GuardError for a credential that is not accepted.
   */
  readonly authenticate?: (authorization: readonly string[]) => MaybePromise<Identity | undefined>;
  readonly log?: Log;
}

/** Handles every request of a listener. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** The handler of a listener with these routes. It never throws. */
export function createRouter(routes: readonly AdminRoute[], deps: RouterDeps): RequestHandler {
  return (request, response) => {
    setSecurityHeaders(request, response);
    closeAfterUnreadBody(request, response);
    const match = matchRequest(routes, deps, request);
    // Sent at once: what follows an unread request on the socket may be a body, which the parser takes for a bad
    // request.
    if ('refusal' in match) return sendResponse(response, match.refusal);
    callEndpoint(match, deps, request)
      .then((answer) => sendResponse(response, answer))
      .catch((thrown: unknown) => {
        const cause = thrown instanceof Error ? thrown.message : String(thrown);
        deps.log?.('error', 'an admin endpoint failed', { path: request.url, cause });
        if (response.headersSent) response.destroy();
        else sendResponse(response, jsonResponse(500, { error: 'internal' }));
      });
  };
}

/**
 * A response may be sent before the body was read, or without reading it; the connection then ends with the response.
 */
function closeAfterUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (length !== undefined || encoding !== undefined) response.setHeader('Connection', 'close');
}

/** The endpoint for a request, with what its path and query say. */
interface Match extends Pick<EndpointRequest, 'method' | 'params' | 'query'> {
  readonly endpoint: Endpoint;
  readonly route: AdminRoute;
}

function matchRequest(
  routes: readonly AdminRoute[],
  { listenHost, allowedHosts = [] }: RouterDeps,
  request: IncomingMessage,
): Match | { readonly refusal: EndpointResponse } {
  if (!hostIsAllowed(request, listenHost, allowedHosts) || !originIsAllowed(request))
    return { refusal: jsonResponse(403, { error: 'the Host or Origin header is not allowed' }) };
  const [path, query] = splitOnce(request.url ?? '');
  const route = routes.find((candidate) => candidate.path.test(path));
  if (route === undefined) return { refusal: NOT_FOUND };
  const method = methodOf(request, route);
  const endpoint = method && route.endpoints[method];
  if (method === undefined || endpoint === undefined) {
    const headers = { Allow: allowedMethods(route) };
    return { refusal: { ...jsonResponse(405, { error: 'method not allowed' }), headers } };
  }
  return { endpoint, route, method, params: paramsOf(route, path), query: new URLSearchParams(query) };
}

async function callEndpoint(
  { endpoint, route, method, params, query }: Match,
  deps: RouterDeps,
  request: IncomingMessage,
): Promise<EndpointResponse> {
  const caller = await callerOf(request, route, deps);
  if (caller === 'refused') {
    const headers = { 'WWW-Authenticate': 'Bearer' };
    return { ...jsonResponse(401, { error: 'authentication is required' }), headers };
  }
  const read = method === 'GET' ? { body: undefined } : await readJsonBody(request);
  if ('refusal' in read) return read.refusal;
  return endpoint({ method, params, query, body: read.body, caller });
}

function splitOnce(url: string): readonly [path: string, query: string] {
  const mark = url.indexOf('?');
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

/** `undefined` for a method that no endpoint of the route serves. */
function methodOf({ method = '' }: IncomingMessage, { endpoints }: AdminRoute): EndpointMethod | undefined {
  const name = method === 'HEAD' ? 'GET' : method;
  return Object.hasOwn(endpoints, name) ? (name as EndpointMethod) : undefined;
}

const allowedMethods = ({ endpoints }: AdminRoute): string =>
  Object.keys(endpoints)
    .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ');

/** A credential that is not accepted, or that names no tenant of this gateway. */
const REFUSED: readonly ErrorCode[] = ['unauthenticated', 'insufficient_scope', 'unknown_tenant', 'rate_limited'];

async function callerOf(
  request: IncomingMessage,
  { authentication }: AdminRoute,
  { authenticate }: RouterDeps,
): Promise<Identity | undefined | 'refused'> {
  if (authentication === undefined) return undefined;
  try {
    const caller = await authenticate?.(headerValues(request, 'authorization'));
    return caller === undefined && authentication === 'required' ? 'refused' : caller;
  } catch (thrown) {
    if (thrown instanceof GuardError && REFUSED.includes(thrown.code)) return 'refused';
    throw thrown;
  }
}

function paramsOf({ path: pattern, params = [] }: AdminRoute, path: string): Readonly<Record<string, string>> {
  const groups = pattern.exec(path)?.slice(1) ?? [];
  return Object.fromEntries(params.map((name, index) => [name, groups[index] ?? '']));
}
