/**
 * Runs code of a language in a container that lives as long as the run, by podman or docker: without a network, with a
 * read-only root, no capabilities and a user that owns nothing. Images must be on the machine; none is downloaded.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { promisify } from 'node:util';
import { findProgram } from '../bubblewrap/probe.ts';
import type { ConfinedCommand, Enforcements } from '../confinement.ts';
import type { AllLimits, MadeRunner, Runner, SandboxLanguage, SandboxOptions, SandboxRun } from '../sandbox.ts';
import { stageFiles } from '../stage-files.ts';
import { supervise } from '../supervise.ts';

/** What makes containers. */
type ContainerProgram = 'podman' | 'docker';
type Options = Pick<SandboxOptions, 'languages' | 'images' | 'containerRuntime'>;

interface Engine {
  readonly name: ContainerProgram;
  readonly path: string;
  /** `runc`, `crun` or `runsc` (gVisor); the default of the machine when absent. */
  readonly runtime: string | undefined;
  readonly images: Readonly<Partial<Record<SandboxLanguage, string>>>;
}

const run = promisify(execFile);
const ENFORCEMENT: Enforcements = { memory: 'container', processes: 'container' };
const NOBODY = '65534:65534';
const PREFIX = 'sallyport-';
/** The exit code of what SIGKILL ended. */
const KILLED = 137;
const COMMAND_MS_MAX = 30_000;
/** Of the system that starts a container: the run's own time begins with it. */
const PROGRAMS: Readonly<Record<SandboxLanguage, readonly string[]>> = {
  javascript: ['node', '/work/main.mjs'],
  python: ['python3', '/work/main.py'],
  shell: ['/bin/sh', '/work/main.sh'],
};
const SCRIPTS: Readonly<Record<SandboxLanguage, string>> = {
  javascript: 'main.mjs',
  python: 'main.py',
  shell: 'main.sh',
};
/** What podman and docker themselves need. */
const environment = (): Record<string, string> => ({
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: homedir(),
  XDG_RUNTIME_DIR: `/run/user/${process.getuid?.() ?? 0}`,
});

/** @returns a function that tries a container of each image. */
export const createContainerRunner =
  (name: ContainerProgram) =>
  async ({ languages, images = {}, containerRuntime }: Options): Promise<MadeRunner> => {
    const path = findProgram(name);
    if (path === undefined) return { reason: `${name} is not installed` };
    const missing = languages.find((language) => images[language] === undefined);
    if (missing !== undefined) return { reason: `no image is named for ${missing} (images: { ${missing}: … })` };
    const engine: Engine = { name, path, images, runtime: containerRuntime };
    try {
      await removeLeft(engine);
      for (const language of languages) await tryContainer(engine, language);
      return { runner: runnerOf(engine) };
    } catch (error) {
      const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
      return { reason: `a container cannot be started: ${(stderr || message).trim().split('\n')[0]?.slice(0, 300)}` };
    }
  };

const runnerOf = (engine: Engine): Runner => ({
  enforcement: ENFORCEMENT,
  run: async (given, limits) => {
    const { language, code, files = {}, stdin = '', signal } = given as SandboxRun;
    const staged = stageFiles({ ...files, [SCRIPTS[language]]: code }, process.getuid?.() === 0 ? 65_534 : undefined);
    try {
      const confined = confine(engine, language, staged.folder, limits);
      const { status: _status, ...result } = await supervise(confined, environment(), stdin, limits, signal);
      return result;
    } finally {
      staged.remove();
    }
  },
});

function confine(engine: Engine, language: SandboxLanguage, folder: string, limits: AllLimits): ConfinedCommand {
  const name = `${PREFIX}${process.pid}-${randomUUID()}`;
  const args = containerArguments(engine, name, language, limits, ['--volume', `${folder}:/work:ro`]);
  let ended: Promise<boolean> | undefined;
  // The first process of a container can be killed from outside only.
  const close = async (exitCode?: number | null) =>
    (await (ended ??= endContainer(engine, name))) || exitCode === KILLED ? ('memory' as const) : undefined;
  return {
    ...{ command: engine.path, args, reportsStatus: false, hasGroup: true, close },
    started: () => undefined,
    exceeded: () => undefined,
  };
}

function containerArguments(
  { name: program, images, runtime }: Engine,
  name: string,
  language: SandboxLanguage,
  limits: AllLimits,
  more: readonly string[],
): readonly string[] {
  const { memoryBytes, processes, scratchBytes, openFiles, cpuTimeMs, timeoutMs } = limits;
  const seconds = Math.ceil(cpuTimeMs / 1000);
  return [
    ...[
      'run',
      '--name',
      name,
      '--pull',
      'never',
      '--interactive',
      ...(runtime === undefined ? [] : ['--runtime', runtime]),
    ],
    ...['--network', 'none', '--read-only', '--ipc', 'none', '--hostname', 'sandbox', ...userOf(program)],
    ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--log-driver', 'none'],
    ...['--memory', String(memoryBytes), '--memory-swap', String(memoryBytes), '--pids-limit', String(processes)],
    ...['--cpus', '1', '--tmpfs', `/tmp:rw,size=${scratchBytes},mode=1777`],
    ...[
      '--ulimit',
      `nofile=${openFiles}:${openFiles}`,
      '--ulimit',
      'core=0:0',
      '--ulimit',
      `cpu=${seconds}:${seconds}`,
    ],
    ...['--ulimit', 'nproc=4096:4096', '--env', 'HOME=/tmp', '--workdir', '/tmp', ...more],
    // podman alone hands the variables of its own proxy on, and can end what its client has left.
    ...(program === 'podman' ? ['--http-proxy=false', '--timeout', String(Math.ceil(timeoutMs / 1000) + 60)] : []),
    ...['--entrypoint', PROGRAMS[language][0] ?? '', images[language] ?? '', ...PROGRAMS[language].slice(1)],
  ];
}

/** Without root the files of a run belong to the user of this process, and only that user may read them. */
function userOf(program: ContainerProgram): readonly string[] {
  const [user = 0, group = 0] = [process.getuid?.(), process.getgid?.()];
  if (user === 0) return ['--user', NOBODY];
  return ['--user', `${user}:${group}`, ...(program === 'podman' ? ['--userns', 'keep-id'] : [])];
}

/** @returns whether it was ended for want of memory. */
async function endContainer(engine: Engine, name: string): Promise<boolean> {
  const options = { env: environment(), timeout: COMMAND_MS_MAX };
  const inspect = ['inspect', '--format', '{{.State.OOMKilled}}', name];
  const { stdout } = await run(engine.path, inspect, options).catch(() => ({ stdout: '' }));
  await run(engine.path, ['rm', '--force', ...(engine.name === 'podman' ? ['--time', '0'] : []), name], options).catch(
    () => undefined,
  );
  return stdout.trim() === 'true';
}

/** Removes the containers of processes that were killed. */
async function removeLeft(engine: Engine): Promise<void> {
  const options = { env: environment(), timeout: COMMAND_MS_MAX };
  const list = ['ps', '--all', '--filter', `name=${PREFIX}`, '--format', '{{.Names}}'];
  const { stdout } = await run(engine.path, list, options);
  for (const name of stdout.split('\n').filter((text) => text.startsWith(PREFIX)))
    if (!isAlive(Number(name.split('-')[1]))) await endContainer(engine, name);
}

/** A trial with everything that a run has. */
async function tryContainer(engine: Engine, language: SandboxLanguage): Promise<void> {
  const limits: AllLimits = {
    ...{ timeoutMs: COMMAND_MS_MAX, cpuTimeMs: COMMAND_MS_MAX, memoryBytes: 64 * 1024 ** 2, processes: 32 },
    ...{ scratchBytes: 1024 ** 2, openFiles: 64, outputBytesMax: 4_096 },
  };
  const code = { javascript: 'console.log("tried")', python: 'print("tried")', shell: 'echo tried' }[language];
  const { stdout, stderr } = await runnerOf(engine).run({ language, code }, limits);
  if (stdout !== 'tried\n') throw new Error(stderr === '' ? 'it ends at once' : stderr);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
