/** Logout tokens of OpenID Connect Back-Channel Logout 1.0: an issuer says that somebody's session has ended. */
import { hash } from 'node:crypto';
import type { JwtIssuer, KeySource } from '@sallyport/guard/stages';
import { compactVerify, decodeProtectedHeader, decodeJwt, type JWTPayload } from 'jose';

/** Whose sessions end. At least one of `subject` and `sid` is there. */
export interface Logout {
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** What makes the token unique: it is accepted once. */
  readonly once: string;
  readonly expiresAtMs: number;
}

/** What logout tokens are checked with. */
export interface LogoutTokenDeps {
  /** The issuer with this name that people sign in with, and this gateway's client ids there. */
  readonly issuerOf: (
    issuer: string,
  ) => { readonly issuer: JwtIssuer; readonly clientIds: readonly string[] } | undefined;
  readonly keys: KeySource;
  readonly nowMs: () => number;
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const TOKEN_CHARACTERS_MAX = 16_384;
/** A token is sent at once; an old one is a replay. */
const AGE_SECONDS_MAX = 300;
/** RFC 8417 and Back-Channel Logout name the type; older issuers send none, or `JWT`. */
const TYPES: ReadonlySet<unknown> = new Set(['logout+jwt', 'secevent+jwt', 'JWT', undefined]);

/** @throws Error with what is wrong, for the log. */
export async function verifyLogoutToken(token: string, { issuerOf, keys, nowMs }: LogoutTokenDeps): Promise<Logout> {
  if (token.length > TOKEN_CHARACTERS_MAX) throw new Error('the token is too long');
  const header = decodeProtectedHeader(token);
  const payload = decodeJwt(token);
  const known = issuerOf(String(payload.iss));
  if (known === undefined) throw new Error('the issuer is not one that people sign in with');
  const { issuer, clientIds } = known;
  if (typeof header.alg !== 'string' || !issuer.algorithms.includes(header.alg)) throw new Error('the algorithm');
  if (!TYPES.has(header.typ)) throw new Error('the type of the token');
  const key = await keys.key(issuer.issuer, header.kid, header.alg);
  await compactVerify(token, key, { algorithms: [header.alg] });
  checkClaims(payload, clientIds, issuer.clockSkewSeconds, nowMs() / 1000);
  const { sub, sid, jti = '', iat = 0 } = payload;
  return {
    issuer: issuer.issuer,
    subject: typeof sub === 'string' ? sub : undefined,
    sid: typeof sid === 'string' ? sid : undefined,
    once: hash('sha256', JSON.stringify([issuer.issuer, jti]), 'hex'),
    expiresAtMs: (iat + 2 * AGE_SECONDS_MAX) * 1000,
  };
}

/** Section 2.6 of the specification. */
function checkClaims(payload: JWTPayload, clientIds: readonly string[], skew: number, nowSeconds: number): void {
  const audiences = [payload.aud ?? []].flat();
  if (audiences.length !== 1 || !clientIds.includes(audiences[0] ?? '')) throw new Error('the audience');
  const { iat, exp, nbf, jti, sub } = payload;
  const { events, sid, nonce } = payload as { events?: unknown; sid?: unknown; nonce?: unknown };
  if (typeof iat !== 'number' || Math.abs(nowSeconds - iat) > AGE_SECONDS_MAX + skew) throw new Error('the time');
  if (exp !== undefined && exp + skew < nowSeconds) throw new Error('the token has expired');
  if (nbf !== undefined && nbf - skew > nowSeconds) throw new Error('the token is not valid yet');
  if (typeof jti !== 'string' || jti === '') throw new Error('the token has no id');
  if (typeof events !== 'object' || events === null || Array.isArray(events)) throw new Error('the events');
  const event = (events as Record<string, unknown>)[EVENT];
  if (typeof event !== 'object' || event === null || Array.isArray(event)) throw new Error('the event');
  // An ID token has one: it must never pass as a logout token.
  if (nonce !== undefined) throw new Error('the token has a nonce');
  const names = [sub, sid].filter((name) => typeof name === 'string' && name !== '');
  if (names.length === 0) throw new Error('the token names nobody');
}
