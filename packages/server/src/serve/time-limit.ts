/** A time limit that stands still while a person is asked. */
export interface TimeLimit {
  /** Aborted when the time is over. */
  readonly signal: AbortSignal;
  /** Stops the clock until `resume` was called as often. */
  pause(): void;
  resume(): void;
  /** The time does not matter any more. */
  end(): void;
}

/** @param limitMs of running time, from now on. */
export function createTimeLimit(limitMs: number): TimeLimit {
  const over = new AbortController();
  let leftMs = limitMs;
  let pauses = 0;
  let startedMs = performance.now();
  const arm = (): NodeJS.Timeout =>
    setTimeout(() => over.abort(new Error(`the handler ran longer than ${limitMs} ms`)), Math.max(0, leftMs));
  let timer: NodeJS.Timeout | undefined = arm();
  const stop = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    signal: over.signal,
    pause() {
      if (pauses++ > 0 || timer === undefined) return;
      stop();
      leftMs -= performance.now() - startedMs;
    },
    resume() {
      if (pauses === 0 || --pauses > 0) return;
      startedMs = performance.now();
      timer = arm();
    },
    end() {
      pauses = Infinity;
      stop();
    },
  };
}
