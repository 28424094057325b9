/** Ends the wait for a response: when the caller cancels, at the deadline, or when the server is silent too long. */
import { GuardError } from '@sallyport/guard';
import { steadyClock } from '@sallyport/guard/memory';
import type { OutboundRequest } from './transport.ts';

/** The timeout of one request. */
export interface IdleTimeout {
  /** The server was active: the timeout starts again. */
  touch(): void;
  /** The server waits for the client, which does not count as silence. Nests. */
  pause(): void;
  resume(): void;
  /** Nobody waits any more. */
  stop(): void;
}

/** Calls `onEnd` at most once, with `cancelled` or `upstream_timeout`, unless `stop` comes first. */
export function startIdleTimeout(
  { signal, timeoutMs, deadlineMs = Infinity }: Pick<OutboundRequest, 'signal' | 'timeoutMs' | 'deadlineMs'>,
  onEnd: (error: GuardError) => void,
): IdleTimeout {
  let timer: NodeJS.Timeout | undefined;
  let lastSignAtMs = steadyClock.now();
  let pauses = 0;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  };
  const end = (error: GuardError): void => {
    if (stopped) return;
    stop();
    onEnd(error);
  };
  const onAbort = (): void => end(new GuardError('cancelled'));
  // One timer for the whole wait: activity only notes the time, and a timer that fires too early is set again.
  const wait = (): void => {
    if (stopped || pauses > 0 || timeoutMs === undefined) return;
    const leftMs = Math.min(lastSignAtMs + timeoutMs, deadlineMs) - steadyClock.now();
    if (leftMs <= 0 && timer !== undefined) end(new GuardError('upstream_timeout'));
    else timer = setTimeout(wait, Math.max(0, leftMs));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  wait();
  // A signal that is aborted already fires no event. `onEnd` comes later, when the caller has this object.
  if (signal.aborted) queueMicrotask(onAbort);
  return {
    stop,
    touch: () => {
      lastSignAtMs = steadyClock.now();
    },
    pause: () => {
      pauses++;
      clearTimeout(timer);
    },
    resume: () => {
      pauses--;
      lastSignAtMs = steadyClock.now();
      timer = undefined;
      wait();
    },
  };
}
