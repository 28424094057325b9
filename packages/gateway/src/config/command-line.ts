/** The program of a server and its arguments: as one list, or as clients write it, `command` with `args`. */
import type { Path } from './positions.ts';

/** The two settings, as they are written. */
export interface WrittenCommand {
  readonly command?: string | readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
}

/** Program and arguments; empty without a command. */
export const commandLine = ({ command = [], args = [] }: WrittenCommand): readonly string[] => [
  ...(typeof command === 'string' ? [command] : command),
  ...args,
];

/** Where an argument is written. @param index from 0, without the program. */
export function argumentPath(server: string, { command }: WrittenCommand, index: number): Path {
  const inCommand = typeof command === 'string' || command === undefined ? 1 : command.length;
  const at = index + 1;
  return at < inCommand ? ['servers', server, 'command', at] : ['servers', server, 'args', at - inCommand];
}
