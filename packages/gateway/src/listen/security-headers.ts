/**
 * Headers that every answer of the admin listener carries (and, under TLS, every answer of any listener): no sniffing,
 * no framing, no scripts, no referrer, nothing stored, and an id that joins answer, log and record.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerValues } from './header-values.ts';

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** Two years, by the recommendation of hstspreload.org; subdomains are not ours to decide about. */
export const STRICT_TRANSPORT_SECURITY = 'max-age=63072000';

const CORRELATION_ID = /^[A-Za-z0-9._-]{8,64}$/;

/** The caller's correlation id when it is well formed and there is one of it, else a new one. */
export function correlationIdOf(request: IncomingMessage): string {
  const given = headerValues(request, 'x-correlation-id');
  const [one] = given;
  return given.length === 1 && one !== undefined && CORRELATION_ID.test(one) ? one : randomUUID();
}

/** @returns the correlation id that the response now carries. */
export function setSecurityHeaders(request: IncomingMessage, response: ServerResponse): string {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  const id = correlationIdOf(request);
  response.setHeader('X-Correlation-ID', id);
  return id;
}
