/** `sallyport pins`: the definitions that are approved, what servers show instead, and the approval of it. */
import type { CommandGroup } from './command.ts';
import { approveCommand } from './pins-approve.ts';
import { diffCommand } from './pins-diff.ts';
import { listCommand } from './pins-list.ts';
import { rejectCommand } from './pins-reject.ts';

/** `sallyport pins …`. */
export const pinsCommands: CommandGroup = {
  name: 'pins',
  summary: 'approved definitions of tools, prompts, resources and servers, and what changed',
  example: '$ sallyport pins list --pending',
  commands: [listCommand, diffCommand, approveCommand, rejectCommand],
};
