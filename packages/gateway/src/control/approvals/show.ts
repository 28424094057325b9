/** `GET /api/v1/approvals/{id}`: one request. What the caller may not see does not exist for it. */
import { GuardError, type Approvals } from '@sallyport/guard';
import { callerOf, jsonResponse, type Endpoint } from '../endpoint.ts';
import { problemOf } from '../problem.ts';
import { maySee, viewOf } from './view.ts';

/** The path names the request. */
export function createShowApproval(approvals: Pick<Approvals, 'show'>): Endpoint {
  return async (request) => {
    const caller = callerOf(request);
    const { id = '' } = request.params;
    try {
      const filed = await approvals.show(caller.tenant.id, id);
      if (!maySee(caller, filed)) throw new GuardError('not_found', { message: 'No such request for approval.' });
      return jsonResponse(200, viewOf(filed));
    } catch (thrown) {
      return problemOf(thrown);
    }
  };
}
