/** Writes the files of a run into a new folder of their own, which the sandbox shows read-only. */
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ToolError } from '../errors.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

const FILES_MAX = 256;
const BYTES_MAX = 64 * 1024 ** 2;
const NAME_MAX = 512;

/** A folder with files, to be removed after use. */
export interface StagedFiles {
  readonly folder: string;
  remove(): void;
}

/**
 * @param files names below the folder, with `/` between folders, and contents.
 * @param owner the user that must read them; `undefined` = the user of this process.
 * @throws ToolError INVALID_FILES for a name that leaves the folder, and for too many or too large files.
 */
export function stageFiles(
  files: Readonly<Record<string, string | Uint8Array>>,
  owner: number | undefined,
): StagedFiles {
  checkFiles(files);
  const folder = makeTemporaryFolder();
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      // The folder is new and private, so that nothing can be there yet.
      writeFileSync(path, content, { flag: 'wx', mode: 0o644 });
    }
    // Only this process and the program reach the folder itself.
    if (owner !== undefined) chownSync(folder, owner, owner);
    return { folder, remove };
  } catch (error) {
    remove();
    if (!isClash(error)) throw error;
    throw new ToolError('INVALID_FILES', 'Two files have the same name, or one is a folder of another.');
  }
}

const isClash = (error: unknown): boolean =>
  ['EEXIST', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

/**
 * Checks names and sizes.
 *
 * @throws ToolError INVALID_FILES
 */
export function checkFiles(files: Readonly<Record<string, string | Uint8Array>>): void {
  const entries = Object.entries(files);
  const bytes = entries.reduce((sum, [, content]) => sum + Buffer.byteLength(content), 0);
  if (entries.length > FILES_MAX || bytes > BYTES_MAX)
    throw new ToolError('INVALID_FILES', `There may be at most ${FILES_MAX} files of ${BYTES_MAX} bytes together.`);
  if (!entries.every(([name]) => isName(name)))
    throw new ToolError('INVALID_FILES', 'A name of a file is relative, like data/input.csv, without . or .. in it.');
}

const isName = (name: string): boolean =>
  name.length <= NAME_MAX &&
  /^[^\0-\x1f\x7f\\]+$/.test(name) &&
  name.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.length <= 255);
