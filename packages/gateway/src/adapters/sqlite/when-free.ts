/**
 * L8: what another process holds is tried again after a pause. SQLite itself would wait inside the call, and stop the
 * event loop with all calls in it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MaybePromise } from '@sallyport/guard';

const SQLITE_BUSY = 5;
/** The lowest byte is the kind of the error, the others say more. */
const KIND = 0xff;
const PAUSE_MS = 10;
/** Another process holds the file for milliseconds, or it hangs. */
const BUSY_MS_MAX = 5_000;

/** Whether another process or connection holds what was asked for. */
export const isBusy = (thrown: unknown): boolean =>
  ((thrown as { errcode?: number } | undefined)?.errcode ?? 0) % (KIND + 1) === SQLITE_BUSY;

/**
 * Does some work on a database that does not wait by itself (`PRAGMA busy_timeout = 0`): at once if it can.
 * @param work can be repeated when it throws.
 * @param attemptsMax how often it is tried.
 */
export function whenFree<T>(work: () => T, attemptsMax = BUSY_MS_MAX / PAUSE_MS): MaybePromise<T> {
  try {
    return work();
  } catch (thrown) {
    if (!isBusy(thrown)) throw thrown;
    return tryAgain(work, attemptsMax - 1, thrown);
  }
}

async function tryAgain<T>(work: () => T, attempts: number, busy: unknown): Promise<T> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    await sleep(PAUSE_MS);
    try {
      return work();
    } catch (thrown) {
      if (!isBusy(thrown)) throw thrown;
    }
  }
  throw busy;
}
