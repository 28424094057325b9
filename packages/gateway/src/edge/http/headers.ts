/** Headers of every response of the edge. */
import type { IncomingMessage } from 'node:http';
import { randomUUID } from 'node:crypto';

const FIXED = {
  'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY', 'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store',
};
const HSTS = { 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' };

/** Accepted from the request when it is well formed, so that it can be followed from the client's own logs. */
export function correlationIdOf(request: IncomingMessage): string {
  const given = request.headers['x-correlation-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._-]{8,64}$/.test(given) ? given : randomUUID();
}

export function baseHeaders(request: IncomingMessage, correlationId: string): Record<string, string> {
  const tls = 'encrypted' in request.socket;
  return { ...FIXED, ...(tls && HSTS), 'X-Correlation-ID': correlationId };
}

/** H2: only for origins that were listed, never for all, never with credentials. */
export function corsHeaders(origin: string | undefined, allowed: boolean): Record<string, string> {
  if (origin === undefined) return {};
  return { Vary: 'Origin', ...(allowed && { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': 'Mcp-Session-Id, WWW-Authenticate, X-Correlation-ID' }) };
}
