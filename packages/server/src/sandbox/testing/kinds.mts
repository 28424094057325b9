/** The sandboxes that work on this machine, for tests that attack each. */
import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import type { Bubblewrap } from '../bubblewrap/launch.ts';
import { probeBubblewrap } from '../bubblewrap/probe.ts';
import { runnerOf } from '../bubblewrap/run.ts';
import type { AllLimits, Runner, SandboxResult } from '../sandbox.ts';

/** Low, because other work runs on the same machine. */
export const LIMITS: AllLimits = {
  timeoutMs: 20_000,
  cpuTimeMs: 20_000,
  memoryBytes: 64 * 1024 ** 2,
  processes: 24,
  scratchBytes: 4 * 1024 ** 2,
  openFiles: 64,
  outputBytesMax: 64 * 1024,
};

/** One way to confine processes that works here. */
export interface ProcessSandbox {
  readonly name: string;
  readonly runner: Runner;
  /** Runs a shell script. */
  shell(code: string, limits?: Partial<AllLimits>, signal?: AbortSignal): Promise<Omit<SandboxResult, 'using'>>;
}

const bubblewrap = await probeBubblewrap();
if ('reason' in bubblewrap) process.stderr.write(`skipped: ${bubblewrap.reason}\n`);

/**
 * With control groups and a user that owns nothing where they can be had, without them, and as root where the tests run
 * as root.
 */
export const PROCESS_SANDBOXES: readonly ProcessSandbox[] =
  'reason' in bubblewrap
    ? []
    : [
        ...(bubblewrap.engine.hasGroups ? [processSandbox('bubblewrap', bubblewrap.engine)] : []),
        processSandbox('bubblewrap without control groups', { ...bubblewrap.engine, hasGroups: false }),
        ...(bubblewrap.engine.unprivileged === undefined
          ? []
          : [
              processSandbox('bubblewrap as root', { ...bubblewrap.engine, hasGroups: false, unprivileged: undefined }),
            ]),
      ];

function processSandbox(name: string, engine: Bubblewrap): ProcessSandbox {
  const runner = runnerOf(engine);
  return {
    name,
    runner,
    shell: (code, limits = {}, signal) =>
      runner.run({ language: 'shell', code, ...(signal && { signal }) }, { ...LIMITS, ...limits }),
  };
}

/** Processes of this machine whose arguments hold a text. */
export function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid && argumentsOf(pid).includes(text));
}

function argumentsOf(pid: number): string {
  try {
    const bytes = readFileSync(`/proc/${pid}/cmdline`);
    return isUtf8(bytes) ? bytes.toString() : bytes.toString('latin1');
  } catch {
    return '';
  }
}
