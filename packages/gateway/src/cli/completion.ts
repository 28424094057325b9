/** `sallyport completion`: a script that completes commands, options and their values in a shell. */
import { InvalidArgumentError } from 'commander';
import type { CommandDefinition } from './command.ts';
import { bashScript } from './completion/bash.ts';
import { fishScript } from './completion/fish.ts';
import { completedCommands, type CompletedCommand } from './completion/words.ts';
import { zshScript } from './completion/zsh.ts';
import { printJson } from './io.ts';

const SCRIPTS = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
} satisfies Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>>;

type Shell = keyof typeof SCRIPTS;

/** `sallyport completion`. */
export const completionCommand: CommandDefinition<readonly [Shell], { readonly json?: boolean }> = {
  name: 'completion',
  summary: 'print a script that completes commands and options in a shell',
  arguments: [{ name: 'shell', summary: 'bash, zsh or fish', parse: parseShell }],
  options: [{ flags: '--json', summary: 'print the shell and the script as JSON' }],
  example: 'eval "$(sallyport completion bash)"',
  run: ([shell], { json }, { io, commands }) => {
    const script = SCRIPTS[shell](completedCommands(commands));
    if (json === true) printJson(io, { shell, script });
    else io.stdout(script);
  },
};

function parseShell(text: string): Shell {
  if (!Object.hasOwn(SCRIPTS, text)) throw new InvalidArgumentError('Use bash, zsh or fish.');
  return text as Shell;
}
