/**
 * O20: one Authorization header, one scheme, one space, one token (RFC 6750 section 2.1). Anything else is malformed.
 */
import type { Credentials } from '../../call.ts';

const BEARER = /^bearer ([A-Za-z0-9\-._~+/]+=*)$/i;
const TOKEN_MAX = 16_384;

/**
 * The credential of a request.
 *
 * @param values every Authorization header of the request, as received.
 *
 * @example
 * ```ts
 * const credentials = readAuthorization(['Bearer eyJhbGciOi.eyJpc3MiOi.c2lnbmF0dXJl']);
 * ```
 */
export function readAuthorization(values: readonly string[]): Credentials {
  if (values.length === 0) return { kind: 'none' };
  if (values.length > 1) return { kind: 'malformed', why: 'more than one Authorization header' };
  const value = values[0] ?? '';
  if (value.length > TOKEN_MAX) return { kind: 'malformed', why: 'the Authorization header is too long' };
  const token = BEARER.exec(value)?.[1];
  return token === undefined ? { kind: 'malformed', why: 'not "Bearer" and one token' } : { kind: 'bearer', token };
}
