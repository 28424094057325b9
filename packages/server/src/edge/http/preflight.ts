/** H2: CORS preflights. Only listed origins get an answer with headers, and never with credentials. */
import type { RequestContext } from './context.ts';

/** Every HTTP method of the MCP endpoints. */
export const ALLOW = 'POST, GET, DELETE, OPTIONS';

const REQUEST_HEADER =
  /^(authorization|content-type|accept|last-event-id|x-correlation-id|traceparent|mcp-[a-z0-9-]{1,64})$/;
const REQUEST_HEADERS_MAX = 50;

/** Responds to OPTIONS; `headers` hold the CORS headers when the origin is allowed. */
export function respondPreflight({ request, response, headers }: RequestContext): void {
  const isAllowed = headers['Access-Control-Allow-Origin'] !== undefined;
  response
    .writeHead(204, {
      ...headers,
      Allow: ALLOW,
      ...(isAllowed && {
        'Access-Control-Allow-Methods': 'POST, GET, DELETE',
        'Access-Control-Allow-Headers': allowedHeaders(request.headers['access-control-request-headers'] ?? ''),
        'Access-Control-Max-Age': '600',
      }),
    })
    .end();
}

/** The part of the requested headers that is allowed: `Mcp-Param-*` headers cannot all be listed. */
function allowedHeaders(requested: string): string {
  const names = requested
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => REQUEST_HEADER.test(name));
  return [...new Set(names)].slice(0, REQUEST_HEADERS_MAX).join(', ');
}
