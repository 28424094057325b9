/** What a contract suite is given: one version of a port, empty, for one test. */
import { afterEach } from 'vitest';
import type { Clock } from '@sallyport/guard';
import { createManualClock } from '@sallyport/guard/memory';

export interface Opened<P> {
  readonly port: P;
  /** Closes it and opens the same state again. Absent for a version that forgets when its process ends. */
  readonly reopen?: () => P | Promise<P>;
  /** The same state as another process sees it. Absent for a version that one process has to itself. */
  readonly beside?: () => P | Promise<P>;
  close(): void | Promise<void>;
}

/** @param clock the only time that the version may go by. */
export type Open<P, O extends Opened<P> = Opened<P>> = (clock: Clock) => O | Promise<O>;

export type ManualClock = ReturnType<typeof createManualClock>;

/** Opens a version with a clock that stands still, and closes it when the test is over. */
export function opener<P, O extends Opened<P>>(
  open: Open<P, O>,
): () => Promise<{ readonly opened: O; readonly port: P; readonly clock: ManualClock }> {
  const alive: O[] = [];
  afterEach(async () => {
    for (const one of alive.splice(0)) await one.close();
  });
  return async () => {
    const clock = createManualClock();
    const opened = await open(clock);
    alive.push(opened);
    return { opened, port: opened.port, clock };
  };
}

/** Every version that forgets nothing but what its process knew. */
export const forgetful = <P>(port: P): Opened<P> => ({ port, close: () => {} });

/** Texts that a careless store takes for each other, for a pattern, or for something of its own (J1, A15). */
export const HOSTILE: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'a',
  'A',
  'a ',
  ' a',
  'a:b',
  'a:b:c',
  ':a',
  'a|b',
  'a,b',
  'a","b',
  '["a","b"]',
  'a/b',
  '../a',
  '%',
  '_',
  '*',
  'a%',
  "' OR 1=1 --",
  '"; DROP TABLE pins; --',
  '{a}',
  '{a}b',
  'a\nb',
  '\u00e9',
  'e\u0301',
  '\u{1f511}',
  'null',
  'undefined',
  '0',
  '00',
  'x'.repeat(200),
];

/** Pairs whose parts give the same text when they are joined by a separator. */
export const COLLIDING: readonly (readonly [left: readonly [string, string], right: readonly [string, string]])[] = [
  [
    ['a:b', 'c'],
    ['a', 'b:c'],
  ],
  [
    ['a/b', 'c'],
    ['a', 'b/c'],
  ],
  [
    ['a|b', 'c'],
    ['a', 'b|c'],
  ],
  [
    ['a b', 'c'],
    ['a', 'b c'],
  ],
  [
    ['a__b', 'c'],
    ['a', 'b__c'],
  ],
  [
    ['a","b', 'c'],
    ['a', 'b","c'],
  ],
  [
    ['ab', 'c'],
    ['a', 'bc'],
  ],
  [
    ['', 'ab'],
    ['ab', ''],
  ],
  [
    ['a,b', 'c'],
    ['a', 'b,c'],
  ],
  [
    ['a\n', 'b'],
    ['a', '\nb'],
  ],
];

export const hundred = <T>(make: (index: number) => T | Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: 100 }, async (_, index) => make(index)));
