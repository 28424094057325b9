/** A request as a row. */
import { isObject, type FiledApproval } from '@sallyport/guard';
import { parseJson } from '@sallyport/guard/json';
import { quoted, type ApprovalRow } from './tables.ts';

/** Of everything but the arguments. */
const REQUEST_BYTES = 1_024;

/** What {@link read} needs of a row. */
export const COLUMNS = ['id', 'tenant', 'status', 'version', 'document'] as const;

/**
 * The request of a row; `undefined` when something else than Sallyport wrote into it, so that one damaged row does not
 * take the others away (L8).
 */
export function read(row: Pick<ApprovalRow, (typeof COLUMNS)[number]>): FiledApproval | undefined {
  const document = parseJson(row.document);
  if (!isObject(document)) return undefined;
  const { id, tenant, status, version, requester, agent, decisions } = document;
  const isWhole =
    quoted(String(id)) === row.id &&
    quoted(String(tenant)) === row.tenant &&
    status === row.status &&
    version === row.version &&
    isObject(requester) &&
    isObject(agent) &&
    Array.isArray(decisions);
  return isWhole ? (document as unknown as FiledApproval) : undefined;
}

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
