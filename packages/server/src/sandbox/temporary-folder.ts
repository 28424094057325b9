/** Where files are put that a user who owns nothing must reach. */
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const FOLDERS = ['/tmp', '/var/tmp', '/dev/shm'];
const OTHERS_MAY_ENTER = 0o001;
const PREFIX = 'sallyport-sandbox-';
/** A process of another container with the same folder may have a number that is nobody's here. */
const LEFT_AGE_MS = 60 * 60_000;

let isSwept = false;

/**
 * A new folder with the number of this process in its name, which only this user may enter. The first one removes what
 * processes that were killed have left.
 */
export function makeTemporaryFolder(): string {
  const parent = sharedTemporaryFolder();
  if (!isSwept) removeLeft(parent, Date.now() - LEFT_AGE_MS);
  isSwept = true;
  return mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
}

/** @param beforeMs folders that were changed later stay. */
export function removeLeft(parent: string, beforeMs: number): void {
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(PREFIX))) {
    const [pid = ''] = name.slice(PREFIX.length).split('-');
    if (/^\d+$/.test(pid) && !existsSync(`/proc/${pid}`)) removeOld(join(parent, name), beforeMs);
  }
}

function removeOld(folder: string, beforeMs: number): void {
  try {
    if (statSync(folder).mtimeMs < beforeMs) rmSync(folder, { recursive: true });
  } catch {
    // It belongs to another user, or is gone.
  }
}

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
