/** Where a program is that a server is started with. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { Environment } from '../config.ts';

/** Whether a file can be started. */
export type IsProgram = (file: string) => boolean;

const isProgramFile: IsProgram = (file) => {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
};

/**
 * Looks where a process looks that is started with this environment: a name without a slash on PATH, with the endings
 * of PATHEXT on Windows.
 *
 * @returns the path of the file; `undefined` when there is none.
 */
export function findProgram(
  command: string,
  environment: Environment,
  platform: NodeJS.Platform = process.platform,
  isProgram: IsProgram = isProgramFile,
): string | undefined {
  const endings = platform === 'win32' ? ['', ...(environment['PATHEXT'] ?? '.EXE;.CMD;.BAT').split(';')] : [''];
  const path = environment['PATH'] ?? environment['Path'] ?? '';
  const folders = /[\\/]/.test(command) ? [''] : path.split(delimiter).filter((folder) => folder !== '');
  for (const folder of folders)
    for (const ending of endings) {
      const file = folder === '' ? resolve(`${command}${ending}`) : join(folder, `${command}${ending}`);
      if (isProgram(file)) return file;
    }
  return undefined;
}
