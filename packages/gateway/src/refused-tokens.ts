/**
 * The log of refused tokens, for the operator who connects an issuer: which claim was refused, what it was, and the
 * setting that would accept it. Anybody can send tokens, so each reason is logged once a minute, and twenty of them.
 */
import type { Log } from '@sallyport/guard';
import type { RefusedClaim } from '@sallyport/guard/stages';

const INTERVAL_MS = 60_000;
const REASONS_MAX = 20;

/** @param nowMs of a clock that only goes forward. */
export function createRefusedTokens(
  log: Log,
  nowMs: () => number,
): (type: string, claim: RefusedClaim | undefined) => void {
  const logged = new Set<string>();
  let startedAtMs = nowMs();
  return (type, refusedClaim) => {
    if (refusedClaim === undefined) return;
    if (nowMs() - startedAtMs >= INTERVAL_MS) {
      startedAtMs = nowMs();
      logged.clear();
    }
    const { claim, found, accept } = refusedClaim;
    const reason = JSON.stringify([type, claim, found]);
    if (logged.size >= REASONS_MAX || logged.has(reason)) return;
    logged.add(reason);
    const message = type === 'incomplete' ? 'a token does not say everything' : 'a token was refused';
    log('warn', message, { fault: type, claim, found, accepted_by: accept });
  };
}
