/** The entry of the command line, and of the package: `main` runs one command line, `startGateway` embeds a gateway. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openBrowser } from './cli/browser.ts';
import type { CommandPorts } from './cli/command.ts';
import { checkConfiguredPolicies } from './cli/check-policies.ts';
import { buildProgram, runProgram, type ProgramIo } from './cli/program.ts';
import { processEnvironment } from './config.ts';
import type { RunningGateway, StartOptions } from './gateway.ts';
import type { Snapshot } from './snapshot.ts';

export { loadConfig, loadConfigText } from './config.ts';
export type { RunningGateway, StartOptions } from './gateway.ts';
export type { Snapshot } from './snapshot.ts';

/**
 * Starts a gateway in this process.
 *
 * @throws Error with a sentence for the operator.
 */
export async function startGateway(snapshot: Snapshot, options: StartOptions = {}): Promise<RunningGateway> {
  // L5: commands that start no gateway do not load one, which would be most of their memory.
  const gateway = await import('./gateway.ts');
  return gateway.startGateway(snapshot, options);
}

/**
 * Runs one command line; sets `process.exitCode`.
 *
 * @param argv without the program's own two arguments.
 */
export async function main(argv: readonly string[]): Promise<void> {
  endQuietlyWhenOutputCloses();
  const io: ProgramIo = {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY,
    exit: (code) => {
      process.exitCode = code;
    },
  };
  await runProgram(buildProgram(io, processEnvironment(), PORTS), argv, io);
}

const PORTS: CommandPorts = {
  signals: process,
  pause: async (ms) => sleep(ms),
  openBrowser: (url) => openBrowser(url, processEnvironment()),
  start: startConfigured,
  stdio: async (snapshot, server, token, stop) => {
    const { runStdioGateway } = await import('./stdio-gateway.ts');
    await runStdioGateway(snapshot, server, token, stop);
    exitSoon();
  },
  demo: async (demoIo) => {
    const { runDemo } = await import('./demo/run.ts');
    const { openSignIn } = await import('./sign-in.ts');
    return runDemo(demoIo, startGateway, { openSignIn });
  },
  checkPolicies: checkConfiguredPolicies,
  probeServer: async (snapshot, server) => (await import('./probe-server.ts')).probeServer(snapshot, server),
  approveWaiting: async (snapshot, waiting, by) =>
    (await import('./probe-server.ts')).approveWaiting(snapshot, waiting, by),
  prompts: async () =>
    process.stdin.isTTY && process.stderr.isTTY ? (await import('./cli/prompts.ts')).openPrompts() : undefined,
  serverFailures: async (snapshot, how) => {
    const { failuresOfRunningGateway, reachServers } = await import('./server-failures.ts');
    return how === 'start' ? reachServers(snapshot) : failuresOfRunningGateway(snapshot);
  },
};

/** How long the process may take to end by itself after the gateway was closed. */
const EXIT_AFTER_MS = 1_000;

/** Everything is on disk; a server that hangs must not keep the process. */
function exitSoon(): void {
  setTimeout(() => process.exit(), EXIT_AFTER_MS).unref();
}

/** `sallyport … | head` closes the pipe early, which is no error. */
function endQuietlyWhenOutputCloses(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

/** `demo: true` outside the demo would announce an authorization server that nobody starts. */
async function startConfigured(
  snapshot: Snapshot,
  role: NonNullable<StartOptions['role']>,
  stop: AbortSignal,
  listening: NonNullable<StartOptions['listening']>,
): Promise<RunningGateway> {
  if (snapshot.demo)
    throw new Error('"demo: true" is for the demo: start it with sallyport start --demo, or take the line out');
  const running = await startGateway(snapshot, { role, stop, listening });
  return {
    ...running,
    close: async () => {
      await running.close();
      exitSoon();
    },
  };
}

/** `npm run dev` starts the source without the launcher, which does this in every other case. */
async function runAsProgram(): Promise<void> {
  const launcher = new URL('../bin/clear-environment.js', import.meta.url);
  const { clearEnvironment } = (await import(launcher.href)) as { clearEnvironment(): void };
  clearEnvironment();
  await main(process.argv.slice(2));
}

if (import.meta.main) await runAsProgram();
