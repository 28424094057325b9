/**
 * S12: the caller of a long stream is judged again while it is open, so that a right that was revoked or has expired
 * ends the stream as it ends calls.
 */
import { spendPermit, type Call, type Outcome } from '@sallyport/guard';
import type { EdgeDeps } from '../deps.ts';
import type { StreamLimits } from '../exchange/connection.ts';
import type { InboundMessage } from '../exchange/inbound-message.ts';
import { toInternalCall } from '../exchange/to-call.ts';

/** The longest time that a stream stays open after its caller lost the right to it. */
export const RECHECK_MS = 2_000;

/** Runs a call through the guard that does nothing when it is permitted. */
export const judge = (deps: EdgeDeps, call: Call): Promise<Outcome> =>
  deps.guard.run(call, async (permit) => {
    spendPermit(permit);
    return { value: {} };
  });

/**
 * Calls `end` when the gateway stops, and once when the guard no longer accepts the caller.
 *
 * @returns a function that stops watching.
 */
export function watchStream(
  deps: EdgeDeps,
  inbound: InboundMessage,
  { closing }: StreamLimits,
  end: (reason: string) => void,
): () => void {
  const endForShutdown = (): void => end('The gateway stops.');
  closing.addEventListener('abort', endForShutdown, { once: true });
  const endForCaller = (): void => {
    clearInterval(timer);
    end('Authentication is required again.');
  };
  const recheck = async (): Promise<void> => {
    const outcome = await judge(deps, toInternalCall(deps, 'stream/check', {}, inbound));
    // A caller over its rate limit has to wait, but keeps its stream.
    if (outcome.status !== 'success' && outcome.error.code !== 'rate_limited') endForCaller();
  };
  const timer = setInterval(() => void recheck().catch(endForCaller), RECHECK_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    closing.removeEventListener('abort', endForShutdown);
  };
}
