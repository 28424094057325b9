import type { Observer } from '../ports.ts';

/**
 * Ignores every report.
 *
 * @example
 * ```ts
 * const observer: Observer = { ...silentObserver, limited: (scope) => console.log(`limited by ${scope}`) };
 * ```
 */
export const silentObserver: Observer = { stage: () => {}, decided: () => {}, limited: () => {}, recorded: () => {} };
