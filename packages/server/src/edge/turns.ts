/**
 * B7: the order in which messages are worked on. Everything runs on one thread, so that a tenant with hundreds of
 * messages would make every other one wait behind them all. Here tenants, and the users of a tenant, come in turn, a
 * few in each turn of the event loop. Whoever sends little is let through at once.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ShareHolder } from '@sallyport/guard';
import { enqueue, takeNext, type Queues } from './fair-queues.ts';

/** Who may go on, and when. */
export interface Turns {
  /** @returns a promise that resolves when it is the turn of the holder; `undefined` when it is now. */
  wait(holder: ShareHolder): Promise<void> | undefined;
}

/** Messages that are begun in one turn of the event loop. */
const PER_TURN_MAX = 8;
/** No further message is begun in a turn that lasts longer: one large body may take as long as many small ones. */
const TURN_MS_MAX = 4;

/** Nobody waits at first. */
export function createTurns(): Turns {
  const queues: Queues<() => void> = new Map();
  let begunNow = 0;
  let isServing = false;
  const serve = async (): Promise<void> => {
    isServing = true;
    do {
      await nextTurn();
      const endMs = performance.now() + TURN_MS_MAX;
      for (begunNow = 0; begunNow < PER_TURN_MAX && performance.now() < endMs; begunNow++) {
        const next = takeNext(queues);
        if (next === undefined) break;
        next();
        // What goes on now parses its message before anybody else goes on.
        await Promise.resolve();
        await Promise.resolve();
      }
    } while (queues.size > 0 || begunNow > 0);
    isServing = false;
  };
  return {
    wait(holder) {
      if (!isServing) void serve();
      if (queues.size === 0 && begunNow < PER_TURN_MAX) {
        begunNow += 1;
        return undefined;
      }
      return new Promise((resolve) => enqueue(queues, holder, resolve));
    },
  };
}
