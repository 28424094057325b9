/** What a person's word makes of a request. */
import type { Decision, FiledApproval } from '../approval-store.ts';
import type { Principal } from '../call.ts';
import { GuardError } from '../errors.ts';
import { demandsOf, isMet } from './demands.ts';
import { hasExpired } from './expired.ts';
import { checkMayDecide } from './may-decide.ts';
import { requesterOf } from './people.ts';

/**
 * A person's word about one request.
 *
 * @example
 * ```ts
 * const no = (by: Principal): Verdict => ({ by, verdict: 'deny', reason: 'Wrong account.', channel: 'cli' });
 * ```
 */
export interface Verdict extends Pick<Decision, 'verdict' | 'reason' | 'channel'> {
  readonly by: Principal;
  /** When the person last proved who they are; `undefined` where nobody knows, as for a key. */
  readonly signedInAtMs?: number | undefined;
  /** The passkey that signed this yes, and the digest of the request that it was shown. */
  readonly passkey?: { readonly id: string; readonly digest: string } | undefined;
}

const REASON_LENGTH_MAX = 500;

/**
 * @returns the request after the decision, with the next version.
 * @throws GuardError `not_found` when it does not wait any more, `not_permitted` for a person who may not decide or
 * must sign in again, `invalid_input` for a reason that is too long.
 */
export function applyVerdict(
  filed: FiledApproval,
  { by, verdict, reason, channel, signedInAtMs, passkey }: Verdict,
  nowMs: number,
): FiledApproval {
  if (filed.status !== 'pending' || hasExpired(filed, nowMs)) throw new GuardError('not_found', NOT_PENDING);
  checkReason(reason);
  const counted = checkMayDecide(filed, by, verdict);
  if (verdict === 'approve') {
    checkSignIn(filed, signedInAtMs, nowMs);
    checkPasskey(filed, passkey);
  }
  const { issuer, subject, email } = requesterOf(by.user);
  const proof = {
    ...(email !== undefined && { email }),
    ...(passkey !== undefined && { passkey: passkey.id }),
  };
  const decision: Decision = { by: { issuer, subject }, verdict, ...counted, reason, channel, atMs: nowMs, ...proof };
  const decisions = [...filed.decisions, decision];
  const status = statusAfter(filed, decisions);
  const endedAtMs = status === 'denied' ? nowMs : undefined;
  return { ...filed, decisions, status, endedAtMs, version: filed.version + 1 };
}

/** @throws GuardError `not_permitted` when the demand wants a fresh sign-in and this is none. A no needs none. */
function checkSignIn({ demand }: FiledApproval, signedInAtMs: number | undefined, nowMs: number): void {
  if (demand.stepUpMs === undefined || (signedInAtMs ?? Number.NEGATIVE_INFINITY) >= nowMs - demand.stepUpMs) return;
  throw new GuardError('not_permitted', {
    message: `To approve this call, sign in again: the last sign-in may be ${demand.stepUpMs / 1000} s ago.`,
    data: { step_up: true },
  });
}

/** @throws GuardError `not_permitted` when the demand wants a passkey and none signed this request. A no needs none. */
function checkPasskey({ demand, digest }: FiledApproval, passkey: Verdict['passkey']): void {
  if (demand.passkey === undefined || passkey?.digest === digest) return;
  throw new GuardError('not_permitted', {
    message: 'To approve this call, confirm it with a passkey on its page.',
    data: { passkey: true },
  });
}

/** @throws GuardError `invalid_input` for a reason that is too long. */
export function checkReason(reason: string | undefined): void {
  if ((reason?.length ?? 0) > REASON_LENGTH_MAX)
    throw new GuardError('invalid_input', { message: `A reason has at most ${REASON_LENGTH_MAX} characters.` });
}

const NOT_PENDING = { message: 'No such request for approval waits: it was decided, has ended or has expired.' };

/** One no ends it; a yes counts until there are as many as the rule asks for. */
function statusAfter({ demand }: FiledApproval, decisions: readonly Decision[]): FiledApproval['status'] {
  if (decisions.some(({ verdict }) => verdict === 'deny')) return 'denied';
  return demandsOf(demand).every((part, index) => isMet(part, index, decisions)) ? 'approved' : 'pending';
}
