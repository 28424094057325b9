/** Replaces a file as a whole: another program reads the old text or the new one, and never a part. */
import { chmodSync, copyFileSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Mode of a file that is new. */
const PRIVATE = 0o600;

/**
 * A link stays a link: what it leads to is replaced. The mode stays as it was; a new file is for its owner only.
 *
 * @param backup where the old text is kept; absent = nowhere.
 */
export function replaceFile(file: string, text: string, backup?: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  const target = found === undefined ? file : realpathSync(file);
  mkdirSync(dirname(target), { recursive: true });
  if (found !== undefined && backup !== undefined) copyFileSync(target, backup);
  const fresh = join(dirname(target), `.${basename(target)}.${process.pid}`);
  try {
    writeFileSync(fresh, text, { flag: 'wx', mode: PRIVATE });
    chmodSync(fresh, found === undefined ? PRIVATE : found.mode & 0o7777);
    renameSync(fresh, target);
  } catch (thrown) {
    rmSync(fresh, { force: true });
    throw thrown;
  }
}
