/** `POST /api/v1/approvals/{id}/approve` and `…/deny`: what one person says. The guard judges whether they may. */
import {
  GuardError,
  isObject,
  selectorText,
  type Approvals,
  type AuditLog,
  type AuditRecord,
  type Clock,
} from '@sallyport/guard';
import { logRecord } from '@sallyport/guard/audit';
import { callerOf, jsonResponse, type Endpoint } from '../endpoint.ts';
import { problem, problemOf } from '../problem.ts';
import { maySee, viewOf } from './view.ts';

/** What deciding works with. */
export interface DecideDeps {
  readonly approvals: Pick<Approvals, 'show' | 'decide'>;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** The body may have `reason`. The decision is in the audit log of the tenant before it is answered. */
export function createDecideApproval({ approvals, audit, clock }: DecideDeps): Endpoint {
  return async (request) => {
    const caller = callerOf(request);
    const { params, body } = request;
    const { id = '' } = params;
    const verdict = params['verdict'] === 'approve' ? 'approve' : 'deny';
    const members = body === undefined ? {} : body;
    if (!isObject(members) || Object.keys(members).some((name) => name !== 'reason'))
      return problem(400, 'INVALID_ARGUMENT', 'the body may have `reason` and nothing else');
    const { reason } = members;
    if (reason !== undefined && typeof reason !== 'string')
      return problem(400, 'INVALID_ARGUMENT', '`reason` must be text');
    const { principal, tenant } = caller;
    try {
      if (!maySee(caller, await approvals.show(tenant.id, id))) throw new GuardError('not_found');
      const filed = await approvals.decide(tenant.id, id, { by: principal, verdict, reason, channel: 'api' });
      const decision = filed.decisions.at(-1);
      const fields = {
        approval_id: id,
        verdict,
        user: { issuer: principal.user.issuer, subject: principal.user.subject },
        client_id: principal.agent.clientId,
        as: decision === undefined ? '' : selectorText(decision.as),
        ...(reason !== undefined && { reason }),
        status_after: filed.status,
      };
      await append(audit, tenant.id, logRecord('approval.decide', fields, clock.now()));
      return jsonResponse(200, viewOf(filed));
    } catch (thrown) {
      return problemOf(thrown);
    }
  };
}

async function append(audit: AuditLog, tenant: string, record: AuditRecord): Promise<void> {
  try {
    await audit.append(tenant, record);
  } catch (cause) {
    // The calls of the tenant stop with its log, so nothing uses a decision that is not recorded.
    throw new GuardError('audit_unavailable', { cause, retryAfterSeconds: 5 });
  }
}
