/** What happens to requests, told to whoever listens in this process, also where another process did it. */
import type { ApprovalEvent, ApprovalStore } from '../approval-store.ts';

/**
 * Hears of events in their order, each once. Must not throw.
 *
 * @example
 * ```ts
 * const print: ApprovalListener = ({ kind, id }) => console.log(kind, id);
 * ```
 */
export type ApprovalListener = (event: ApprovalEvent) => void;

/** Those who listen, and how far they have heard. */
export interface ApprovalEvents {
  /** @returns a function that ends it. */
  subscribe(listener: ApprovalListener): () => void;
  /** Reads what is new in the store. The first time it only finds out where the store is. */
  poll(): Promise<void>;
}

const EVENTS_PER_READ = 200;

/** Polls one after the other, so that nobody hears of an event twice. */
export function createApprovalEvents(store: ApprovalStore): ApprovalEvents {
  const listeners = new Set<ApprovalListener>();
  let position: number | undefined;
  let running: Promise<void> = Promise.resolve();
  const read = async (): Promise<void> => {
    position ??= await store.lastEvent();
    for (;;) {
      const events = await store.events(position, EVENTS_PER_READ);
      for (const event of events) {
        position = event.sequence;
        for (const listener of listeners) listener(event);
      }
      if (events.length < EVENTS_PER_READ) return;
    }
  };
  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    poll() {
      running = running.then(read, read);
      return running;
    },
  };
}
