/** How `start` and `stdio` are ended. */
import type { Signals } from './command.ts';

/**
 * L9: aborted by the first SIGINT or SIGTERM, which starts an orderly end. A second one is left to Node.js, which ends
 * the process at once. To be called before anything is opened, so that no moment of a start is without it.
 */
export function stopSignal(signals: Signals): AbortSignal {
  const stopping = new AbortController();
  const stop = (): void => {
    signals.off('SIGINT', stop);
    signals.off('SIGTERM', stop);
    stopping.abort();
  };
  signals.on('SIGINT', stop);
  signals.on('SIGTERM', stop);
  return stopping.signal;
}
