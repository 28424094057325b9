/** Headers of every response of the edge. */
import { HEADER_NAME } from '../../mcp/headers.ts';
import { SECURITY_HEADERS } from '../../listen/security-headers.ts';

/** Response headers that scripts of listed origins may read. */
const EXPOSED = [
  HEADER_NAME.sessionId,
  'WWW-Authenticate',
  'X-Correlation-ID',
  'Retry-After',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
].join(', ');

/** `Strict-Transport-Security` is not among them: the listener adds it, because it knows about TLS. */
export const baseHeaders = (correlationId: string): Record<string, string> => ({
  ...SECURITY_HEADERS,
  'X-Correlation-ID': correlationId,
});

/**
 * H2: only for listed origins, never for all, never with credentials.
 *
 * @param isAllowed whether the origin is listed.
 */
export const corsHeaders = (origin: string, isAllowed: boolean): Record<string, string> => ({
  Vary: 'Origin',
  ...(isAllowed && { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': EXPOSED }),
});
