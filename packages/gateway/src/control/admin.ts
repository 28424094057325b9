/**
 * The operators' listener: a table of routes, matched exactly. What is not in the table does not exist, and nothing in
 * it changes anything.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Tile } from '@sallyport/guard/audit';
import { setSecurityHeaders } from '../listen/security-headers.ts';
import { createCheckpoint } from './checkpoint.ts';
import { sendJson, type Endpoint } from './endpoint.ts';
import { health } from './health.ts';
import { hostIsOurs, originIsOurs } from './host-check.ts';
import { createMetricsEndpoint } from './metrics.ts';
import { createReady, type Check } from './ready.ts';
import { createTile } from './tile.ts';

export interface AdminDeps {
  /** The host that the listener was configured with. */
  readonly listenHost: string;
  /** Further exact `Host` values that are accepted. */
  readonly allowedHosts?: readonly string[];
  readonly checks: readonly Check[];
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
  readonly checkpoint: (tenant: string) => Promise<string | undefined>;
  readonly tile: (tenant: string, tile: Tile) => Promise<Buffer | undefined>;
  readonly log?: (level: 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface Admin {
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** The paths that are answered, for tests that no route is forgotten. */
  readonly routes: readonly string[];
}

type Route = readonly [path: RegExp, endpoint: Endpoint];

export function createAdmin(deps: AdminDeps): Admin {
  const routes: readonly Route[] = [
    [/^\/health$/, health],
    [/^\/ready$/, createReady({ checks: deps.checks, details: true })],
    [/^\/metrics$/, createMetricsEndpoint(deps.metrics)],
    [/^\/audit\/(_|[A-Za-z0-9][A-Za-z0-9._-]{0,63})\/checkpoint$/, createCheckpoint(deps.checkpoint)],
    [/^\/audit\/(_|[A-Za-z0-9][A-Za-z0-9._-]{0,63})\/tile\/([0-9][0-9x/.p]{0,40})$/, createTile(deps.tile)],
  ];
  return {
    routes: routes.map(([path]) => path.source),
    handle: (request, response) => {
      setSecurityHeaders(request, response);
      // A body is never read here: the connection ends with the answer when one was announced.
      if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined)
        response.setHeader('Connection', 'close');
      if (!hostIsOurs(request, deps.listenHost, deps.allowedHosts ?? []) || !originIsOurs(request)) {
        sendJson(response, 403, { error: 'the Host or Origin header is not allowed' });
        return;
      }
      answer(routes, request, response).catch((thrown: unknown) => {
        deps.log?.('error', 'an admin endpoint failed', {
          path: request.url,
          cause: thrown instanceof Error ? thrown.message : String(thrown),
        });
        if (!response.headersSent) sendJson(response, 500, { error: 'internal' });
        else response.destroy();
      });
    },
  };
}

async function answer(routes: readonly Route[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  for (const [pattern, endpoint] of routes) {
    const match = pattern.exec(path);
    if (match === null) continue;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      sendJson(response, 405, { error: 'method not allowed' });
      return;
    }
    await endpoint(response, ...match.slice(1));
    return;
  }
  sendJson(response, 404, { error: 'not found' });
}
