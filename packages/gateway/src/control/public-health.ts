/**
 * `/health` and `/ready` of the gateway listener, mounted in front of the edge. Anyone can ask, so `/ready` names what
 * kind of dependency fails and neither which server nor why.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setSecurityHeaders } from '../listen/security-headers.ts';
import { sendJson } from './endpoint.ts';
import { health } from './health.ts';
import { createReady, type Check } from './ready.ts';

/** @returns true when the request was for one of the two and has been answered. */
export type PublicHealth = (request: IncomingMessage, response: ServerResponse) => boolean;

export function createPublicHealth(checks: readonly Check[]): PublicHealth {
  const ready = createReady({ checks, details: false });
  return (request, response) => {
    if (request.url !== '/health' && request.url !== '/ready') return false;
    setSecurityHeaders(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      response.setHeader('Connection', 'close');
      sendJson(response, 405, { error: 'method not allowed' });
    } else if (request.url === '/health') void health(response, '');
    else Promise.resolve(ready(response, '')).catch(() => response.destroy());
    return true;
  };
}
