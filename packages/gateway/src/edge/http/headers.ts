/** Headers of every response of the edge. */
import { SECURITY_HEADERS } from '../../listen/security-headers.ts';

const EXPOSED =
  'Mcp-Session-Id, WWW-Authenticate, X-Correlation-ID, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset';

/** What every answer of the edge carries. `Strict-Transport-Security` is the listener's, which knows about TLS. */
export const baseHeaders = (correlationId: string): Record<string, string> => ({
  ...SECURITY_HEADERS,
  'X-Correlation-ID': correlationId,
});

/** H2: only for origins that were listed, never for all, never with credentials. */
export function corsHeaders(origin: string | undefined, allowed: boolean): Record<string, string> {
  if (origin === undefined) return {};
  return {
    Vary: 'Origin',
    ...(allowed && { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': EXPOSED }),
  };
}
