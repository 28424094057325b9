/**
 * The command line: one file a command, joined here. Exit codes: 0 done, 1 found something or refused, 2 wrong usage.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { loadConfig, type Environment } from '../config.ts';
import type { Snapshot } from '../snapshot.ts';
import { registerCall } from './call.ts';
import { registerCheck, type PolicyVerdict } from './check.ts';
import { checkConfiguredPolicies } from './check-policies.ts';
import { openConfiguration, type Configuration } from './configuration.ts';
import { registerInit } from './init.ts';
import type { CliIo, Folders } from './io.ts';
import { registerStart, type StartSource } from './start.ts';
import { registerStdio, type StdioSource } from './stdio.ts';
import { registerTools } from './tools.ts';

/** A group of commands that lives in a file of its own. */
export type Registrar = (program: Command, io: CliIo) => void;

/** What the commands need from the rest of the program; wired in `main.ts`. */
export interface ProgramPorts {
  readonly environment: Environment;
  readonly start: StartSource['start'];
  readonly demo: StartSource['demo'];
  readonly stdio: StdioSource['run'];
  readonly signals: StartSource['signals'];
  /** `audit`, `policy`, `keys`, `pins`. */
  readonly groups: readonly Registrar[];
  readonly checkPolicies?: (snapshot: Snapshot) => Promise<PolicyVerdict>;
}

/** The streams and the exit code; the data folder comes from the configuration that the command line names. */
export type ProgramIo = Omit<CliIo, 'loadFolders'>;

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return version;
}

export function buildProgram(io: ProgramIo, ports: ProgramPorts): Command {
  const version = packageVersion();
  const program = new Command('sallyport')
    .description("The guarded way through the wall between AI agents and a company's systems.")
    .version(version, '-V, --version', 'print the version')
    .option('--config <file>', 'configuration file (default: SALLYPORT_CONFIG, or ./sallyport.yaml)')
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
      '\nExamples:\n  sallyport init\n  sallyport check\n  sallyport start\n\nExit codes: 0 done, 1 found something or refused, 2 wrong usage.\n',
    );
  const { environment } = ports;
  const configuration = openConfiguration(io, environment, () => program.opts<{ config?: string }>().config);
  const full: CliIo = { ...io, loadFolders: async () => foldersOf(configuration, environment) };
  const source = { environment, version, configFile: configuration.file };
  registerStart(program, full, {
    environment,
    configuration,
    start: ports.start,
    demo: ports.demo,
    signals: ports.signals,
  });
  registerInit(program, full);
  registerCheck(program, full, {
    environment,
    configuration,
    checkPolicies: ports.checkPolicies ?? checkConfiguredPolicies,
  });
  registerStdio(program, full, { environment, snapshot: configuration.load, run: ports.stdio });
  registerTools(program, full, source);
  registerCall(program, full, source);
  for (const register of ports.groups) register(program, full);
  return program;
}

function foldersOf(configuration: Configuration, environment: Environment): Folders {
  const loaded = loadConfig(configuration.file(), environment);
  if ('snapshot' in loaded) {
    const { dataFolder, audit, tenants, limits, servers } = loaded.snapshot;
    return {
      data: dataFolder,
      audit: audit.folder,
      tenants,
      tiers: Object.keys(limits),
      servers: servers.map(({ name }) => name),
    };
  }
  const [first] = loaded.errors;
  throw new Error(
    first === undefined
      ? 'the configuration has errors'
      : `${first.file}:${first.line}:${first.column}: ${first.message}`,
  );
}

/**
 * Runs one command line (without the program's own two arguments).
 *
 * Never rejects: what a command throws is one sentence on standard error and exit code 1.
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
      // Help and version leave this way too. A group without its command shows help as an error.
      if (thrown.exitCode !== 0 || thrown.code === 'commander.help') io.exit(2);
      return;
    }
    io.stderr(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    io.exit(1);
  }
}
