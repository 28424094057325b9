/**
 * Makes sure that one process has the log open. The lock is SQLite's, which is the kernel's: it ends with its process,
 * however that ended, and asks no process number, which in a container is the same after every restart.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;

/** Another process has it; the message names which. */
export class AuditLogInUse extends Error {}

/** @throws AuditLogInUse */
export function lockFolder(folder: string): { release(): void } {
  const file = join(folder, 'lock.db');
  const database = open(file);
  try {
    // Said before it is held: whoever finds it held can still read what was committed.
    database.exec(
      `PRAGMA synchronous = OFF; PRAGMA locking_mode = NORMAL; BEGIN IMMEDIATE; PRAGMA user_version = ${process.pid}; COMMIT; BEGIN IMMEDIATE`,
    );
    return { release: () => database.close() };
  } catch (thrown) {
    const busy = (thrown as { errcode?: number }).errcode === SQLITE_BUSY;
    const holder = busy ? database.prepare('PRAGMA user_version').get()?.['user_version'] : undefined;
    database.close();
    throw busy
      ? new AuditLogInUse(`the audit log in ${folder} is open in process ${String(holder)}; stop it first`, {
          cause: thrown,
        })
      : thrown;
  }
}

function open(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file);
  } catch (thrown) {
    throw new Error(`${file} cannot be opened: ${(thrown as Error).message}`, { cause: thrown });
  }
}
