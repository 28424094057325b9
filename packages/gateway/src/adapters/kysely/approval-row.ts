/** A request as a row. */
import type { FiledApproval } from '@sallyport/guard';
import { quoted, type ApprovalRow } from './tables.ts';

/** Of everything but the arguments. */
const REQUEST_BYTES = 1_024;

/** The request of a row. */
export const read = ({ document }: Pick<ApprovalRow, 'document'>): FiledApproval =>
  JSON.parse(document) as FiledApproval;

/** What a request with these arguments takes. */
export const bytesOf = (sent: FiledApproval['arguments']): number =>
  REQUEST_BYTES + Buffer.byteLength(JSON.stringify(sent));

/** The row of a request. */
export const rowOf = (filed: FiledApproval): Omit<ApprovalRow, 'reminded'> => ({
  id: quoted(filed.id),
  tenant: quoted(filed.tenant),
  digest: quoted(filed.digest),
  status: filed.status,
  version: filed.version,
  issuer: quoted(filed.requester.issuer),
  subject: quoted(filed.requester.subject),
  client_id: quoted(filed.agent.clientId),
  server: quoted(filed.server),
  tool: quoted(filed.tool),
  created_at: filed.createdAtMs,
  expires_at: filed.expiresAtMs,
  remind_at: filed.remindAtMs,
  ended_at: filed.endedAtMs ?? null,
  bytes: bytesOf(filed.arguments),
  document: JSON.stringify(filed),
});
