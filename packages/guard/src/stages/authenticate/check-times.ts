import type { JsonObject } from '../../call.ts';
import type { JwtIssuer } from './issuer.ts';
import { refused } from './refused.ts';

const SKEW_MAX_SECONDS = 60;
const TIME_MAX = 253_402_300_799;

/** O15: finite numbers of seconds, valid now give or take the skew, and not longer than the issuer may grant. */
export function checkTimes(payload: JsonObject, issuer: JwtIssuer, nowMs: number): number {
  const skew = Math.min(issuer.clockSkewSeconds, SKEW_MAX_SECONDS);
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
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > TIME_MAX) throw refused('claims');
  return value;
}
