/** Error codes of legacy servers that 2026-07-28 does not have. */
import { GuardError } from '@sallyport/guard';
import { RPC_ERROR } from '@sallyport/server/mcp/error-codes';
import { remoteErrorOf } from '../transports/failure.ts';

/** What a modern client gets for a failure: a missing resource is -32602, and -32042 has no code of its own. */
export function modernClientError(thrown: unknown): unknown {
  if (!(thrown instanceof GuardError)) return thrown;
  const code = remoteErrorOf(thrown)?.code;
  if (code === RPC_ERROR.urlElicitationRequired)
    return new GuardError('upstream_failed', { cause: thrown.detail.cause });
  if (code !== RPC_ERROR.resourceNotFound) return thrown;
  const rpc = { ...thrown.detail.rpc, code: RPC_ERROR.invalidParams };
  return new GuardError('upstream_failed', { ...thrown.detail, rpc });
}
