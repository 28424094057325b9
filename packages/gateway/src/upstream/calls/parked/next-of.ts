/** Waits for what comes next of a parked call, no longer than the client's request that waits for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GuardError, type Call, type Clock } from '@sallyport/guard';
import type { ServerResult } from '../../transports/transport.ts';
import type { ParkedCall } from './parked-call.ts';

/** A server often makes several requests at the same time. The client gets them together. */
const GATHER_MS = 15;
/** The longest delay of a timer of Node.js. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * @param request of the client. When it is cancelled or reaches its deadline, the call to the server is cancelled.
 * @returns the server's result; `undefined` when the server waits for the client.
 * @throws GuardError what the call fails with, or `upstream_timeout`.
 */
export async function nextOf(
  parked: ParkedCall,
  { signal, deadlineMs }: Call,
  clock: Clock,
): Promise<ServerResult | undefined> {
  const cancel = (): void => parked.abort.abort();
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  const { promise: overdue, reject } = Promise.withResolvers<never>();
  // Notifications extend the idle timeout, so a server that sends them for ever is stopped here.
  const timer = setTimeout(
    () => {
      reject(new GuardError('upstream_timeout'));
      cancel();
    },
    Math.min(Math.max(0, deadlineMs - clock.now()), TIMER_MS_MAX),
  );
  try {
    return await Promise.race([parked.result, requestsOf(parked), overdue]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  }
}

async function requestsOf(parked: ParkedCall): Promise<undefined> {
  if (parked.requests.size === 0)
    await new Promise<void>((resolve) => {
      parked.onRequestAdded = resolve;
    });
  await sleep(GATHER_MS);
}
