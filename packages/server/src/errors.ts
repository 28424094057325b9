import { ProtocolError } from '@modelcontextprotocol/server';
import type { GuardError } from '@sallyport/guard';

/**
 * A failure that the model reads as it is written here. Every other error of a tool is answered as `UPSTREAM_FAILED`,
 * with as much of its text as the option `errors` allows.
 *
 * @example
 * ```ts
 * const run: Tool['run'] = async ({ id }) => {
 *   throw new ToolError(`There is no customer ${String(id)}. Use search first.`);
 * };
 * ```
 */
export class ToolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ToolError';
  }
}

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
