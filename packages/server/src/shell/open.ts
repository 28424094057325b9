/** Programs for tools: one program, typed arguments, no shell, and limits on all that it does. */
import { existsSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { JsonObject } from '@sallyport/guard';
import type { CallContext } from '../call-context.ts';
import { ToolError } from '../errors.ts';
import { createShares } from '../tenant-shares.ts';
import type { Arg, ValuesOf } from './arguments.ts';
import { resolveProgram } from './program.ts';
import { runToEnd, type Ended, type Run } from './run.ts';

/** A text of the author, or a place for a value. */
export type CommandPart = string | Arg;

/**
 * Limits of one run. They hold for each process that the program starts.
 *
 * @example
 * ```ts
 * const small: ProcessLimits = { cpuSeconds: 2, memoryBytes: 256 * 1024 * 1024 };
 * ```
 */
export interface ProcessLimits {
  /** Seconds of a processor, from 1 to 3,600; 30 when absent. */
  readonly cpuSeconds?: number;
  /** Bytes of address space, from 16 MiB; 2 GiB when absent. */
  readonly memoryBytes?: number;
  /** Bytes of each file that is written; 64 MiB when absent. */
  readonly fileBytes?: number;
}

/**
 * What `openCommand` needs.
 *
 * @example
 * ```ts
 * const settings: CommandSettings<readonly ['-c', '%s']> = { program: '/usr/bin/stat', args: ['-c', '%s'] };
 * ```
 */
export interface CommandSettings<Args extends readonly CommandPart[]> {
  /** An absolute path, or a name that is looked for in the folders of the system when it is opened. */
  readonly program: string;
  readonly args: Args;
  /** The program ends its options at `--`: it is put before the first value that is no option's. */
  readonly doubleDash?: boolean;
  /** The whole environment besides `PATH` and `LANG`. Nothing of this process's environment is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** The working folder, an absolute path; `/` when absent. */
  readonly cwd?: string;
  /** From 1 ms to 1 hour; 10,000 ms when absent. */
  readonly timeoutMs?: number;
  /** Bytes of both outputs: at most 16 MiB; 256 KiB when absent. */
  readonly outputBytesMax?: number;
  /** Runs at a time, 1 to 64; 4 when absent. One tenant gets at most half of them. */
  readonly runsMax?: number;
  /** Set by `prlimit` of util-linux. `none` where that is not installed. */
  readonly limits?: ProcessLimits | 'none';
  /** Lets the program be a shell, or another that runs programs by its arguments. */
  readonly launcher?: 'allowed';
}

/**
 * What a program wrote.
 *
 * @example
 * ```ts
 * const answer = ({ stdout, note }: CommandResult): string => (note === undefined ? stdout : `${stdout}\n${note}`);
 * ```
 */
export interface CommandResult {
  /** `undefined` when a signal ended it. */
  readonly exitCode: number | undefined;
  /** As text without control sequences of terminals. */
  readonly stdout: string;
  readonly stderr: string;
  readonly isComplete: boolean;
  /** For the model, when the output was cut or a signal ended the program. */
  readonly note?: string;
}

/**
 * A program that tools run.
 *
 * @example
 * ```ts
 * const logOf = async (log: Command<{ lines: number }>, context: CallContext): Promise<string> =>
 *   (await log.run(context, { lines: 5 })).stdout;
 * ```
 */
export interface Command<Values> {
  /**
   * @throws ToolError `INVALID_ARGUMENT` for values that are not allowed, `TIMEOUT`, `RATE_LIMITED`, and what files are
   * refused with; the reason of the signal when the call was cancelled; Error when the program cannot be started.
   */
  run(context: CallContext, values: Values): Promise<CommandResult>;
  /** JSON Schema of the values, for the input of a tool. */
  readonly inputSchema: JsonObject;
}

const TIMEOUT_MS = 10_000;
const TIMEOUT_MS_MAX = 3_600_000;
const OUTPUT_BYTES = 256 * 1024;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
const RUNS = 4;
const RUNS_MAX = 64;
const MIB = 1024 * 1024;
const BYTES_LIMIT_MAX = 2 ** 50;
const ENVIRONMENT = { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' };
/** Variables that make a program load or run something else. */
const LOADING =
  /^(LD_|DYLD_|NODE_OPTIONS$|NODE_PATH$|BASH_ENV$|ENV$|PYTHON|PERL5|RUBY|JAVA_TOOL|_JAVA|GCONV_PATH$|IFS$)/;
const PRLIMIT = ['/usr/bin/prlimit', '/bin/prlimit'];
const SIGXCPU = 'SIGXCPU';

/**
 * Opens a program: finds it, checks its folder, and reads the rules of its arguments.
 *
 * @throws Error when there is no such program, when everybody may change it, when it is a shell, or when there is no
 * `prlimit`; RangeError and TypeError for a setting that cannot be used.
 * @example
 * ```ts
 * const history = openCommand({
 *   program: '/usr/bin/git',
 *   args: ['log', '--oneline', arg.option('-n', arg.integer('count', { min: 1, max: 100 }))],
 *   cwd: '/srv/repository',
 * });
 * ```
 */
export function openCommand<const Args extends readonly CommandPart[]>(
  settings: CommandSettings<Args>,
): Command<ValuesOf<Args>> {
  const { args, env = {}, cwd = '/', timeoutMs = TIMEOUT_MS, outputBytesMax = OUTPUT_BYTES, runsMax = RUNS } = settings;
  checkRange('timeoutMs', timeoutMs, 1, TIMEOUT_MS_MAX);
  checkRange('outputBytesMax', outputBytesMax, 1, OUTPUT_BYTES_MAX);
  checkRange('runsMax', runsMax, 1, RUNS_MAX);
  if (!isAbsolute(cwd) || !statSync(cwd).isDirectory()) throw new Error(`there is no folder ${cwd}`);
  for (const name of Object.keys(env))
    if (LOADING.test(name)) throw new TypeError(`${name} makes a program run something else`);
  const places = args.filter((part): part is Arg => typeof part !== 'string');
  const names = new Set(places.map(({ name }) => name));
  if (names.size !== places.length) throw new TypeError('two arguments have the same name');
  const program = resolveProgram(settings.program, settings.launcher);
  const prefix = limitPrefix(settings.limits ?? {});
  const shares = createShares(Math.max(1, Math.ceil(runsMax / 2)));
  return {
    inputSchema: schemaOf(places),
    async run(context, values) {
      context.signal.throwIfAborted();
      const given = values as Readonly<Record<string, unknown>>;
      const unknown = Object.keys(given).find((name) => !names.has(name));
      if (unknown !== undefined) throw new ToolError('INVALID_ARGUMENT', 'There is no such argument.');
      const [command = program, ...texts] = [...prefix, program, ...(await textsOf(settings, given, context))];
      const run: Run = {
        program: command,
        texts,
        cwd,
        timeoutMs,
        outputBytesMax,
        environment: { ...ENVIRONMENT, ...env },
      };
      return shares(context.tenant.id, async () => resultOf(await runToEnd(run, context.signal), run, context.signal));
    },
  };
}

function schemaOf(places: readonly Arg[]): JsonObject {
  return {
    type: 'object',
    properties: Object.fromEntries(places.map(({ name, schema }) => [name, schema])),
    required: places.filter(({ isRequired }) => isRequired).map(({ name }) => name),
    additionalProperties: false,
  };
}

async function textsOf(
  { args, doubleDash = false }: CommandSettings<readonly CommandPart[]>,
  values: Readonly<Record<string, unknown>>,
  context: CallContext,
): Promise<readonly string[]> {
  const texts: string[] = [];
  let needsDash = doubleDash && !args.includes('--');
  for (const part of args) {
    if (typeof part === 'string') {
      texts.push(part);
      continue;
    }
    const own = await part.toTexts(Object.hasOwn(values, part.name) ? values[part.name] : undefined, context);
    if (part.isPositional && needsDash) {
      texts.push('--');
      needsDash = false;
    }
    texts.push(...own);
  }
  return texts;
}

function limitPrefix(limits: ProcessLimits | 'none'): readonly string[] {
  if (limits === 'none') return [];
  const { cpuSeconds = 30, memoryBytes = 2048 * MIB, fileBytes = 64 * MIB } = limits;
  checkRange('cpuSeconds', cpuSeconds, 1, 3_600);
  checkRange('memoryBytes', memoryBytes, 16 * MIB, BYTES_LIMIT_MAX);
  checkRange('fileBytes', fileBytes, 1, BYTES_LIMIT_MAX);
  const prlimit = PRLIMIT.find((path) => existsSync(path));
  if (prlimit === undefined)
    throw new Error("there is no prlimit (util-linux) to limit a program with: install it, or set limits: 'none'");
  return [
    prlimit,
    `--cpu=${cpuSeconds}:${cpuSeconds + 1}`,
    `--as=${memoryBytes}`,
    `--fsize=${fileBytes}`,
    '--core=0',
    '--',
  ];
}

function resultOf({ exitCode, signal, stdout, stderr, endedBy }: Ended, run: Run, abort: AbortSignal): CommandResult {
  if (endedBy === 'cancelled') throw abort.reason;
  if (endedBy === 'time' || signal === SIGXCPU)
    throw new ToolError('TIMEOUT', 'The program did not finish in time, and was ended.', {
      suggestion: 'Ask for less.',
    });
  const result = { exitCode, stdout: plainText(stdout), stderr: plainText(stderr) };
  if (endedBy === 'output')
    return { ...result, isComplete: false, note: `The output is cut after ${run.outputBytesMax} bytes. Ask for less.` };
  if (signal !== undefined) return { ...result, isComplete: false, note: `The program was ended by ${signal}.` };
  return { ...result, isComplete: true };
}

const plainText = (bytes: Buffer): string => stripVTControlCharacters(bytes.toString('utf8'));

function checkRange(name: string, value: number, min: number, max: number): void {
  if (!(Number.isInteger(value) && value >= min && value <= max))
    throw new RangeError(`${name} must be a whole number from ${min} to ${max}`);
}
