/**
 * Runs a command line in a test: output and exit code are collected, and no port does anything unless the test says so.
 */
import { EventEmitter } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Environment } from '../../config.ts';
import type { CommandContext, CommandEntry, CommandPorts } from '../command.ts';
import { addCommand } from '../commander.ts';
import { openConfiguration } from '../configuration.ts';
import type { Folders } from '../io.ts';
import { buildProgram, runProgram, type ProgramIo } from '../program.ts';

/** What one command line did. */
export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** What a test replaces in the program. */
export interface RunOptions extends Partial<CommandPorts> {
  readonly environment?: Environment;
  readonly commands?: readonly CommandEntry[];
}

/** The temporary folder of a test file. */
export const folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));

/** Writes a file into the folder and returns its path. */
export function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const EMPTY_CONFIG = file('empty.yaml', '');

/** Signals of the process, as a test sends them. */
export const signals = new EventEmitter();

const refuse = (): never => {
  throw new Error('not in this test');
};

/** Builds the program with ports that throw. */
export function programOf(io: ProgramIo, { environment, commands, ...ports }: RunOptions = {}): Command {
  return buildProgram(
    io,
    environment ?? { SALLYPORT_CONFIG: EMPTY_CONFIG },
    {
      start: refuse,
      demo: refuse,
      stdio: refuse,
      signals,
      openBrowser: refuse,
      pause: refuse,
      probeServer: refuse,
      approveWaiting: refuse,
      prompts: async () => undefined,
      checkPolicies: async () => ({ policies: 0, findings: [] }),
      serverFailures: async () => ({}),
      ...ports,
    },
    commands,
  );
}

/** Runs one command line of the whole program. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { ran, io } = collected();
  await runProgram(programOf(io, options), args, io);
  return ran;
}

/** Runs one command alone, on folders that the test names. */
export async function runAlone(entry: CommandEntry, args: readonly string[], folders: Folders): Promise<Ran> {
  const { ran, io } = collected();
  const program = new Command('sallyport').exitOverride().configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  const context: CommandContext = {
    io: { ...io, loadFolders: async () => folders },
    environment: {},
    version: '0.0.0',
    configuration: openConfiguration(io, {}, () => undefined),
    ports: {
      start: refuse,
      demo: refuse,
      stdio: refuse,
      signals,
      pause: refuse,
      openBrowser: refuse,
      probeServer: refuse,
      approveWaiting: refuse,
      prompts: async () => undefined,
      checkPolicies: refuse,
      serverFailures: refuse,
    },
    commands: [entry],
  };
  addCommand(program, entry, context);
  await runProgram(program, [entry.name, ...args], io);
  return ran;
}

function collected(): { readonly ran: Ran; readonly io: ProgramIo } {
  const ran: Ran = { code: 0, out: '', err: '' };
  const io = {
    stdout: (text: string) => void (ran.out += text),
    stderr: (text: string) => void (ran.err += text),
    exit: (code: number) => void (ran.code = code),
  };
  return { ran, io };
}
