import type { ChildProcess } from 'node:child_process';

/**
 * False for a process that could not be started for lack of descriptors. Node.js then makes no pipes, which its types
 * do not say, and emits an `error` that needs a listener.
 */
export const hasPipes = (child: ChildProcess): boolean => (child.stdin as unknown) !== undefined;
