/** `POST /api/v1/approvals/{id}/approve` and `…/deny`: what one person says. The guard judges whether they may. */
import { checkMayDecide, type FiledApproval, type JsonObject, type Verdict } from '@sallyport/guard';
import { z } from 'zod';
import type { ApiCaller } from '../api/access.ts';
import { checkVersion } from '../api/etag.ts';
import { route, type ApiRoute } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiProblem } from '../problem.ts';
import { assertionAnswer } from '../passkeys/answer.ts';
import { recordChange } from '../record-change.ts';
import { APPROVAL_PARAMS, visibleApproval } from './show.ts';
import { checkStepUp, provedAtMs } from './step-up.ts';
import { approvalSchema, statusOf, viewOf } from './view.ts';

type Deps = Pick<ApiDeps, 'approvals' | 'audit' | 'clock' | 'toolOf' | 'passkeys'>;

const decideRoute = (verdict: 'approve' | 'deny', summary: string): ApiRoute<Deps> =>
  route({
    method: 'POST',
    path: `/api/v1/approvals/{id}/${verdict}`,
    // Who may decide is said by the rule of the request, not by a role.
    access: 'person',
    summary,
    params: APPROVAL_PARAMS,
    body: z.strictObject({
      reason: z.string().max(500).optional().describe('The model is told it after a no.'),
      passkey: assertionAnswer.optional().describe('For a yes, where the request asks for a passkey.'),
    }),
    ifMatch: 'optional',
    idempotent: true,
    errors: ['APPROVALS_UNAVAILABLE', 'PERMISSION_DENIED', 'STEP_UP_REQUIRED', 'CONFLICT', 'AUDIT_UNAVAILABLE'],
    response: approvalSchema,
    async handle({ params, body, caller, ifMatch }, deps: Deps) {
      const before = await visibleApproval(deps, caller, params.id);
      checkVersion(ifMatch, before.version);
      const channel = caller.session === undefined ? 'api' : 'dashboard';
      if (statusOf(before, deps.clock.now()) !== 'pending') throw new ApiProblem('CONFLICT', { detail: NOT_PENDING });
      const passkey = await passkeyOf(deps, caller, before, verdict, body.passkey);
      const filed = await decide(deps, caller, before, { verdict, reason: body.reason, channel, passkey });
      return { value: viewOf(filed, caller, deps), version: filed.version };
    },
  });

/** @returns what a passkey signed, where a yes needs one. @throws ApiProblem `STEP_UP_REQUIRED` without it. */
async function passkeyOf(
  { passkeys }: Pick<ApiDeps, 'passkeys'>,
  caller: ApiCaller,
  before: FiledApproval,
  verdict: Verdict['verdict'],
  answer: z.output<typeof assertionAnswer> | undefined,
): Promise<Verdict['passkey']> {
  if (verdict === 'deny' || before.demand.passkey === undefined) return undefined;
  checkMayDecide(before, caller.principal, verdict);
  if (answer !== undefined) return passkeys.checkApproval(caller, before, answer);
  throw new ApiProblem('STEP_UP_REQUIRED', {
    detail: `This approval needs a passkey, so it is given on its page: ${passkeys.pageOf(before.id)}`,
  });
}

/**
 * Records what a person says, wherever it was said.
 *
 * @throws ApiProblem for a request that does not wait.
 * @throws GuardError `not_permitted` for a person who may not decide, `audit_unavailable`.
 */
export async function decide(
  deps: Pick<ApiDeps, 'approvals' | 'audit' | 'clock'>,
  caller: ApiCaller,
  before: FiledApproval,
  { verdict, reason, channel, passkey }: Omit<Verdict, 'by'>,
): Promise<FiledApproval> {
  // Judged before anything is recorded: who may not decide must not fill the log.
  if (statusOf(before, deps.clock.now()) !== 'pending') throw new ApiProblem('CONFLICT', { detail: NOT_PENDING });
  checkMayDecide(before, caller.principal, verdict);
  // A no may come from an old session: it lets nothing happen.
  if (verdict === 'approve') checkStepUp(before, caller, deps.clock.now());
  return recordChange(
    deps,
    caller,
    { operation: 'approval.decide', target: { approval_id: before.id, verdict }, before: stateOf(before) },
    async () => {
      const by = caller.principal;
      const result = await deps.approvals.decide(caller.tenant.id, before.id, {
        by,
        verdict,
        reason,
        signedInAtMs: provedAtMs(caller),
        channel,
        passkey,
      });
      return { result, after: stateOf(result) };
    },
  );
}

const NOT_PENDING = 'The request does not wait any more: it was decided, has ended or has expired.';

/** What a decision changes of a request. */
const stateOf = ({ status, version, decisions }: FiledApproval): JsonObject => ({
  status,
  version,
  decisions: decisions.map(({ by, verdict, as, reason, passkey }) => ({
    by: { issuer: by.issuer, subject: by.subject },
    verdict,
    as: `${as.kind}:${as.name}`,
    ...(reason !== undefined && { reason }),
    ...(passkey !== undefined && { passkey_id: passkey }),
  })),
});

/** A yes: enough of them let exactly this call happen, once. */
export const approveApproval = decideRoute('approve', 'Let exactly this call happen, once.');
/** A no ends the request. */
export const denyApproval = decideRoute('deny', 'Refuse the call.');
