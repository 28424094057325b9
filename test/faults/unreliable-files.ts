/** System calls of a log that fail, or wait, for as long as a test wants, and a ledger of open descriptors. */
import { realFiles, type LogFiles } from '../../packages/server/src/segments/files.ts';

/** What a call does: fails with a code, waits, or is as usual. */
export type Behaviour = string | Promise<void> | undefined;

/** Files whose descriptors are counted. */
export interface UnreliableFiles {
  readonly files: LogFiles;
  readonly openDescriptors: () => number;
}

type Call = (...args: readonly unknown[]) => unknown;

/** These return or throw at once, and cannot wait; all others return a promise. */
const IMMEDIATE = new Set(['write', 'status', 'syncNow']);

/** @param behaviour is asked before each call. @returns a code to fail with, what to wait for, or nothing. */
export function unreliableFiles(behaviour: (call: string, path: string) => Behaviour): UnreliableFiles {
  const paths = new Map<number, string>();
  const wrapped = Object.entries(realFiles as unknown as Record<string, Call>).map(([name, real]) => {
    const call = (...args: readonly unknown[]): unknown => {
      const [target] = args;
      const path = typeof target === 'number' ? (paths.get(target) ?? '') : String(target);
      const acts = behaviour(name, path);
      if (IMMEDIATE.has(name)) {
        if (typeof acts === 'string') throw failure(acts, name);
        return real(...args);
      }
      return later(name, real, args, acts, paths);
    };
    return [name, call] as const;
  });
  return { files: Object.fromEntries(wrapped) as unknown as LogFiles, openDescriptors: () => paths.size };
}

const failure = (code: string, call: string): Error => Object.assign(new Error(`${code}: ${call}`), { code });

async function later(
  name: string,
  real: Call,
  args: readonly unknown[],
  acts: Behaviour,
  paths: Map<number, string>,
): Promise<unknown> {
  // A descriptor is free after close, also when close fails.
  if (name === 'close') paths.delete(Number(args[0]));
  if (typeof acts === 'string' && name !== 'close') throw failure(acts, name);
  if (acts instanceof Promise) await acts;
  const result = await real(...args);
  if (name === 'open') paths.set(Number(result), String(args[0]));
  if (typeof acts === 'string') throw failure(acts, name);
  return result;
}
