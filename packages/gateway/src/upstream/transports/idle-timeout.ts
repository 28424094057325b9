/** How long a request may take: until its caller cancels, or until the server gave no sign of life for too long. */
import { GuardError } from '@sallyport/guard';
import type { OutboundRequest } from '../transports/transport.ts';

export interface IdleTimeout {
  /** A sign of life: the wait starts anew. */
  touch(): void;
  /** The server waits for the client now, so its own time stands still. Nests. */
  pause(): void;
  resume(): void;
  /** Nothing is waited for any more. */
  stop(): void;
}

/** Calls `lost` once, with `cancelled` or `upstream_timeout`, unless `done` comes first. */
export function startIdleTimeout(
  { signal, timeoutMs, deadlineMs: until }: Pick<OutboundRequest, 'signal' | 'timeoutMs' | 'deadlineMs'>,
  lost: (why: GuardError) => void,
): IdleTimeout {
  let timer: NodeJS.Timeout | undefined;
  let seen = Date.now();
  let holds = 0;
  let over = false;
  const end = (why: GuardError): void => {
    if (over) return;
    done();
    lost(why);
  };
  const cancelled = (): void => end(new GuardError('cancelled'));
  const done = (): void => {
    over = true;
    clearTimeout(timer);
    signal.removeEventListener('abort', cancelled);
  };
  // One timer for the whole wait: a sign of life only notes the time, and who wakes too early sleeps again.
  const wait = (): void => {
    if (over || holds > 0 || timeoutMs === undefined) return;
    const left = Math.min(seen + timeoutMs, until ?? Infinity) - Date.now();
    if (left <= 0 && timer !== undefined) end(new GuardError('upstream_timeout'));
    else timer = setTimeout(wait, Math.max(0, left));
  };
  signal.addEventListener('abort', cancelled, { once: true });
  wait();
  // An already aborted signal fires no event; the caller must still get its one answer, after it has our handle.
  if (signal.aborted) queueMicrotask(cancelled);
  return {
    stop: done,
    touch: () => {
      seen = Date.now();
    },
    pause: () => {
      holds++;
      clearTimeout(timer);
    },
    resume: () => {
      holds--;
      seen = Date.now();
      timer = undefined;
      wait();
    },
  };
}
