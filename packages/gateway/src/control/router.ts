/**
 * Routes of the admin listener, matched exactly: a path that is not in the table does not exist. Host and Origin are
 * judged here, once for everything; what begins with `/api/` is the control API's, and the rest is read with `GET`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '@sallyport/guard';
import { setSecurityHeaders } from '@sallyport/server/listen/security-headers';
import type { DashboardHandler } from './dashboard/dashboard.ts';
import { jsonResponse, NOT_FOUND, sendResponse, type Endpoint, type EndpointResponse } from './endpoint.ts';
import { hostIsAllowed, isOfAnotherPage, originIsAllowed } from './host-check.ts';
import { problem } from './problem.ts';

/** One row of the table of routes. */
export interface AdminRoute {
  /** Matches the whole path, as it was sent: nothing is decoded or normalised before. */
  readonly path: RegExp;
  /** Names of the groups of `path`, in order. */
  readonly params?: readonly string[];
  readonly get: Endpoint;
}

/** Handles every request of a listener. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** What the router needs besides its routes. */
export interface RouterDeps {
  /** The host that the listener was configured with. */
  readonly listenHost: string;
  /** Further exact `Host` values that are accepted, in lower case. */
  readonly allowedHosts?: readonly string[];
  /** Answers what begins with `/api/`. */
  readonly api: RequestHandler;
  /** Answers what belongs to the pages, and says whether it did. Absent: there are none. */
  readonly pages?: DashboardHandler;
  /** Answers what begins with `/auth/`. */
  readonly signIn: RequestHandler;
  /** The origin under which browsers reach the listener, where it is another one: behind a proxy. */
  readonly publicUrl?: string;
  readonly log?: Log;
}

/** The handler of a listener with these routes. It never throws. */
export function createRouter(routes: readonly AdminRoute[], deps: RouterDeps): RequestHandler {
  const publicHost = deps.publicUrl === undefined ? [] : [new URL(deps.publicUrl).host];
  const allowedHosts = [...publicHost, ...(deps.allowedHosts ?? [])];
  return (request, response) => {
    setSecurityHeaders(request, response);
    closeAfterUnreadBody(request, response);
    const { url: path = '' } = request;
    const isApi = path.startsWith('/api/');
    // Sent at once: what follows an unread request on the socket may be a body, which the parser takes for a bad
    // request.
    if (
      !hostIsAllowed(request, deps.listenHost, allowedHosts) ||
      !originIsAllowed(request, deps.publicUrl) ||
      (isApi && isOfAnotherPage(request))
    )
      return sendResponse(response, isApi ? problem('FORBIDDEN_ORIGIN') : FORBIDDEN);
    if (isApi) return deps.api(request, response);
    if (deps.pages?.(request, response) === true) return;
    if (path.startsWith('/auth/')) return deps.signIn(request, response);
    const match = matchRequest(routes, request);
    if ('refusal' in match) return sendResponse(response, match.refusal);
    Promise.resolve()
      .then(() => match.endpoint({ params: match.params }))
      .then((answer) => sendResponse(response, answer))
      .catch((thrown: unknown) => {
        const cause = thrown instanceof Error ? thrown.message : String(thrown);
        deps.log?.('error', 'an admin endpoint failed', { path: request.url, cause });
        if (response.headersSent) response.destroy();
        else sendResponse(response, jsonResponse(500, { error: 'internal' }));
      });
  };
}

const FORBIDDEN = jsonResponse(403, { error: 'the Host or Origin header is not allowed' });

/**
 * A response may be sent before the body was read, or without reading it; the connection then ends with the response.
 */
function closeAfterUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (length !== undefined || encoding !== undefined) response.setHeader('Connection', 'close');
}

type Match =
  | { readonly endpoint: Endpoint; readonly params: Readonly<Record<string, string>> }
  | { readonly refusal: EndpointResponse };

function matchRequest(routes: readonly AdminRoute[], { url = '', method = '' }: IncomingMessage): Match {
  const [path = ''] = url.split('?', 1);
  const route = routes.find((candidate) => candidate.path.test(path));
  if (route === undefined) return { refusal: NOT_FOUND };
  if (method !== 'GET' && method !== 'HEAD') {
    const headers = { Allow: 'GET, HEAD' };
    return { refusal: { ...jsonResponse(405, { error: 'method not allowed' }), headers } };
  }
  const groups = route.path.exec(path)?.slice(1) ?? [];
  const names = route.params ?? [];
  return {
    endpoint: route.get,
    params: Object.fromEntries(names.map((name, index) => [name, groups[index] ?? ''])),
  };
}
