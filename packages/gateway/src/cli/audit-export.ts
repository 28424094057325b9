/** `sallyport audit export`: a copy of the logs that can be verified elsewhere. */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkpointListsOf, processFolder, segmentsIn, tenantFolder } from '@sallyport/server/segments/layout';
import { recordsIn, type Problem } from '@sallyport/server/segments/read-log';
import { foldersOf, LOG_SUMMARY, type LogSelection } from './audit-folders.ts';
import type { CommandDefinition } from './command.ts';
import { printJson } from './io.ts';
import { createProgress, type Progress } from './progress.ts';

/** `sallyport audit export`. */
export const exportCommand: CommandDefinition<readonly [string], LogSelection> = {
  name: 'export',
  summary: 'copy the log with its checkpoints and public keys, for verification elsewhere',
  arguments: [{ name: 'folder' }],
  options: [
    { flags: '--from <folder>', summary: 'data folder' },
    { flags: '--tenant <id>', summary: 'only this tenant' },
    { flags: '--log <name>', summary: LOG_SUMMARY },
    { flags: '--json', summary: 'print JSON' },
  ],
  example: '$ sallyport audit export ./audit-2026-11 --tenant acme',
  run: async ([target], options, { io }) => {
    if (existsSync(target) && readdirSync(target).length > 0) throw new Error(`${target} is not empty`);
    const folders = await foldersOf(options, io);
    mkdirSync(target, { recursive: true, mode: 0o700 });
    const progress = createProgress(io);
    for (const { tenant, log, folder } of folders)
      copyLog(folder, tenantFolder(processFolder(target, log), tenant), progress);
    progress.end();
    if (options.json)
      return printJson(io, { folder: target, tenants: [...new Set(folders.map(({ tenant }) => tenant))] });
    const logs = folders.length === 1 ? 'log' : 'logs';
    io.stdout(
      `Exported ${folders.length} ${logs} to ${target}. Verify with: sallyport audit verify --from ${target}\n`,
    );
  },
};

const ATTEMPTS_MAX = 5;
/**
 * Public files only: the master key is never copied. In the order in which `verifyLog` reads them, for the same reason.
 */
const publicFilesIn = (folder: string): readonly string[] => [
  'resume',
  ...checkpointListsOf(readdirSync(folder)),
  'checkpoint',
  'leaves',
  'vkey',
];

/** Copies one log. A segment that was copied while it was being written is copied again. */
function copyLog(folder: string, target: string, progress: Progress): void {
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const copy = (name: string): void => copyFileSync(join(folder, name), join(target, name));
  for (const name of publicFilesIn(folder)) if (existsSync(join(folder, name))) copy(name);
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    for (const name of segmentsIn(folder)) copy(name);
    const problems: Problem[] = [];
    for (const _record of recordsIn(target, problems)) progress.record();
    if (problems.length === 0) return;
  }
}
