/**
 * The list of commands, in the order of the help. The program (`program.ts`), the reference page (`tools/docs.ts`) and
 * the shell completion (`completion.ts`) are all made from it.
 */
import { addCommand } from './add.ts';
import { approvalsCommands } from './approvals.ts';
import { auditCommands } from './audit.ts';
import { callCommand } from './call.ts';
import { checkCommand } from './check.ts';
import type { CommandEntry } from './command.ts';
import { completionCommand } from './completion.ts';
import { connectCommand } from './connect.ts';
import { initCommand } from './init.ts';
import { keysCommands } from './keys.ts';
import { pinsCommands } from './pins.ts';
import { loginCommand, logoutCommand } from './login.ts';
import { openCommand } from './open.ts';
import { scanCommand } from './scan.ts';
import { startCommand } from './start.ts';
import { statusCommand } from './status.ts';
import { stdioCommand } from './stdio.ts';
import { toolsCommand } from './tools.ts';
import { whoamiCommand } from './whoami.ts';

/** Every command of `sallyport`. */
export const COMMANDS: readonly CommandEntry[] = [
  startCommand,
  initCommand,
  addCommand,
  connectCommand,
  checkCommand,
  scanCommand,
  statusCommand,
  whoamiCommand,
  stdioCommand,
  toolsCommand,
  callCommand,
  loginCommand,
  logoutCommand,
  openCommand,
  approvalsCommands,
  auditCommands,
  keysCommands,
  pinsCommands,
  completionCommand,
];
