import { ProtocolError } from '@modelcontextprotocol/server';
import type { GuardError } from '@sallyport/guard';

/** A refusal as a JSON-RPC error with the code of the table: for lists, and for callers who are not authenticated. */
export function refusalError({ row, message, detail }: GuardError, correlationId: string): ProtocolError {
  const data = {
    ...detail.data,
    error_code: row.errorCode,
    correlation_id: correlationId,
    ...(detail.retryAfterSeconds !== undefined && { retry_after: detail.retryAfterSeconds }),
  };
  return new ProtocolError(row.jsonRpc, message, data);
}
