/** The keys of the audit log: one file, and from it different keys for each tenant and purpose. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAuditKeys } from './keys.ts';
import { openAuditLog } from './log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (): string => join(folder, 'master.key');

describe('the keys of the audit log', () => {
  it('A30 differ for each tenant and each purpose, and are the same after a restart', () => {
    const keys = openAuditKeys(folder);
    const all = ['acme', 'globex', '_'].flatMap((tenant) => [keys.signingSeed(tenant), keys.hashingKey(tenant)]);
    expect(new Set(all.map((key) => key.toString('hex'))).size).toBe(6);
    expect(all.every((key) => key.length === 32)).toBe(true);
    const again = openAuditKeys(folder);
    expect(['acme', 'globex', '_'].flatMap((tenant) => [again.signingSeed(tenant), again.hashingKey(tenant)])).toEqual(
      all,
    );
  });

  it('are those that an older Sallyport derived from the same file', () => {
    writeFileSync(file(), Buffer.from(Array.from({ length: 64 }, (_, index) => index)), { mode: 0o600 });
    const keys = openAuditKeys(folder);
    expect(keys.signingSeed('acme').toString('hex')).toBe(
      '6959556bc5cd5b787b214823b41360fee5b001d9cef5b8e766d9ad0afa76fffa',
    );
    expect(keys.hashingKey('acme').toString('hex')).toBe(
      '6b8cfbde2ee0cb34b8397849bad38a109244011b820f5d2be94f36741228941d',
    );
  });

  it('A30 are in a file of 64 random bytes that only its owner reads', () => {
    openAuditKeys(folder);
    expect(readFileSync(file())).toHaveLength(64);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    chmodSync(file(), 0o640);
    expect(() => openAuditKeys(folder)).toThrow('chmod 600');
    for (const bytes of [Buffer.alloc(64, 7), Buffer.alloc(0), randomBytes(63), randomBytes(65)]) {
      rmSync(file());
      writeFileSync(file(), bytes, { mode: 0o600 });
      expect(() => openAuditKeys(folder)).toThrow('restore it from a backup');
    }
  });

  it('L4 two tenants sign under different names with different keys', async () => {
    const log = openAuditLog({ folder, origin: 'sallyport.test', clock: { now: () => 1 } });
    for (const tenant of ['acme', 'globex'])
      await log.append(tenant, { unmapped: { phase: 'outcome', record_id: tenant, status: 'success' } });
    await log.close();
    const vkeys = ['acme', 'globex'].map((tenant) => readFileSync(join(folder, tenant, 'vkey'), 'utf8').split('+'));
    expect(vkeys.map(([name]) => name)).toEqual(['sallyport.test/acme', 'sallyport.test/globex']);
    expect(vkeys[0]?.[2]).not.toBe(vkeys[1]?.[2]);
  });
});
