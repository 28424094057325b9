/**
 * The key that seals session ids and request state, which clients carry for the gateway: `<data>/sallyport.key`, made
 * on the first start, readable by its owner only.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { weakness } from './secrets.ts';

const KEY_BYTES_MIN = 32;

/**
 * @returns at least 32 bytes of key material.
 * @throws Error with a sentence for the operator when the file is readable by others, too short or an example.
 */
export function openSealingKey(dataFolder: string): Uint8Array {
  const file = join(dataFolder, 'sallyport.key');
  try {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
    create(file);
  } catch (thrown) {
    throw new Error(
      `data: the folder ${dataFolder} cannot be written (${(thrown as NodeJS.ErrnoException).code ?? 'error'}): ` +
        'it must be a folder that belongs to the user that runs sallyport',
      { cause: thrown },
    );
  }
  if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
    throw new Error(
      `${file} can be read by other users of this machine: run chmod 600 on it, ` +
        'or delete it to get a new one (sessions end)',
    );
  }
  const text = read(file);
  const key = Buffer.from(text, 'base64url');
  const reason =
    weakness(text) ??
    weakness(key, KEY_BYTES_MIN) ??
    (key.toString('base64url') === text ? undefined : 'is not base64url');
  if (reason !== undefined) throw new Error(`${file} ${reason}: delete it to get a new one (sessions end)`);
  return key;
}

/** Writes the whole key under another name first: of two processes that start together, neither reads half a key. */
function create(file: string): void {
  if (existsSync(file)) return;
  const fresh = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const handle = openSync(fresh, 'wx', 0o600);
  try {
    writeSync(handle, `${randomBytes(KEY_BYTES_MIN).toString('base64url')}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  try {
    linkSync(fresh, file);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  } finally {
    unlinkSync(fresh);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (thrown) {
    throw new Error(
      `${file} cannot be read (${(thrown as NodeJS.ErrnoException).code ?? 'error'}): ` +
        'it must belong to the user that runs sallyport',
      { cause: thrown },
    );
  }
}
