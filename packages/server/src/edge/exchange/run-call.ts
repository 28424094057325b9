import { GuardError, type Call, type McpResult, type Outcome, type Permit } from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import { interruptionOf } from '../calls-under-way.ts';
import type { InboundMessage } from './inbound-message.ts';

/**
 * Runs a call through the guard. Only a caller that the guard let through learns whether the server of the path exists.
 */
export function runCall(
  deps: EdgeDeps,
  { route: { server }, snapshot, signal }: InboundMessage,
  call: Call,
  execute: (permit: Permit) => McpResult | Promise<McpResult>,
): Promise<Outcome> {
  return deps.guard.run(call, async (permit) => {
    if (server !== undefined && !snapshot.servers.includes(server))
      throw new GuardError('not_found', { message: 'There is no such server.' });
    try {
      return await execute(permit);
    } catch (thrown) {
      // The caller did not cancel, so that "cancelled" would be untrue.
      throw interruptionOf(signal) ?? thrown;
    }
  });
}
