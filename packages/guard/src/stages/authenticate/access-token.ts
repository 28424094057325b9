/**
 * Access tokens: JWTs (RFC 9068, RFC 8725), or opaque ones (RFC 7662). A verified token is remembered by its hash for a
 * minute. The same token gives the same Principal object, because caches hang on the object.
 */
import { hash } from 'node:crypto';
import { compactVerify } from 'jose';
import { BoundedMap } from '../../bounded-map.ts';
import type { Credentials, JsonObject, Principal } from '../../call.ts';
import type { Authenticator, Clock } from '../../ports.ts';
import { boundKey, checkBinding } from './check-binding.ts';
import { checkAccessToken } from './check-access-token.ts';
import { checkClaims } from './check-claims.ts';
import { checkHeader } from './check-header.ts';
import { SKEW_SECONDS_MAX } from './check-times.ts';
import { readCompactJwt, type CompactJwt } from './compact-jwt.ts';
import { createIntrospection, type Introspect } from './introspection.ts';
import type { JwtIssuer, KeySource } from './issuer.ts';
import { IDENTITY_PROVIDERS } from './providers/index.ts';
import { describeUnverified, refused, type RefusedClaim } from './refused.ts';

/** What the verification of access tokens works with. */
export interface AccessTokenDeps {
  /** Read for every token, so that a reload takes effect with the next call. */
  readonly issuers: () => readonly JwtIssuer[];
  readonly keys: KeySource;
  readonly clock: Clock;
  /** Asks an issuer about tokens that are no JWTs; absent: such tokens are refused. */
  readonly introspect?: Introspect;
  /** Receives what an accepted token leaves out although its issuer knows it. */
  readonly incomplete?: (claim: RefusedClaim) => void;
}

/** How long a verified token is accepted without another look at its key: O10, a removed key ends what it signed. */
export const TOKEN_REMEMBERED_MS = 60_000;
const REMEMBERED_MAX = 10_000;

/** What a token says, and who says it. */
interface ReadToken {
  readonly payload: JsonObject;
  readonly issuer: JwtIssuer;
}

/** Three parts, and the first one begins as JSON does in base64url. */
const JWT = /^eyJ[^.]*\.[^.]+\.[^.]*$/;

interface VerifiedToken {
  readonly principal: Principal;
  readonly issuer: JwtIssuer;
  /** The key that the token is bound to; `undefined` for a bearer token. */
  readonly bound: string | undefined;
  readonly validUntilMs: number;
  /** By `performance.now()`: a clock that is set back or stands still keeps no token (L7). */
  readonly rememberedUntilMs: number;
}

/**
 * Authenticates access tokens of the configured issuers: JWTs, and others that an issuer is asked about.
 *
 * @example
 * ```ts
 * const jwtOf = (issuers: readonly JwtIssuer[], keys: KeySource): Authenticator =>
 *   createAccessTokenAuthenticator({ issuers: () => issuers, keys, clock: systemClock });
 * ```
 */
export function createAccessTokenAuthenticator({
  issuers,
  keys,
  clock,
  incomplete,
  introspect,
}: AccessTokenDeps): Authenticator {
  const verified = new BoundedMap<string, VerifiedToken>(REMEMBERED_MAX);
  const introspected = introspect === undefined ? undefined : createIntrospection(introspect, () => performance.now());
  const read = async (token: string, fingerprint: string): Promise<ReadToken> => {
    const asked = issuers().find((issuer) => issuer.introspection);
    if (introspected !== undefined && asked !== undefined && !JWT.test(token))
      return introspected(token, fingerprint, asked);
    return readSigned(token, issuers(), keys);
  };
  const verify = async (credentials: Credentials & { readonly token: string }, fingerprint: string) => {
    const { payload, issuer } = await read(credentials.token, fingerprint);
    const bound = boundKey(payload);
    checkBinding(bound, credentials, issuer);
    const checked = checkClaims(payload, issuer, clock.now());
    const missing = IDENTITY_PROVIDERS[issuer.provider].incomplete(payload);
    if (missing !== undefined) incomplete?.(missing);
    const previous = verified.get(fingerprint);
    const principal = previous?.issuer === issuer ? previous.principal : checked;
    const validUntilMs = Math.min(clock.now() + TOKEN_REMEMBERED_MS, expiryMs(principal, issuer));
    const rememberedUntilMs = performance.now() + TOKEN_REMEMBERED_MS;
    verified.set(fingerprint, { principal, issuer, bound, validUntilMs, rememberedUntilMs });
    return principal;
  };
  return (credentials) => {
    if (credentials.kind !== 'bearer' && credentials.kind !== 'dpop') return undefined;
    if (credentials.token.startsWith('sp_')) return undefined;
    const fingerprint = hash('sha256', credentials.token, 'base64');
    const known = verified.get(fingerprint);
    const isKnown = known !== undefined && known.validUntilMs > clock.now() && issuers().includes(known.issuer);
    if (!isKnown || known.rememberedUntilMs <= performance.now()) return verify(credentials, fingerprint);
    checkBinding(known.bound, credentials, known.issuer);
    return known.principal;
  };
}

/** A token that its issuer signed. */
async function readSigned(token: string, issuers: readonly JwtIssuer[], keys: KeySource): Promise<ReadToken> {
  const jwt = readCompactJwt(token);
  // O13: the issuer is chosen by exact text, and the token is verified with its keys only.
  const issuer = issuers.find((configured) => configured.issuer === jwt.payload['iss']);
  if (issuer === undefined)
    throw refused('issuer', {
      of: {
        claim: 'iss',
        found: describeUnverified(jwt.payload['iss'], /^https?:\/\//),
        accept: 'identity.issuers[].issuer',
      },
    });
  await checkSignature(token, jwt, issuer, keys);
  checkAccessToken(jwt.payload, issuer);
  return { payload: jwt.payload, issuer };
}

async function checkSignature(token: string, jwt: CompactJwt, issuer: JwtIssuer, keys: KeySource): Promise<void> {
  const { algorithm, kid } = checkHeader(jwt.header, issuer);
  const key = await keys.key(issuer.issuer, kid, algorithm).catch((cause: unknown) => {
    throw refused('key', {
      cause,
      of: {
        claim: 'kid',
        found: kid === undefined ? 'absent' : 'a text',
        accept: 'a key of that id in the issuer’s key set',
      },
    });
  });
  await compactVerify(token, key, { algorithms: [algorithm] }).catch((cause: unknown) => {
    throw refused('signature', { cause });
  });
}

/** When the token stops being accepted: its expiry and the clock skew. */
const expiryMs = ({ expiresAtMs = 0 }: Principal, { clockSkewSeconds }: JwtIssuer): number =>
  expiresAtMs + Math.min(clockSkewSeconds, SKEW_SECONDS_MAX) * 1000;
