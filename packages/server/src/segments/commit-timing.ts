/**
 * When a commit is written, and where it waits for the disk. Each of the two constants switches one of them off, so
 * that `npm run bench -- --pinned --against DIR` can measure it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogFile } from './log-file.ts';

/** A commit waits for at most so many turns of the event loop while records arrive; with 1 for no more than one. */
const GATHER_TURNS_MAX = 6;
/** A lone record waits for the disk on the event loop; without, every commit waits on another thread. */
const INLINE_COMMITS = true;

const GATHER_MS_MAX = 1;

/**
 * Waits until a turn of the event loop brings no more records, so that more of them share a write and an fdatasync. A
 * lone record waits for one turn.
 *
 * @param count how many records wait now.
 */
export async function gather(count: () => number, nowMs: () => number): Promise<void> {
  const endMs = nowMs() + GATHER_MS_MAX;
  let before = 0;
  for (let turn = 0; turn < GATHER_TURNS_MAX && count() > before && (turn === 0 || nowMs() < endMs); turn++) {
    before = count();
    await nextTurn();
  }
  // A log that is opened without records gives other work its turn too.
  if (before === 0) await nextTurn();
}

/** Makes commits durable, for all logs of a process. */
export interface DiskWaits {
  /** @param isAlone true when no other record of this log waits. */
  sync(file: LogFile, isAlone: boolean): Promise<void>;
}

/** The disk is quick when so many commits in a row took at most so long. */
const QUICK_COMMITS = 16;
const QUICK_MS = 0.5;

/** @param nowMs a clock that is never set back or forth. */
export function createDiskWaits(nowMs: () => number = () => performance.now()): DiskWaits {
  let quickCommits = 0;
  let underWay = 0;
  return {
    async sync(file, isAlone) {
      const startMs = nowMs();
      if (INLINE_COMMITS && isAlone && underWay === 0 && quickCommits >= QUICK_COMMITS) {
        // Another thread would cost more than the wait. One slow commit, and the event loop waits no more.
        quickCommits = 0;
        file.syncNow();
        if (nowMs() - startMs <= QUICK_MS) quickCommits = QUICK_COMMITS;
        return;
      }
      underWay += 1;
      try {
        await file.sync();
      } finally {
        underWay -= 1;
      }
      quickCommits = nowMs() - startMs <= QUICK_MS ? quickCommits + 1 : 0;
    },
  };
}
