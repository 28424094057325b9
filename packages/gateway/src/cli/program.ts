/** The command line, made from the list of commands with commander. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { formatConfigError, loadConfig, type Environment } from '../config.ts';
import { EXIT_CODES, type CommandEntry, type CommandPorts } from './command.ts';
import { addCommand } from './commander.ts';
import { COMMANDS } from './commands.ts';
import { openConfiguration, type Configuration } from './configuration.ts';
import type { CliIo, Folders } from './io.ts';

/** The streams and the exit code; the folders come from the configuration that the command line names. */
export type ProgramIo = Omit<CliIo, 'loadFolders'>;

/** The version in `package.json`. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return version;
}

/**
 * Builds the program. Writes through `io` only, and throws CommanderError instead of ending the process; `runProgram`
 * handles both.
 *
 * @param commands another list than the real one, for tests.
 */
export function buildProgram(
  io: ProgramIo,
  environment: Environment,
  ports: CommandPorts,
  commands: readonly CommandEntry[] = COMMANDS,
): Command {
  const version = packageVersion();
  const exitCodes = Object.entries(EXIT_CODES).map(([code, meaning]) => `${code} ${meaning}`);
  const program = new Command('sallyport')
    .description("The guarded way through the wall between AI agents and a company's systems.")
    .version(version, '-V, --version', 'print the version')
    .option('--config <file>', 'configuration file (default: SALLYPORT_CONFIG, or the nearest sallyport.yaml upwards)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: io.stdout,
      writeErr: io.stderr,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
    })
    .showSuggestionAfterError()
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride()
    .addHelpText(
      'after',
      `\nExamples:\n  sallyport init\n  sallyport check\n  sallyport start\n\nExit codes: ${exitCodes.join(', ')}.\n`,
    );
  const configuration = openConfiguration(io, environment, () => program.opts<{ config?: string }>().config);
  const context = {
    io: { ...io, loadFolders: async () => foldersOf(configuration, environment) },
    environment,
    version,
    configuration,
    ports,
    commands,
  };
  for (const entry of commands) addCommand(program, entry, context);
  return program;
}

function foldersOf(configuration: Configuration, environment: Environment): Folders {
  const loaded = loadConfig(configuration.file(), environment);
  if ('snapshot' in loaded) {
    const { dataFolder, database, audit, tenants, limits, servers } = loaded.snapshot;
    return {
      data: dataFolder,
      database,
      audit: audit.folder,
      tenants,
      tiers: Object.keys(limits),
      servers: servers.map(({ name }) => name),
    };
  }
  const [first] = loaded.errors;
  throw new Error(first === undefined ? 'the configuration has errors' : formatConfigError(first));
}

/**
 * Runs one command line (without the program's own two arguments).
 *
 * Never rejects: an error that a command throws becomes one sentence on standard error and exit code 1.
 */
export async function runProgram(program: Command, args: readonly string[], io: ProgramIo): Promise<void> {
  try {
    if (args.length === 0) {
      io.stderr(program.helpInformation());
      io.exit(2);
      return;
    }
    await program.parseAsync([...args], { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      // Help and version end with this error too. A group without its command shows help as an error.
      if (thrown.exitCode !== 0 || thrown.code === 'commander.help') io.exit(2);
      return;
    }
    io.stderr(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    io.exit(1);
  }
}
