/** The words that can follow what was typed, by command: what every shell's script is made from. */
import type { CommandEntry, CommandOption } from '../command.ts';

/** One command as a shell sees it. */
export interface CompletedCommand {
  /** The words before, such as `audit verify`; empty for the program itself. */
  readonly path: string;
  readonly summary: string;
  /** Names of the commands that can follow. */
  readonly commands: readonly string[];
  readonly options: readonly CompletedOption[];
}

/** One option as a shell sees it. */
export interface CompletedOption {
  /** Long form, such as `--tenant`. */
  readonly name: string;
  readonly summary: string;
  /** What its value can be; `undefined` for a switch, which has no value. */
  readonly value: readonly string[] | 'file' | 'text' | undefined;
}

const GLOBAL_OPTIONS: readonly CommandOption[] = [
  { flags: '--config <file>', summary: 'configuration file' },
  { flags: '--help', summary: 'display help for command' },
];

/** The program itself first, then every command in the order of the list. */
export function completedCommands(commands: readonly CommandEntry[]): readonly CompletedCommand[] {
  const program: CompletedCommand = {
    path: '',
    summary: '',
    commands: [...commands.map(({ name }) => name), 'help'],
    options: [...GLOBAL_OPTIONS, { flags: '--version', summary: 'print the version' }].map(completedOption),
  };
  return [program, ...commands.flatMap((entry) => completedEntry(entry, ''))];
}

function completedEntry(entry: CommandEntry, prefix: string): readonly CompletedCommand[] {
  const path = `${prefix}${entry.name}`;
  const members = 'commands' in entry ? entry.commands : [];
  const options = 'commands' in entry ? [] : entry.options;
  return [
    {
      path,
      summary: entry.summary,
      commands: members.map(({ name }) => name),
      options: [...options, ...GLOBAL_OPTIONS].map(completedOption),
    },
    ...members.flatMap((member) => completedEntry(member, `${path} `)),
  ];
}

function completedOption({ flags, summary, choices }: CommandOption): CompletedOption {
  const [name = '', placeholder] = flags.split(' ');
  return { name, summary, value: choices ?? valueOf(placeholder) };
}

function valueOf(placeholder: string | undefined): CompletedOption['value'] {
  if (placeholder === undefined) return undefined;
  return placeholder === '<file>' || placeholder === '<folder>' ? 'file' : 'text';
}
