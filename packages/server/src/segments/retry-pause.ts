/** How long a log that failed waits until it is tried again. */
const FIRST_MS = 250;
/** A full disk that has space again is noticed within seconds. */
const IO_MS_MAX = 2_000;
/** A damaged log is read whole at each attempt. */
const DAMAGED_MS_MAX = 60_000;

/** A pause that doubles with each failure. */
export interface RetryPause {
  isOver(): boolean;
  /** @param isDamaged true when the log has to be read to find out whether it still fails. */
  begin(isDamaged: boolean): void;
  /** After a success the next pause is the shortest again. */
  reset(): void;
}

/** @param monotonicMs L7: a clock that is set back would make a pause last for hours. */
export function createRetryPause(monotonicMs: () => number): RetryPause {
  let endsAtMs = -Infinity;
  let nextMs = FIRST_MS;
  return {
    isOver: () => monotonicMs() >= endsAtMs,
    begin(isDamaged) {
      endsAtMs = monotonicMs() + nextMs;
      nextMs = Math.min(nextMs * 2, isDamaged ? DAMAGED_MS_MAX : IO_MS_MAX);
    },
    reset() {
      endsAtMs = -Infinity;
      nextMs = FIRST_MS;
    },
  };
}
