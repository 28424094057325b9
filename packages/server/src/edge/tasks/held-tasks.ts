/** What an edge needs for calls that wait for an approval as tasks. */
import type { Clock, Sealer } from '@sallyport/guard';
import { createHeldRuns, type HeldRuns } from './held-runs.ts';
import { createHeldTaskIds, type HeldTaskIds } from './held-task-ids.ts';

/** The tasks of one edge. */
export interface HeldTasks {
  readonly ids: HeldTaskIds;
  readonly runs: HeldRuns;
}

/** @param clock that of the requests for approval. */
export const createHeldTasks = (sealer: Sealer, clock: Clock): HeldTasks => ({
  ids: createHeldTaskIds(sealer, clock),
  runs: createHeldRuns(),
});
