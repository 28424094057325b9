/**
 * Approved calls that go on as tasks, and their results, in this process. A call goes on when its client asks for the
 * task, with the credential of that request: the gateway keeps no credential of a caller who is not there.
 */
import type { JsonObject } from '@sallyport/guard';
import { createCallsUnderWay } from '../calls-under-way.ts';

/** How a task ended, as members of the task. */
export interface TaskEnd {
  readonly members: JsonObject;
  /** `result` in the bytes of the server. */
  readonly resultBytes?: Uint8Array;
  /** False where the request for approval still tells what became of it, so that nothing has to be kept. */
  readonly isKept: boolean;
}

/** A call that goes on, or has ended. */
export interface HeldRun {
  readonly abort: AbortController;
  /** Resolves when it has ended. Never rejects. */
  readonly ended: Promise<TaskEnd>;
  end: TaskEnd | undefined;
}

/** The runs of one edge. */
export interface HeldRuns {
  get(key: string): HeldRun | undefined;
  /** Starts a run unless there is one. @throws GuardError `unavailable` when the gateway stops. */
  start(key: string, run: (abort: AbortController) => Promise<TaskEnd>): HeldRun;
  /** L9: takes no more. Resolves when all have ended: by themselves within `graceMs`, or cut off. */
  finish(graceMs: number): Promise<void>;
}

const RUNS_MAX = 1_000;
const RESULT_BYTES_MAX = 64 * 1024 * 1024;

/** Nothing runs at first. */
export function createHeldRuns(): HeldRuns {
  const runs = new Map<string, HeldRun>();
  const underWay = createCallsUnderWay();
  let keptBytes = 0;
  const forget = (key: string, run: HeldRun): void => {
    runs.delete(key);
    keptBytes -= run.end?.resultBytes?.length ?? 0;
  };
  /** The oldest results go first; what still runs stays. */
  const makeRoom = (): void => {
    for (const [key, run] of runs) {
      if (runs.size <= RUNS_MAX && keptBytes <= RESULT_BYTES_MAX) return;
      if (run.end !== undefined) forget(key, run);
    }
  };
  return {
    get: (key) => runs.get(key),
    start(key, make) {
      const known = runs.get(key);
      if (known !== undefined) return known;
      const abort = new AbortController();
      const release = underWay.begin(abort);
      const run: HeldRun = {
        abort,
        end: undefined,
        ended: make(abort)
          .then((end) => {
            run.end = end;
            keptBytes += end.resultBytes?.length ?? 0;
            if (!end.isKept) forget(key, run);
            makeRoom();
            return end;
          })
          .finally(release),
      };
      runs.set(key, run);
      return run;
    },
    finish: (graceMs) => underWay.finish(graceMs),
  };
}
