/** `sallyport audit`: what was recorded, and the proof that nobody changed it. */
import { exportCommand } from './audit-export.ts';
import { proveCommand } from './audit-prove.ts';
import { searchCommand } from './audit-search.ts';
import { tailCommand } from './audit-tail.ts';
import { verifyCommand } from './audit-verify.ts';
import type { CommandGroup } from './command.ts';

/** `sallyport audit …`. */
export const auditCommands: CommandGroup = {
  name: 'audit',
  summary: 'search the audit log, and prove that nobody changed it',
  example: '$ sallyport audit verify',
  commands: [verifyCommand, proveCommand, exportCommand, searchCommand, tailCommand],
};
