/** Whether a failure means that the server speaks another era than the gateway remembered. */
import type { Era } from '@sallyport/guard';
import { RPC_ERROR } from '@sallyport/server/mcp/error-codes';
import { remoteErrorOf, transportErrorOf } from '../transports/failure.ts';

/** How a server answers that does not know the method, the session or the headers of the other era. */
const MISMATCH_STATUS: ReadonlySet<number> = new Set([400, 404, 405, 406, 415]);

/**
 * True when the session should be given up and the era asked for again. It says nothing about what was executed: any of
 * these answers may come after an execution.
 *
 * @param era that the server was believed to speak.
 */
export function isEraMismatch(era: Era, thrown: unknown): boolean {
  const status = transportErrorOf(thrown)?.status;
  if (status !== undefined && MISMATCH_STATUS.has(status)) return true;
  const code = remoteErrorOf(thrown)?.code;
  if (code === RPC_ERROR.unsupportedVersion || (era === 'legacy' && code === RPC_ERROR.headerMismatch)) return true;
  // The SDK v1 refuses a protocol version with this code, which other servers use for anything.
  return era === 'modern' && code === RPC_ERROR.serverError;
}
