/** The response to a request of the gateway, as its caller gets it. */
import type { GuardError } from '@sallyport/guard';
import type { ServerMessage } from '@sallyport/server/mcp/server-message';
import { rpcFailure, tooLarge } from './failure.ts';
import type { ServerResult } from './transport.ts';

/** @returns the result, or the failure that an error or a result above the limit stands for. */
export function readResponse(
  response: Extract<ServerMessage, { kind: 'result' | 'error' }>,
  bytesMax: number,
): ServerResult | GuardError {
  if (response.kind === 'error') return rpcFailure(response.code, response.message, response.data);
  const { value, bytes, receivedBytes } = response;
  return receivedBytes > bytesMax ? tooLarge() : { value, bytes, receivedBytes };
}
