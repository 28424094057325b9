/** A request for approval as the control API shows it, and to whom. */
import type { ApproverSelector, FiledApproval, Identity } from '@sallyport/guard';

/** Roles that see every request of their tenant. */
const READER_ROLES: readonly string[] = ['viewer', 'approver', 'auditor', 'operator', 'admin'];

/** Whether the caller may see a request: a reader, the requester, or somebody who may decide about it. */
export function maySee({ principal, tenant }: Identity, filed: FiledApproval): boolean {
  const { issuer, subject, roles, groups } = principal.user;
  if (filed.tenant !== tenant.id) return false;
  if (roles.some((role) => READER_ROLES.includes(role))) return true;
  if (filed.requester.issuer === issuer && filed.requester.subject === subject) return true;
  return filed.demand.approvers.some(({ kind, name }) => {
    if (kind === 'user') return subject === name;
    return (kind === 'role' ? roles : groups).includes(name);
  });
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

/** `group:finance-leads`, as configurations write it. */
export const selectorText = ({ kind, name }: ApproverSelector): string => `${kind}:${name}`;
