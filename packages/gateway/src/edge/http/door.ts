/** What the handlers of the door share: one visit, the door's state, and the shortest answers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EdgeDeps } from '../deps.ts';
import type { Route } from '../names/route.ts';
import type { LiveSessions } from '../sessions/live.ts';
import type { SessionReader } from '../sessions/seal.ts';

/** One request on its way through the door. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route;
  readonly correlationId: string;
  readonly address: string;
  readonly headers: Record<string, string>;
  readonly startedAt: number;
}

export interface Door extends EdgeDeps {
  readonly live: LiveSessions;
  readonly readSession: SessionReader;
  /** Open streams by principal: bounded by `maxStreamsPerPrincipal`. */
  readonly streams: Map<string, number>;
  /** Aborted when the gateway stops, so that streams end in order. */
  readonly closing: AbortSignal;
}

export function plain(response: ServerResponse, status: number, headers: Record<string, string>): void {
  response.writeHead(status, { ...headers, 'Content-Length': 0 }).end();
}

/** One answered request, for the metrics. @param method of JSON-RPC where there is one, else of HTTP. */
export function note(
  door: Door,
  { response, route, startedAt }: Visit,
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
