/**
 * Lets only one process have the log open. SQLite takes a lock of the kernel, which ends with its process however that
 * ends. A file with a process id would not do: in a container the id is the same after every restart.
 */
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makePrivateDatabase } from '../private-file.ts';

const SQLITE_BUSY = 5;

/** Another process has the log open. The message names its process id. */
export class AuditLogInUse extends Error {}

/** A lock that is held. */
export interface FolderLock {
  release(): void;
}

/** SQLite's words for a file that is not, or no longer, a database. */
const DAMAGED = new Set([1, 11, 26]);

/** Locks a folder until `release`. @throws AuditLogInUse */
export function lockFolder(folder: string): FolderLock {
  const file = join(folder, 'lock.db');
  try {
    return lockFile(folder, file);
  } catch (thrown) {
    if (!DAMAGED.has((thrown as { errcode?: number }).errcode ?? 0)) throw thrown;
    // L3: a damaged lock would stop every tenant, and it holds nothing. Emptied and not removed: the locks of another
    // process are those of this file, whatever it holds.
    truncateSync(file);
    return lockFile(folder, file);
  }
}

function lockFile(folder: string, file: string): FolderLock {
  const database = open(file);
  try {
    // The process id is committed before the lock is taken, so that a process that finds it locked can read the id.
    database.exec('PRAGMA synchronous = OFF; PRAGMA locking_mode = NORMAL');
    database.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${process.pid}; COMMIT; BEGIN IMMEDIATE`);
    return { release: () => database.close() };
  } catch (thrown) {
    const isLocked = (thrown as { errcode?: number }).errcode === SQLITE_BUSY;
    const processId = isLocked ? database.prepare('PRAGMA user_version').get()?.['user_version'] : undefined;
    database.close();
    if (!isLocked) throw thrown;
    const message = `the audit log in ${folder} is open in process ${String(processId)}; stop it first`;
    throw new AuditLogInUse(message, { cause: thrown });
  }
}

function open(file: string): DatabaseSync {
  try {
    makePrivateDatabase(file);
    return new DatabaseSync(file);
  } catch (thrown) {
    throw new Error(`${file} cannot be opened: ${(thrown as Error).message}`, { cause: thrown });
  }
}
