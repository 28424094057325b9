/**
 * B7: a message of some megabytes is read, hashed and recorded in tens of milliseconds, in which nobody else goes on.
 * Large messages are begun one after the other, and with a rest after each while several users are active, so that
 * small ones pass in between.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { ShareHolder } from '@sallyport/guard';
import { enqueue, takeNext, type Queues } from './fair-queues.ts';

/** Lets large messages begin. */
export interface LargeMessages {
  /** Notes that a user is active. */
  seen(holder: ShareHolder): void;
  /** @returns a promise that resolves when a message of so many bytes may begin; `undefined` for a small one. */
  wait(holder: ShareHolder, bytes: number): Promise<void> | undefined;
}

/** What is shorter is worked on in about a millisecond. */
const SMALL_BYTES_MAX = 64 * 1024;
/** About three times what the work takes for text. */
const REST_MS_PER_MIB = 50;
/** Numbers and lists take much longer than text of the same length: then the rest is measured. */
const REST_PER_WORK = 3;
const REST_MS_MAX = 2_000;
/** Whoever sent nothing for so long is not waited for. */
const ACTIVE_MS = 1_000;

/** Nobody waits at first. */
export function createLargeMessages(
  nowMs: () => number = () => performance.now(),
  rest: (ms: number) => Promise<unknown> = sleep,
): LargeMessages {
  const queues: Queues<{ readonly bytes: number; readonly begin: () => void }> = new Map();
  let last = { user: '', atMs: -Infinity };
  let otherAtMs = -Infinity;
  let isServing = false;
  const serve = async (): Promise<void> => {
    isServing = true;
    for (let next = takeNext(queues); next !== undefined; next = takeNext(queues)) {
      const begunAtMs = nowMs();
      next.begin();
      // It is parsed and judged before the next turn of the event loop.
      await nextTurn();
      const workMs = nowMs() - begunAtMs;
      const isShared = nowMs() - otherAtMs < ACTIVE_MS + workMs;
      const restMs = Math.max((next.bytes / 2 ** 20) * REST_MS_PER_MIB, workMs * REST_PER_WORK);
      await rest(isShared ? Math.min(restMs, REST_MS_MAX) : 0);
    }
    isServing = false;
  };
  return {
    seen({ user }) {
      if (user !== last.user) otherAtMs = last.atMs;
      last = { user, atMs: nowMs() };
    },
    wait(holder, bytes) {
      if (bytes <= SMALL_BYTES_MAX) return undefined;
      return new Promise((begin) => {
        enqueue(queues, holder, { bytes, begin });
        if (!isServing) void serve();
      });
    },
  };
}
