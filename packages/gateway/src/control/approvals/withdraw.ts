/** `POST /api/v1/approvals/{id}/withdraw`: whoever asked takes the request back. */
import { checkMayWithdraw } from '@sallyport/guard';
import { z } from 'zod';
import { checkVersion } from '../api/etag.ts';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { recordChange } from '../record-change.ts';
import { APPROVAL_PARAMS, visibleApproval } from './show.ts';
import { approvalSchema, viewOf } from './view.ts';

/** Only the user of the call may, which the guard judges. */
export const withdrawApproval = route({
  method: 'POST',
  path: '/api/v1/approvals/{id}/withdraw',
  access: 'person',
  summary: 'Take a request back, as the user of the call.',
  params: APPROVAL_PARAMS,
  body: z.strictObject({ reason: z.string().max(500).optional().describe('For people.') }),
  ifMatch: 'optional',
  idempotent: true,
  errors: ['APPROVALS_UNAVAILABLE', 'PERMISSION_DENIED', 'AUDIT_UNAVAILABLE'],
  response: approvalSchema,
  async handle({ params, body, caller, ifMatch }, deps: Pick<ApiDeps, 'approvals' | 'audit' | 'clock' | 'toolOf'>) {
    const before = await visibleApproval(deps, caller, params.id);
    checkVersion(ifMatch, before.version);
    // Judged before anything is recorded: who may not must not fill the log (B9).
    checkMayWithdraw(before, caller.principal, deps.clock.now());
    const filed = await recordChange(
      deps,
      caller,
      { operation: 'approval.withdraw', target: { approval_id: params.id }, before: { status: before.status } },
      async () => {
        const result = await deps.approvals.withdraw(caller.tenant.id, params.id, caller.principal, body.reason);
        return { result, after: { status: result.status } };
      },
    );
    return { value: viewOf(filed, caller, deps), version: filed.version };
  },
});
