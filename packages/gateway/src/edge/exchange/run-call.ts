import { GuardError, type Call, type McpResult, type Outcome, type Permit } from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import type { InboundMessage } from './inbound-message.ts';

/**
 * Runs a call through the guard. Whether the server of the path exists is answered only to callers that the guard let
 * through, so that nobody else can ask for it.
 */
export function runCall(
  deps: EdgeDeps,
  { route: { server }, snapshot }: InboundMessage,
  call: Call,
  execute: (permit: Permit) => McpResult | Promise<McpResult>,
): Promise<Outcome> {
  return deps.guard.run(call, async (permit) => {
    if (server !== undefined && !snapshot.servers.includes(server))
      throw new GuardError('not_found', { message: 'There is no such server.' });
    return execute(permit);
  });
}
