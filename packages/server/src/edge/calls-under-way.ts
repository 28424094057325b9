/**
 * L9: the calls that an edge works on. When the gateway stops, they may finish; what does not finish in time is cut off
 * and told so.
 */
import { GuardError } from '@sallyport/guard';

/** Counts the calls of an edge, and ends them. */
export interface CallsUnderWay {
  readonly isStopping: boolean;
  /**
   * Counts a call until the returned function is called.
   *
   * @param abort is aborted with the error `interrupted` when the call is cut off.
   * @throws GuardError `unavailable` when the gateway stops.
   */
  begin(abort: AbortController): () => void;
  /** @throws GuardError `unavailable` when the gateway stops. */
  checkOpen(): void;
  /**
   * Takes no more calls. Resolves when all were answered: by themselves within `graceMs`, or cut off.
   *
   * @param graceMs 0 = cut off at once.
   */
  finish(graceMs: number): Promise<void>;
}

/** How long an answer may take after its call was cut off. */
const CUT_OFF_MS = 2_000;
const RETRY_AFTER_SECONDS = 5;

/** No call is under way at first. */
export function createCallsUnderWay(): CallsUnderWay {
  const calls = new Set<AbortController>();
  let isStopping = false;
  let onEmpty = (): void => {};
  const checkOpen = (): void => {
    if (isStopping)
      throw new GuardError('unavailable', {
        message: 'The gateway stops.',
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
  };
  const empty = (withinMs: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
      if (calls.size === 0) onEmpty();
    });
  return {
    get isStopping() {
      return isStopping;
    },
    begin(abort) {
      checkOpen();
      calls.add(abort);
      return () => {
        calls.delete(abort);
        if (calls.size === 0) onEmpty();
      };
    },
    checkOpen,
    async finish(graceMs) {
      isStopping = true;
      await empty(graceMs);
      for (const abort of calls) abort.abort(new GuardError('interrupted'));
      await empty(CUT_OFF_MS);
    },
  };
}

/** The error with which a call was cut off; `undefined` while it runs, and when its caller cancelled it. */
export const interruptionOf = ({ reason }: AbortSignal): GuardError | undefined =>
  reason instanceof GuardError ? reason : undefined;
