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
import { dirname, join } from 'node:path';

/** The keys of each tenant, derived from the master key. */
export interface AuditKeys {
  /** Seed of the Ed25519 key that signs checkpoints; 32 bytes. */
  signingSeed(tenant: string): Buffer;
  /** Key of the hashes of arguments; 32 bytes. */
  hashingKey(tenant: string): Buffer;
}

const MASTER_KEY_BYTES = 64;
const DISTINCT_BYTES_MIN = 32;

/**
 * Reads the master key of an audit folder, or makes one. @throws Error when the key is damaged, weak or readable by
 * others.
 */
export function openAuditKeys(folder: string): AuditKeys {
  const file = join(folder, 'master.key');
  if (!existsSync(file)) makeKey(file);
  const master = readFileSync(file);
  if (master.length !== MASTER_KEY_BYTES) throw new Error(`${file} must have 64 bytes; restore it from a backup`);
  // A30: 64 random bytes hold about 57 different values. A text, a pattern or zeros hold far fewer.
  if (new Set(master).size < DISTINCT_BYTES_MIN)
    throw new Error(`${file} is not random, so it protects nothing; restore it from a backup`);
  if ((statSync(file).mode & 0o077) !== 0) throw new Error(`${file} can be read by others; run: chmod 600 ${file}`);
  const derive = (purpose: string, tenant: string): Buffer =>
    Buffer.from(hkdfSync('sha256', master, purpose, tenant, 32));
  const hashingKeys = new Map<string, Buffer>();
  return {
    signingSeed: (tenant) => derive('sallyport audit checkpoint', tenant),
    hashingKey(tenant) {
      const key = hashingKeys.get(tenant) ?? derive('sallyport audit arguments', tenant);
      hashingKeys.set(tenant, key);
      return key;
    },
  };
}

/** The file gets its name when it is complete, because several processes may make it at the same time. */
function makeKey(file: string): void {
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  const fd = openSync(draft, 'wx', 0o600);
  writeSync(fd, randomBytes(MASTER_KEY_BYTES));
  fsyncSync(fd);
  closeSync(fd);
  try {
    linkSync(draft, file);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  } finally {
    unlinkSync(draft);
  }
  // L2: with another key after a power failure no log could be opened again.
  syncFolderSync(dirname(file));
}

/** Makes the names in a folder durable. */
export function syncFolderSync(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
