import type { JsonObject } from '../../call.ts';
import type { JwtIssuer } from './issuer.ts';
import { refused, type RefusedClaim } from './refused.ts';

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
  if (exp === undefined) throw refused('claims', { of: { claim: 'exp', found: 'absent', accept: 'nothing' } });
  if (exp + skew <= now)
    throw refused('expired', {
      of: { claim: 'exp', found: `${Math.round(now - exp)} s ago`, accept: 'identity.issuers[].clockSkew' },
    });
  const nbf = time(payload['nbf']);
  if (nbf !== undefined && nbf - skew > now) throw refused('not_yet_valid', { of: future('nbf', nbf - now) });
  const iat = time(payload['iat']);
  if (iat !== undefined && iat - skew > now) throw refused('not_yet_valid', { of: future('iat', iat - now) });
  const lifetime = exp - (iat ?? now);
  if (lifetime > issuer.lifetimeSecondsMax + skew)
    throw refused('lifetime', {
      of: {
        claim: 'exp',
        found: `a lifetime of ${Math.round(lifetime)} s`,
        accept: 'identity.issuers[].maxTokenLifetime',
      },
    });
  return exp;
}

const future = (claim: string, seconds: number): RefusedClaim => ({
  claim,
  found: `in ${Math.round(seconds)} s`,
  accept: 'identity.issuers[].clockSkew',
});

function time(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > SECONDS_MAX) throw refused('claims');
  return value;
}
