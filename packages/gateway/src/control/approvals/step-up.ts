/** Whether somebody proved who they are recently enough to say yes, where a request asks for that. */
import type { FiledApproval } from '@sallyport/guard';
import type { ApiCaller } from '../api/access.ts';
import { ApiProblem } from '../problem.ts';

/** Clocks of an issuer and of this gateway may differ; a proof from further ahead is none. */
const AHEAD_MS_MAX = 60_000;

/**
 * When the caller proved who they are, by the issuer; `undefined` when it does not say so, for a way to sign in that is
 * not enough, and for API keys.
 */
export function provedAtMs({ session, principal, stepUpAcrValues = [] }: ApiCaller): number | undefined {
  const { auth_time: seconds, acr } = principal.user.claims;
  // U17: issuers take `acr_values` as a wish (OpenID Connect Core 5.5.1.1), so what they did is judged here.
  const way = session === undefined ? acr : session.acr;
  if (stepUpAcrValues.length > 0 && !(typeof way === 'string' && stepUpAcrValues.includes(way))) return undefined;
  if (session !== undefined) return session.authTimeMs > 0 ? session.authTimeMs : undefined;
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

/** Whether a yes of the caller needs a fresh sign-in before it. */
export function needsStepUp({ demand }: FiledApproval, caller: ApiCaller, nowMs: number): boolean {
  if (demand.stepUpMs === undefined) return false;
  const atMs = provedAtMs(caller);
  return atMs === undefined || nowMs - atMs > demand.stepUpMs || atMs - nowMs > AHEAD_MS_MAX;
}

/** @throws ApiProblem where a fresh sign-in is needed first. */
export function checkStepUp(filed: FiledApproval, caller: ApiCaller, nowMs: number): void {
  if (!needsStepUp(filed, caller, nowMs)) return;
  const { stepUpAcrValues = [] } = caller;
  const way = stepUpAcrValues.length === 0 ? '' : ` Its acr must be one of: ${stepUpAcrValues.join(', ')}.`;
  throw new ApiProblem('STEP_UP_REQUIRED', {
    detail:
      'This approval needs a fresh sign-in (/auth/login?step_up=1); a key, or a token without auth_time, has none.' +
      way,
  });
}
