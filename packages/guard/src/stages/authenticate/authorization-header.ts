/**
 * O20: one Authorization header, one scheme, one space, one token (RFC 6750 section 2.1). Anything else is malformed.
 */
import type { Credentials } from '../../call.ts';

const SCHEMES = /^(bearer|dpop) ([A-Za-z0-9\-._~+/]+=*)$/i;
const TOKEN_MAX = 16_384;

/** What the header says: a token, and whether a proof of possession must come with it (RFC 9449 section 7.1). */
export type Authorization =
  | Extract<Credentials, { kind: 'none' | 'malformed' | 'bearer' }>
  | { readonly kind: 'dpop'; readonly token: string };

/**
 * The credential of a request where no proofs of possession are read.
 *
 * @param values every Authorization header of the request, as received.
 * @example
 * ```ts
 * const credentials = readAuthorization(['Bearer eyJhbGciOi.eyJpc3MiOi.c2lnbmF0dXJl']);
 * ```
 */
export function readAuthorization(values: readonly string[]): Credentials {
  const read = readScheme(values);
  return read.kind === 'dpop' ? { kind: 'malformed', why: 'no proof of possession is read here' } : read;
}

/** @param values every Authorization header of the request, as received. */
export function readScheme(values: readonly string[]): Authorization {
  if (values.length === 0) return { kind: 'none' };
  if (values.length > 1) return { kind: 'malformed', why: 'more than one Authorization header' };
  const value = values[0] ?? '';
  if (value.length > TOKEN_MAX) return { kind: 'malformed', why: 'the Authorization header is too long' };
  const [, scheme, token] = SCHEMES.exec(value) ?? [];
  if (scheme === undefined || token === undefined)
    return { kind: 'malformed', why: 'not "Bearer" or "DPoP" and one token' };
  return { kind: scheme.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', token };
}
