import { hkdfSync, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

export interface AuditKeys {
  signingSeed(tenant: string): Buffer;
  hashingKey(tenant: string): Buffer;
}

const DISTINCT_MIN = 32;

/** Reads the master key of an audit folder, or makes one. @throws Error when the file is not what it must be. */
export function openKeys(folder: string): AuditKeys {
  const file = join(folder, 'master.key');
  if (!existsSync(file)) makeKey(file);
  const master = readFileSync(file);
  if (master.length !== 64) throw new Error(`${file} must have 64 bytes; restore it from a backup`);
  // A30: 64 random bytes have some fifty-seven values among them; a text, a pattern or zeros have far fewer.
  if (new Set(master).size < DISTINCT_MIN)
    throw new Error(`${file} is not random, so it protects nothing; restore it from a backup`);
  if ((statSync(file).mode & 0o077) !== 0) throw new Error(`${file} can be read by others; run: chmod 600 ${file}`);
  const derive = (purpose: string, tenant: string): Buffer =>
    Buffer.from(hkdfSync('sha256', master, purpose, tenant, 32));
  const hashing = new Map<string, Buffer>();
  return {
    signingSeed: (tenant) => derive('sallyport audit checkpoint', tenant),
    hashingKey(tenant) {
      let key = hashing.get(tenant);
      if (key === undefined) hashing.set(tenant, (key = derive('sallyport audit arguments', tenant)));
      return key;
    },
  };
}

/** Whole from the moment that it has its name: several processes may want it first. */
function makeKey(file: string): void {
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  const fd = openSync(draft, 'wx', 0o600);
  writeSync(fd, randomBytes(64));
  fsyncSync(fd);
  closeSync(fd);
  try {
    linkSync(draft, file);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  } finally {
    unlinkSync(draft);
  }
}
