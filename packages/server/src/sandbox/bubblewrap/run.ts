/** Runs code of a language in bubblewrap. */
import { existsSync } from 'node:fs';
import type { Confinement, Enforcements, Program } from '../confinement.ts';
import type {
  AllLimits,
  MadeRunner,
  Runner,
  SandboxLanguage,
  SandboxOptions,
  SandboxResult,
  SandboxRun,
} from '../sandbox.ts';
import { stageFiles } from '../stage-files.ts';
import { STATUS_DESCRIPTOR, supervise } from '../supervise.ts';
import { openInBubblewrap, type Bubblewrap } from './launch.ts';
import { probeBubblewrap } from './probe.ts';

interface Interpreter {
  /** Where it is on the host. */
  readonly path: string;
  /** Where it is inside, when not at the same place. */
  readonly mountedAt?: string;
  readonly script: string;
}

/** Node.js may lie outside of the folders of the system; its program needs no other file of its own. */
const INTERPRETERS: Readonly<Record<SandboxLanguage, Interpreter>> = {
  javascript: { path: process.execPath, mountedAt: '/run/sandbox/node', script: 'main.mjs' },
  python: { path: '/usr/bin/python3', script: 'main.py' },
  shell: { path: '/bin/sh', script: 'main.sh' },
};
const WORK = '/work';
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/tmp', TMPDIR: '/tmp', LANG: 'C.UTF-8' };

/** @param languages each must have its interpreter. */
export async function createBubblewrapRunner({ languages }: SandboxOptions): Promise<MadeRunner> {
  const missing = languages.find((language) => !existsSync(INTERPRETERS[language].path));
  if (missing !== undefined) return { reason: `there is no ${INTERPRETERS[missing].path} for ${missing}` };
  const probed = await probeBubblewrap();
  return 'reason' in probed ? probed : { runner: runnerOf(probed.engine) };
}

/** @param engine one that was tried. */
export const runnerOf = (engine: Bubblewrap): Runner => ({
  enforcement: enforcementOf(engine),
  run: (run, limits) => runCode(engine, run, limits),
});

/** How a bubblewrap limits memory and processes. */
export function enforcementOf({ hasGroups }: Pick<Bubblewrap, 'hasGroups'>): Enforcements {
  return hasGroups
    ? { memory: 'control group', processes: 'control group' }
    : { memory: 'watched', processes: 'resource limit' };
}

async function runCode(
  engine: Bubblewrap,
  { language, code, files = {}, stdin = '', signal }: SandboxRun,
  limits: AllLimits,
): Promise<Omit<SandboxResult, 'using'>> {
  const { path, mountedAt, script } = INTERPRETERS[language];
  const staged = stageFiles({ ...files, [script]: code }, engine.unprivileged?.id);
  try {
    const mounts = [{ source: staged.folder, target: WORK }];
    if (mountedAt !== undefined) mounts.push({ source: path, target: mountedAt });
    const program = { command: mountedAt ?? path, args: [`${WORK}/${script}`], cwd: WORK };
    return await runProgram(engine, { ...limits, readOnly: [], writable: [], mounts, user: 'unprivileged' }, program, {
      limits,
      stdin,
      signal,
    });
  } finally {
    staged.remove();
  }
}

async function runProgram(
  engine: Bubblewrap,
  confinement: Confinement,
  program: Program,
  { limits, stdin, signal }: { limits: AllLimits; stdin: string; signal: AbortSignal | undefined },
): Promise<Omit<SandboxResult, 'using'>> {
  const confined = openInBubblewrap(engine, confinement, program, STATUS_DESCRIPTOR);
  const { status, ...result } = await supervise(confined, ENVIRONMENT, stdin, limits, signal);
  // bubblewrap says how the program ended, unless it never came so far or was killed.
  if (['exit', 'signal'].includes(result.endedBy) && !status.includes('"exit-code"'))
    throw new Error(`the sandbox could not be started: ${result.stderr.slice(0, 300)}`);
  return result;
}
