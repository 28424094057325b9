/**
 * Which configuration file a command reads when the command line names none. There is no default configuration: a
 * command that finds no file says so.
 */
import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Environment } from './secrets.ts';

/** The name of the file that is looked for. */
export const CONFIG_FILE_NAME = 'sallyport.yaml';

/** The owner of a file, as its number; `undefined` when there is no such file. */
export type OwnerOf = (file: string) => number | undefined;

const ownerOf: OwnerOf = (file) => {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.isFile() === true ? found.uid : undefined;
};

/**
 * `SALLYPORT_CONFIG`, or the nearest `sallyport.yaml` in the folder or above it.
 *
 * The file names programs that are started. One that another user put above the folder (as into `/tmp`) is read
 * only when it is named.
 *
 * @returns `undefined` when there is none. @throws Error with a sentence for the user for a file of another user.
 */
export function findConfigFile(
  environment: Environment,
  folder: string = process.cwd(),
  owner: OwnerOf = ownerOf,
  ownUser: () => number | undefined = () => process.getuid?.(),
): string | undefined {
  const named = environment['SALLYPORT_CONFIG'];
  if (named !== undefined && named !== '') return resolve(folder, named);
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = join(at, CONFIG_FILE_NAME);
    const user = owner(file);
    if (user !== undefined) {
      const own = ownUser();
      if (own === undefined || user === own || user === 0) return file;
      throw new Error(`${file} belongs to another user. If you trust it, name it: --config ${file}`);
    }
    if (dirname(at) === at) return undefined;
  }
}
