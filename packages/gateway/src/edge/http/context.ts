/** What the handlers of the door share: one visit, the door's state, and the shortest answers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpEdgeDeps } from '../deps.ts';
import type { Route } from '../names/route.ts';
import type { LiveSessions } from '../sessions/live-sessions.ts';
import type { SessionReader } from '../sessions/seal.ts';

/** One request on its way through the door. */
export interface RequestContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route;
  readonly correlationId: string;
  readonly address: string;
  readonly headers: Record<string, string>;
  readonly startedAt: number;
}

export interface HttpEdgeContext extends HttpEdgeDeps {
  readonly live: LiveSessions;
  readonly readSession: SessionReader;
  /** Open streams by principal: bounded by `maxStreamsPerPrincipal`. */
  readonly streams: Map<string, number>;
  /** Aborted when the gateway stops, so that streams end in order. */
  readonly closing: AbortSignal;
}

export function respondEmpty(response: ServerResponse, status: number, headers: Record<string, string>): void {
  response.writeHead(status, { ...headers, 'Content-Length': 0 }).end();
}

/** One answered request, for the metrics. @param method of JSON-RPC where there is one, else of HTTP. */
export function reportRequest(
  door: HttpEdgeContext,
  { response, route, startedAt }: RequestContext,
  { method, tenant }: { readonly method: string; readonly tenant: string | undefined },
): void {
  door.report({
    method,
    endpoint: route.endpoint,
    status: response.statusCode,
    tenant,
    ms: performance.now() - startedAt,
  });
}
