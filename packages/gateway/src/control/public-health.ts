/**
 * `/health` and `/ready` of the gateway listener, handled before the edge. Anyone can ask, so `/ready` names the kind
 * of dependency that fails, but neither which one nor why.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setSecurityHeaders } from '@sallyport/server/listen/security-headers';
import { jsonResponse, sendResponse, type Endpoint } from './endpoint.ts';
import { health } from './health.ts';
import { createReady, type Check } from './ready.ts';

/** @returns true when the request was for one of the two and has been answered. */
export type PublicHealth = (request: IncomingMessage, response: ServerResponse) => boolean;

/** @param checks the same as for the admin listener. */
export function createPublicHealth(checks: readonly Check[]): PublicHealth {
  const endpoints: ReadonlyMap<string | undefined, Endpoint> = new Map([
    ['/health', health],
    ['/ready', createReady({ checks, details: false })],
  ]);
  return (request, response) => {
    const endpoint = endpoints.get(request.url);
    if (endpoint === undefined) return false;
    setSecurityHeaders(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      response.setHeader('Connection', 'close');
      sendResponse(response, jsonResponse(405, { error: 'method not allowed' }));
      return true;
    }
    Promise.resolve(endpoint({ params: {} }))
      .then((answer) => sendResponse(response, answer))
      .catch(() => response.destroy());
    return true;
  };
}
