/** `GET /api/v1/approvals`: the open requests of the caller's tenant that the caller may see, oldest first. */
import type { Approvals, ApprovalStatus } from '@sallyport/guard';
import { callerOf, jsonResponse, type Endpoint } from '../endpoint.ts';
import { problem } from '../problem.ts';
import { maySee, viewOf } from './view.ts';

const STATUSES: readonly ApprovalStatus[] = ['pending', 'approved', 'refused'];

/** The query may have `status`. */
export function createListApprovals(approvals: Pick<Approvals, 'list'>): Endpoint {
  return async (request) => {
    const caller = callerOf(request);
    const asked = request.query.get('status');
    const status = STATUSES.find((known) => known === asked);
    if (asked !== null && status === undefined)
      return problem(400, 'INVALID_ARGUMENT', `status must be one of ${STATUSES.join(', ')}`);
    const tenant = caller.tenant.id;
    const all = await approvals.list(status === undefined ? { tenant } : { tenant, status });
    return jsonResponse(200, { approvals: all.filter((filed) => maySee(caller, filed)).map(viewOf) });
  };
}
