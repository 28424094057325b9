/** Runs code that nobody has read, where it can do no harm. */
import { ToolError } from '../errors.ts';
import { createBubblewrapRunner } from './bubblewrap/run.ts';
import { createContainerRunner } from './container/run.ts';
import { createQuickJsRunner } from './quickjs/run.ts';
import { SandboxUnavailable, type Enforcements } from './confinement.ts';

/** What confines the code. */
export type SandboxKind = 'bubblewrap' | 'podman' | 'docker' | 'quickjs';
/** Languages with an interpreter that the sandbox looks for itself. */
export type SandboxLanguage = 'javascript' | 'python' | 'shell';
/**
 * Why a run ended. `exit`: by itself. `signal`: by a signal, mostly its own. `time`, `cpu`, `memory`, `processes` and
 * `output`: a limit. `cancelled`: by the caller.
 */
export type EndedBy = 'exit' | 'signal' | 'time' | 'cpu' | 'memory' | 'processes' | 'output' | 'cancelled';

/**
 * Limits of one run. Each has a default.
 *
 * @example
 * ```ts
 * const small: SandboxLimits = { timeoutMs: 2_000, memoryBytes: 128 * 1024 ** 2 };
 * ```
 */
export interface SandboxLimits {
  /** 10,000 when absent. */
  readonly timeoutMs?: number;
  /** Processor time of everything together; `timeoutMs` when absent. */
  readonly cpuTimeMs?: number;
  /** Of everything together, files in `/tmp` included; 256 MiB when absent, at least 32 MiB. */
  readonly memoryBytes?: number;
  /** Processes and threads; 64 when absent. */
  readonly processes?: number;
  /** Of `/tmp`; 64 MiB when absent. */
  readonly scratchBytes?: number;
  /** Open files of each process; 256 when absent. */
  readonly openFiles?: number;
  /** Of standard output and of standard error each; 1 MiB when absent. */
  readonly outputBytesMax?: number;
}

/**
 * What a sandbox is made with.
 *
 * @example
 * ```ts
 * const options: SandboxOptions = { languages: ['python'], limits: { timeoutMs: 5_000 } };
 * ```
 */
export interface SandboxOptions {
  /** What will be run. A sandbox that cannot run one of them is not used. */
  readonly languages: readonly SandboxLanguage[];
  /** Which sandboxes may be used, best first; all when absent. */
  readonly kinds?: readonly SandboxKind[];
  readonly limits?: SandboxLimits;
  /** For podman and docker: an image for each language, which is on this machine. */
  readonly images?: Readonly<Partial<Record<SandboxLanguage, string>>>;
  /** For podman and docker: `runsc` (gVisor), `runc` or another; that of the machine when absent. */
  readonly containerRuntime?: string;
  /** Runs at once; 4 when absent. */
  readonly runsMax?: number;
}

/**
 * One run: code in a language.
 *
 * @example
 * ```ts
 * const run: SandboxRun = { language: 'python', code: 'print(open("data.txt").read())', files: { 'data.txt': 'hi' } };
 * ```
 */
export interface SandboxRun {
  readonly language: SandboxLanguage;
  readonly code: string;
  /**
   * Read-only files in the working folder: names like `data/input.csv`, and contents. QuickJS has no files and shows
   * their texts as the object `files`.
   */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** What the code reads from standard input; in QuickJS the text `stdin`. */
  readonly stdin?: string;
  /** Ends the run. */
  readonly signal?: AbortSignal;
}

/**
 * What a run did.
 *
 * @example
 * ```ts
 * const isFine = ({ exitCode }: SandboxResult): boolean => exitCode === 0;
 * ```
 */
export interface SandboxResult {
  readonly using: SandboxKind;
  /** `undefined` when the run was ended. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly endedBy: EndedBy;
}

/**
 * A sandbox that was tried and works.
 *
 * @example
 * ```ts
 * const run = async (sandbox: Sandbox): Promise<string> =>
 *   (await sandbox.run({ language: 'javascript', code: 'console.log(6 * 7)' })).stdout;
 * ```
 */
export interface Sandbox {
  /** Which sandbox it is. */
  readonly using: SandboxKind;
  /** How memory and processes are limited here. */
  readonly enforcement: Enforcements;
  /** @throws ToolError INVALID_FILES for names that leave the working folder, BUSY when too much runs already. */
  run(run: SandboxRun): Promise<SandboxResult>;
}

/** All limits of a run. */
export type AllLimits = Required<SandboxLimits>;

/** One kind of sandbox on this machine. */
export interface Runner {
  readonly enforcement: Enforcements;
  run(run: SandboxRun, limits: AllLimits): Promise<Omit<SandboxResult, 'using'>>;
}

/** A kind that can be used, or why it cannot. */
export type MadeRunner = { readonly runner: Runner } | { readonly reason: string };

const DEFAULTS: Omit<AllLimits, 'cpuTimeMs'> = {
  timeoutMs: 10_000,
  memoryBytes: 256 * 1024 ** 2,
  processes: 64,
  scratchBytes: 64 * 1024 ** 2,
  openFiles: 256,
  outputBytesMax: 1024 ** 2,
};
const RUNS_MAX = 4;
const MEMORY_BYTES_MIN = 32 * 1024 ** 2;

/** Best first. A kind without a row does not compile. */
const RUNNERS: Readonly<Record<SandboxKind, (options: SandboxOptions) => Promise<MadeRunner>>> = {
  bubblewrap: createBubblewrapRunner,
  podman: createContainerRunner('podman'),
  docker: createContainerRunner('docker'),
  quickjs: createQuickJsRunner,
};

/**
 * Tries the kinds of sandbox that this machine may have, by really running something in each, and takes the first that
 * works.
 *
 * @throws SandboxUnavailable when none works: it says of each why, and what to do. Code is never run without one.
 * @throws RangeError for limits that are no limits.
 * @example
 * ```ts
 * const sandbox = await createSandbox({ languages: ['python'] });
 * const { stdout, endedBy } = await sandbox.run({ language: 'python', code: 'print(6 * 7)' });
 * ```
 */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const limits = allLimits(options.limits ?? {});
  const reasons: string[] = [];
  for (const kind of options.kinds ?? (Object.keys(RUNNERS) as SandboxKind[])) {
    const made = await RUNNERS[kind](options);
    if ('runner' in made) return sandboxOf(kind, made.runner, limits, options);
    reasons.push(`${kind}: ${made.reason}`);
  }
  throw new SandboxUnavailable(`There is no sandbox for untrusted code here. ${reasons.join('. ')}.`);
}

function sandboxOf(using: SandboxKind, runner: Runner, limits: AllLimits, options: SandboxOptions): Sandbox {
  const { languages, runsMax = RUNS_MAX } = options;
  let running = 0;
  return {
    using,
    enforcement: runner.enforcement,
    async run(run) {
      if (!languages.includes(run.language)) throw new RangeError(`the sandbox was not made for ${run.language}`);
      if (running >= runsMax)
        throw new ToolError('BUSY', 'Too much code runs at the moment.', { suggestion: 'Try again.', retryAfter: 1 });
      running++;
      try {
        return { using, ...(await runner.run(run, limits)) };
      } finally {
        running--;
      }
    },
  };
}

function allLimits(given: SandboxLimits): AllLimits {
  const limits = { cpuTimeMs: given.timeoutMs ?? DEFAULTS.timeoutMs, ...DEFAULTS, ...given };
  for (const [name, value] of Object.entries(limits))
    if (!(Number.isSafeInteger(value) && value >= 1 && value < 2 ** 40))
      throw new RangeError(`the limit ${name} of a sandbox must be a whole number from 1 on`);
  if (limits.timeoutMs >= 2 ** 31) throw new RangeError('timeoutMs of a sandbox must be below 2^31');
  if (limits.memoryBytes < MEMORY_BYTES_MIN)
    throw new RangeError(`memoryBytes of a sandbox must be at least ${MEMORY_BYTES_MIN}`);
  return limits;
}
