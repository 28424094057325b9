/** `POST /api/v1/approvals/{id}/passkey`: what a browser signs for a yes to this request. */
import { checkMayDecide } from '@sallyport/guard';
import { z } from 'zod';
import { route } from '../api/route.ts';
import type { ApiDeps } from '../deps.ts';
import { browserOptions } from '../passkeys/answer.ts';
import { APPROVAL_PARAMS, visibleApproval } from './show.ts';

/** Only for somebody who may say yes. */
export const approvalPasskey = route({
  method: 'POST',
  path: '/api/v1/approvals/{id}/passkey',
  access: 'person',
  summary: 'Options for `navigator.credentials.get()`, for a yes to this request.',
  params: APPROVAL_PARAMS,
  body: z.strictObject({}),
  errors: ['APPROVALS_UNAVAILABLE', 'PERMISSION_DENIED', 'CONFLICT'],
  response: browserOptions,
  async handle({ params, caller }, deps: Pick<ApiDeps, 'approvals' | 'passkeys'>) {
    const filed = await visibleApproval(deps, caller, params.id);
    checkMayDecide(filed, caller.principal);
    return { value: (await deps.passkeys.beginApproval(caller, filed)) as z.input<typeof browserOptions> };
  },
});
