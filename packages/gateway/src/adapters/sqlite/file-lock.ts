/** One process at a time: a lock that the operating system takes back from a process that ends. */
import { DatabaseSync } from 'node:sqlite';
import { makePrivateFile } from '@sallyport/server/private-file';
import { whenFree } from './when-free.ts';

/** In pauses of `whenFree`: another process may be waiting for an issuer. */
const ATTEMPTS_MAX = 6_000;

/** @param file is made when it is not there; it stays empty. */
export async function withFileLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  makePrivateFile(file);
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA busy_timeout = 0');
    await whenFree(() => database.exec('BEGIN EXCLUSIVE'), ATTEMPTS_MAX);
    return await work();
  } finally {
    database.close();
  }
}
