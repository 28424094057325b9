/** What a process holds, as Linux says. */
import { readdirSync, readFileSync } from 'node:fs';

/** What grows when something is never given back. */
export interface Held {
  readonly residentKib: number;
  readonly descriptors: number;
  readonly children: number;
}

/** @param pid of a process that runs. */
export function heldBy(pid: number): Held {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    residentKib: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    children: childrenOf(pid).length,
  };
}

/** The ids of the processes that a process started. */
export const childrenOf = (pid: number): number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
