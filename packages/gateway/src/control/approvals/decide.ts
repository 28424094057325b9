/** `POST /api/v1/approvals/{id}/approve` and `…/deny`: what one person says. The guard judges whether they may. */
import { GuardError, isObject, type Approvals, type AuditLog, type Clock } from '@sallyport/guard';
import { logRecord } from '@sallyport/guard/audit';
import { jsonResponse, type Endpoint } from '../endpoint.ts';
import { problem, problemOf } from '../problem.ts';
import { maySee, selectorText, viewOf } from './view.ts';

/** What deciding works with. */
export interface DecideDeps {
  readonly approvals: Pick<Approvals, 'show' | 'decide'>;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** The body may have `reason`. The decision is in the audit log of the tenant before it is answered. */
export function createDecideApproval({ approvals, audit, clock }: DecideDeps): Endpoint {
  return async ({ caller, params, body }) => {
    const { id = '' } = params;
    const verdict = params['verdict'] === 'approve' ? 'approve' : 'deny';
    if (caller === undefined) throw new Error('the route authenticates');
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
      await record(audit, tenant.id, {
        approval_id: id,
        verdict,
        user: { issuer: principal.user.issuer, subject: principal.user.subject },
        client_id: principal.agent.clientId,
        as: decision === undefined ? '' : selectorText(decision.as),
        ...(reason !== undefined && { reason }),
        status_after: filed.status,
      });
      return jsonResponse(200, viewOf(filed));
    } catch (thrown) {
      return problemOf(thrown);
    }
  };

  async function record(log: AuditLog, tenantId: string, fields: Parameters<typeof logRecord>[1]): Promise<void> {
    try {
      await log.append(tenantId, logRecord('approval.decide', fields, clock.now()));
    } catch (cause) {
      // The calls of the tenant stop with its log, so nothing uses a decision that is not recorded.
      throw new GuardError('audit_unavailable', { cause, retryAfterSeconds: 5 });
    }
  }
}
