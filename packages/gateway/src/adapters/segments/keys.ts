import { hkdfSync, randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface AuditKeys {
  signingSeed(tenant: string): Buffer;
  hashingKey(tenant: string): Buffer;
}

const DISTINCT_MIN = 32;

/** Reads the master key of an audit folder, or makes one. @throws Error when the file is not what it must be. */
export function openKeys(folder: string): AuditKeys {
  const file = join(folder, 'master.key');
  if (!existsSync(file)) {
    const fd = openSync(file, 'wx', 0o600);
    writeSync(fd, randomBytes(64));
    fsyncSync(fd);
    closeSync(fd);
  }
  const master = readFileSync(file);
  if (master.length !== 64) throw new Error(`${file} must have 64 bytes; restore it from a backup`);
  // A30: 64 random bytes have some fifty-seven values among them; a text, a pattern or zeros have far fewer.
  if (new Set(master).size < DISTINCT_MIN) throw new Error(`${file} is not random, so it protects nothing; restore it from a backup`);
  if ((statSync(file).mode & 0o077) !== 0) throw new Error(`${file} can be read by others; run: chmod 600 ${file}`);
  const derive = (purpose: string, tenant: string): Buffer => Buffer.from(hkdfSync('sha256', master, purpose, tenant, 32));
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
