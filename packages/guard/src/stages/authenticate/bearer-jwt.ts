/**
 * Access tokens as JWTs (RFC 9068, RFC 8725). A token that was verified is remembered by its hash for a minute; the
 * same token gives the same Principal object, so that what is known of a principal can hang on the object.
 */
import { hash } from 'node:crypto';
import { compactVerify } from 'jose';
import type { Principal } from '../../call.ts';
import type { Authenticator, Clock } from '../../ports.ts';
import { checkClaims } from './check-claims.ts';
import { checkHeader } from './check-header.ts';
import { readCompactJwt } from './compact-jwt.ts';
import type { JwtIssuer, KeySource } from './issuer.ts';
import { refused } from './refused.ts';

export interface BearerJwtDeps {
  readonly issuers: () => readonly JwtIssuer[];
  readonly keys: KeySource;
  readonly clock: Clock;
}

/** How long a verified token is believed without looking at its key again: O10, a removed key ends what it signed. */
export const TOKEN_REMEMBERED_MS = 60_000;
const REMEMBERED_MAX = 10_000;

export function createBearerJwt({ issuers, keys, clock }: BearerJwtDeps): Authenticator {
  const remembered = new Map<
    string,
    { readonly principal: Principal; readonly issuer: JwtIssuer; readonly until: number }
  >();
  const verify = async (token: string, fingerprint: string): Promise<Principal> => {
    const { header, payload } = readCompactJwt(token);
    // O13: the issuer is chosen by exact text, and its keys are the only ones that are looked at.
    const issuer = issuers().find((one) => one.issuer === payload['iss']);
    if (issuer === undefined) throw refused('issuer');
    const { algorithm, kid } = checkHeader(header, issuer);
    const key = await keys.key(issuer.issuer, kid, algorithm).catch((cause: unknown) => {
      throw refused('key', cause);
    });
    await compactVerify(token, key, { algorithms: [algorithm] }).catch((cause: unknown) => {
      throw refused('signature', cause);
    });
    const checked = checkClaims(payload, issuer, clock.now());
    const before = remembered.get(fingerprint);
    const principal = before?.issuer === issuer ? before.principal : checked;
    if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.keys().next().value as string);
    remembered.set(fingerprint, {
      principal,
      issuer,
      until: Math.min(clock.now() + TOKEN_REMEMBERED_MS, lastMoment(principal, issuer)),
    });
    return principal;
  };
  return (credentials) => {
    if (credentials.kind !== 'bearer' || credentials.token.startsWith('sp_')) return undefined;
    const fingerprint = hash('sha256', credentials.token, 'base64');
    const known = remembered.get(fingerprint);
    if (known !== undefined && known.until > clock.now() && issuers().includes(known.issuer)) return known.principal;
    return verify(credentials.token, fingerprint);
  };
}

const lastMoment = ({ expiresAtMs: expiresAt = 0 }: Principal, { clockSkewSeconds }: JwtIssuer): number =>
  expiresAt + Math.min(clockSkewSeconds, 60) * 1000;
