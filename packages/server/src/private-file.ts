/** Files in the data folder, which only their owner may read. */
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs';

const PRIVATE = 0o600;
const OTHERS = 0o077;
/** SQLite gives new files beside a database the mode of the database. */
const BESIDE_DATABASE = ['', '-wal', '-shm', '-journal'];

/** Makes an empty file when there is none, so that at no moment others can read it. */
export function makePrivateFile(file: string): void {
  closeSync(openSync(file, 'a', PRIVATE));
  takeFromOthers(file);
}

/** The same for a database of SQLite and the files beside it. To be called before it is opened. */
export function makePrivateDatabase(file: string): void {
  makePrivateFile(file);
  for (const ending of BESIDE_DATABASE) takeFromOthers(`${file}${ending}`);
}

/** Takes a file that may be there from everybody but its owner. Windows has no such modes. */
export function takeFromOthers(file: string): void {
  if (process.platform === 'win32' || !existsSync(file)) return;
  if ((statSync(file).mode & OTHERS) !== 0) chmodSync(file, PRIVATE);
}
