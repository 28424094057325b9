/** Where files are put that a user who owns nothing must reach. */
import { accessSync, constants, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';

const FOLDERS = ['/tmp', '/var/tmp', '/dev/shm'];
const OTHERS_MAY_ENTER = 0o001;

/** The folder for temporary files, or another one where no other user may enter that. */
export function sharedTemporaryFolder(): string {
  const own = tmpdir();
  return [own, ...FOLDERS].find(isShared) ?? own;
}

function isShared(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return [...upwards(folder)].every((path) => (statSync(path).mode & OTHERS_MAY_ENTER) !== 0);
  } catch {
    return false;
  }
}

function* upwards(folder: string): Generator<string> {
  yield folder;
  if (dirname(folder) !== folder) yield* upwards(dirname(folder));
}
