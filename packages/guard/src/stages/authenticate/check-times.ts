import type { JsonObject } from '../../call.ts';
import type { JwtIssuer } from './issuer.ts';
import { refused } from './refused.ts';

/** The largest clock skew that is tolerated, whatever the configuration says. */
export const SKEW_SECONDS_MAX = 60;
/** The end of the year 9999. */
const SECONDS_MAX = 253_402_300_799;

/**
 * O15: finite numbers of seconds, valid now within the clock skew, and no longer lifetime than the issuer may grant.
 *
 * @returns `exp`, in seconds since the epoch.
 */
export function checkTimes(payload: JsonObject, issuer: JwtIssuer, nowMs: number): number {
  const skew = Math.min(issuer.clockSkewSeconds, SKEW_SECONDS_MAX);
  const now = nowMs / 1000;
  const exp = time(payload['exp']);
  if (exp === undefined) throw refused('claims');
  if (exp + skew <= now) throw refused('expired');
  const nbf = time(payload['nbf']);
  if (nbf !== undefined && nbf - skew > now) throw refused('not_yet_valid');
  const iat = time(payload['iat']);
  if (iat !== undefined && iat - skew > now) throw refused('not_yet_valid');
  if (exp - (iat ?? now) > issuer.lifetimeSecondsMax + skew) throw refused('lifetime');
  return exp;
}

function time(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > SECONDS_MAX) throw refused('claims');
  return value;
}
