/** Notices that a child answers nothing any more. */

/** Requests in a row that got no answer before the child is asked for a sign of life. */
export const TIMEOUTS_MAX = 3;

export interface Silence {
  /** The child answered a request, be it late. */
  answered(): void;
  /** A request got no answer in time. @returns true when the child should be asked for a sign of life now. */
  timedOut(): boolean;
  /** Requests in a row that got no answer. */
  timeouts(): number;
  /** True when the child gave no answer since it was asked for a sign of life. */
  isSilent(): boolean;
}

/** Of a child that has just started. */
export function createSilence(): Silence {
  let timeouts = 0;
  return {
    answered: () => {
      timeouts = 0;
    },
    timedOut: () => ++timeouts === TIMEOUTS_MAX,
    timeouts: () => timeouts,
    isSilent: () => timeouts >= TIMEOUTS_MAX,
  };
}
