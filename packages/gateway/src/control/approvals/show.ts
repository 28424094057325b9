/** `GET /api/v1/approvals/{id}`: one request. What the caller may not see does not exist for it (U14). */
import { GuardError, type FiledApproval } from '@sallyport/guard';
import { z } from 'zod';
import type { ApiCaller } from '../api/access.ts';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { differencesOf, differencesSchema } from './differences.ts';
import { approvalSchema, maySee, viewOf } from './view.ts';

/** Parameters of every path that names a request. */
export const APPROVAL_PARAMS = z.strictObject({ id: z.string().regex(/^[0-9a-f]{32}$/) });

/** @throws GuardError `not_found`, whether there is no such request or the caller may not see it. */
export async function visibleApproval(
  { approvals }: Pick<ApiDeps, 'approvals'>,
  caller: ApiCaller,
  id: string,
): Promise<FiledApproval> {
  const filed = await approvals.show(caller.tenant.id, id);
  if (!maySee(caller, filed)) throw new GuardError('not_found', { message: 'No such request for approval.' });
  return filed;
}

/** The path names the request. */
export const getApproval = route({
  method: 'GET',
  path: '/api/v1/approvals/{id}',
  access: 'person',
  summary: 'One request for approval, with all arguments and what in them differs from earlier calls.',
  params: APPROVAL_PARAMS,
  errors: ['APPROVALS_UNAVAILABLE'],
  response: approvalSchema
    .extend({
      differs_from_earlier: differencesSchema.describe(
        'From the latest calls of the same user, agent and tool that were let through, as the audit log has them.',
      ),
    })
    .meta({ id: 'ApprovalDetail' }),
  async handle({ params, caller }, deps: Pick<ApiDeps, 'approvals' | 'clock' | 'records' | 'redactor' | 'toolOf'>) {
    const filed = await visibleApproval(deps, caller, params.id);
    const differences = await differencesOf(filed, deps);
    return { value: { ...viewOf(filed, caller, deps), differs_from_earlier: differences }, version: filed.version };
  },
});
