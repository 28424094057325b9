/** Notices that a child process has stopped answering. */

/** After so many requests in a row without an answer, the child is sent a `ping`. */
export const TIMEOUTS_MAX = 3;

/** Counts the requests in a row that a child process has not answered. */
export interface Liveness {
  /** The child answered a request, be it late. */
  answered(): void;
  /** A request got no answer in time. @returns true when the child should be sent a `ping` now. */
  timedOut(): boolean;
  /** Requests in a row that got no answer. */
  timeouts(): number;
  /** True when the child has answered nothing since that `ping`. */
  isSilent(): boolean;
}

/** Starts at zero, for a child that has just started. */
export function createLiveness(): Liveness {
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
