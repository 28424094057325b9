/** The completion script for fish: one line per command and per option. */
import type { CompletedCommand, CompletedOption } from './words.ts';

/** @returns a script for `sallyport completion fish | source`. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap((command) => {
    const condition = conditionOf(command);
    const words = command.commands.map(
      (name) => `complete -c sallyport -f -n ${quoted(condition)} -a ${name}${summaryOf(commands, command, name)}`,
    );
    return [...words, ...command.options.map((option) => optionLine(option, condition))];
  });
  return `# fish completion for sallyport: sallyport completion fish | source\n${lines.join('\n')}\n`;
}

/** A group is complete once one of its commands was typed; then its own words are no longer offered. */
function conditionOf({ path, commands }: CompletedCommand): string {
  if (path === '') return '__fish_use_subcommand';
  const typed = path.split(' ').map((name) => `__fish_seen_subcommand_from ${name}`);
  if (commands.length > 0) typed.push(`not __fish_seen_subcommand_from ${commands.join(' ')}`);
  return typed.join('; and ');
}

function summaryOf(commands: readonly CompletedCommand[], parent: CompletedCommand, name: string): string {
  const path = parent.path === '' ? name : `${parent.path} ${name}`;
  const summary = commands.find((command) => command.path === path)?.summary;
  return summary === undefined ? '' : ` -d ${quoted(summary)}`;
}

function optionLine({ name, summary, value }: CompletedOption, condition: string): string {
  return `complete -c sallyport -n ${quoted(condition)} -l ${name.slice(2)}${valueFlags(value)} -d ${quoted(summary)}`;
}

function valueFlags(value: CompletedOption['value']): string {
  if (value === undefined) return '';
  if (value === 'file') return ' -r -F';
  return value === 'text' ? ' -x' : ` -x -a ${quoted(value.join(' '))}`;
}

/** In single quotes fish knows two escapes. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
