import type { Observer } from '../ports.ts';

/** Reports to nobody. */
export const silentObserver: Observer = { stage: () => {}, decided: () => {}, limited: () => {}, recorded: () => {} };
