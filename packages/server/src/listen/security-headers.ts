/**
 * Headers of every response: no sniffing, no framing, no scripts, no referrer, nothing stored, and a correlation id
 * that joins the response, the log and the audit record.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerValues } from './header-values.ts';

/** The same for every response. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** RFC 6797; two years, as hstspreload.org recommends. Subdomains are left to their owner. */
export const STRICT_TRANSPORT_SECURITY = 'max-age=63072000';

const CORRELATION_ID = /^[A-Za-z0-9._-]{8,64}$/;

/** The `X-Correlation-ID` of the request when it is well formed and not repeated, else a new one. */
export function correlationIdOf(request: IncomingMessage): string {
  const [id, repeated] = headerValues(request, 'x-correlation-id');
  return id !== undefined && repeated === undefined && CORRELATION_ID.test(id) ? id : randomUUID();
}

/** For responses outside the MCP endpoints. @returns the correlation id of the response. */
export function setSecurityHeaders(request: IncomingMessage, response: ServerResponse): string {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  const id = correlationIdOf(request);
  response.setHeader('X-Correlation-ID', id);
  return id;
}
