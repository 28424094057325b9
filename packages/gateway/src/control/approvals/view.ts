/** A request for approval as the control API shows it, and to whom. */
import { isSamePerson, isSelected, selectorText, type FiledApproval, type Identity } from '@sallyport/guard';

/** Roles that see every request of their tenant. */
const READER_ROLES: readonly string[] = ['viewer', 'approver', 'auditor', 'operator', 'admin'];

/** Whether the caller may see a request: a reader, the requester, or somebody who may decide about it. */
export function maySee({ principal, tenant }: Identity, filed: FiledApproval): boolean {
  if (filed.tenant !== tenant.id) return false;
  if (principal.user.roles.some((role) => READER_ROLES.includes(role))) return true;
  if (isSamePerson(filed.requester, principal.user)) return true;
  return filed.demand.approvers.some((selector) => isSelected(selector, principal));
}

/** The JSON of a request. The arguments are whole: who approves must see exactly what would be sent. */
export const viewOf = (filed: FiledApproval): object => ({
  id: filed.id,
  status: filed.status,
  version: filed.version,
  requester: filed.requester,
  agent: { client_id: filed.agent.clientId, actors: filed.agent.actors },
  server: filed.server,
  tool: filed.tool,
  definition_digest: filed.definitionDigest,
  arguments: filed.arguments,
  policy_revision: filed.revision,
  asked_by: filed.demand.source,
  approvers: filed.demand.approvers.map(selectorText),
  required: filed.demand.required,
  distinct: filed.demand.distinct,
  decisions: filed.decisions.map(({ by, verdict, as, reason, channel, atMs }) => ({
    by,
    verdict,
    as: selectorText(as),
    ...(reason !== undefined && { reason }),
    channel,
    at: new Date(atMs).toISOString(),
  })),
  created_at: new Date(filed.createdAtMs).toISOString(),
  expires_at: new Date(filed.expiresAtMs).toISOString(),
});
