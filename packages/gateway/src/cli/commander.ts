/** The declaration of a command, turned into a command of commander. */
import { Argument, Option, type Command } from 'commander';
import type { CommandArgument, CommandContext, CommandDefinition, CommandEntry, CommandOption } from './command.ts';

/** Adds a command, or a group with its commands, to a commander program. */
export function addCommand(parent: Command, entry: CommandEntry, context: CommandContext): void {
  const command = parent.command(entry.name).description(entry.summary).addHelpText('after', helpOf(entry));
  if ('commands' in entry) for (const member of entry.commands) addCommand(command, member, context);
  else configure(command, entry, context);
}

function configure(command: Command, definition: CommandDefinition, context: CommandContext): void {
  const declared = definition.arguments ?? [];
  for (const argument of declared) command.addArgument(argumentOf(argument));
  for (const option of definition.options) command.addOption(optionOf(option));
  // Commander passes the arguments in order, then the options, then the command itself.
  command.action((...passed: unknown[]) =>
    definition.run(passed.slice(0, declared.length), passed[declared.length] as object, context),
  );
}

function argumentOf({ name, optional, variadic, summary, parse }: CommandArgument): Argument {
  const shown = variadic === true ? `${name}...` : name;
  const argument = new Argument(optional === true ? `[${shown}]` : `<${shown}>`, summary);
  return parse === undefined ? argument : argument.argParser(parse);
}

function optionOf(declared: CommandOption): Option {
  const option = new Option(declared.flags, declared.summary).makeOptionMandatory(declared.required === true);
  const { choices, parse } = declared;
  if (choices !== undefined) option.choices(choices);
  if (parse !== undefined) option.argParser((text: string) => parse(text));
  if (declared.repeatable === true) option.argParser((text: string, all: readonly string[]) => [...all, text]);
  if ('default' in declared) option.default(declared.default);
  return option;
}

function helpOf(entry: CommandEntry): string {
  const { exampleContext, exitCodes } = 'commands' in entry ? {} : entry;
  const title = exampleContext === undefined ? 'Example:' : `Example (${exampleContext}):`;
  const example = entry.example
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
  return `\n${title}\n${example}\n${exitCodes === undefined ? '' : `\n${exitCodes}\n`}`;
}
