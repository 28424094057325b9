/**
 * L1: a disk that is really full, where a small file system can be mounted (root, in CI). Elsewhere it is skipped, and
 * `faults.test.ts` has every failure of every call.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { AuditRecord } from '@sallyport/guard';
import { openAuditLog } from './log.ts';
import { readRecords, verifyLog } from './verify.ts';

const disk = mkdtempSync(join(tmpdir(), 'sallyport-full-'));
const DISK_KIB = 512;

function mountSmallDisk(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_KIB}k`, 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const isMounted = mountSmallDisk();
afterAll(() => {
  if (isMounted) execFileSync('umount', ['-l', disk]);
  rmdirSync(disk);
});

const TENANTS = ['acme', 'globex', 'initech'];
const record = (id: string): AuditRecord => ({
  time: 1,
  unmapped: { phase: 'outcome', record_id: id, filler: 'x'.repeat(3_000) },
});

it.skipIf(!isMounted)('L1: a full disk refuses records, and with space again every tenant records', async () => {
  let nowMs = 0;
  const log = openAuditLog({
    folder: join(disk, 'audit'),
    origin: 'sallyport.test',
    clock: { now: () => 1 },
    monotonicMs: () => nowMs,
    checkpointEveryMs: 2_000_000_000,
    segmentBytes: 16_000,
  });
  const acknowledged: string[] = [];
  const write = (tenant: string, id: string): Promise<boolean> =>
    log.append(tenant, record(id)).then(
      () => acknowledged.push(`${tenant} ${id}`) > 0,
      () => false,
    );
  const ballast = join(disk, 'ballast');
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 4; n++) await Promise.all(TENANTS.map((tenant) => write(tenant, `${round}-${n}`)));
    for (const tenant of TENANTS) await log.checkpoint(tenant).catch(() => undefined);
    expect(() => writeFileSync(ballast, Buffer.alloc(DISK_KIB * 1024))).toThrow('ENOSPC');
    for (let n = 4; n < 10; n++) {
      await Promise.all(TENANTS.map((tenant) => write(tenant, `${round}-${n}`)));
      for (const tenant of TENANTS) await log.checkpoint(tenant).catch(() => undefined);
      nowMs += 2_000;
    }
    for (const tenant of TENANTS) expect(log.faults().get(tenant), tenant).toMatchObject({ code: 'ENOSPC' });
    rmSync(ballast);
    nowMs += 2_000;
    for (const tenant of TENANTS) expect(await write(tenant, `${round}-again`), tenant).toBe(true);
    for (const tenant of TENANTS) await log.checkpoint(tenant);
    expect([...log.faults().values()]).toEqual(TENANTS.map(() => undefined));
  }
  await log.close();
  for (const tenant of TENANTS) {
    const home = join(disk, 'audit', tenant);
    expect(verifyLog(home, readFileSync(join(home, 'vkey'), 'utf8')).problems).toEqual([]);
    const kept = readRecords(home).records.map(
      ({ bytes }) => (JSON.parse(bytes.toString()) as { unmapped: { record_id: string } }).unmapped.record_id,
    );
    for (const id of acknowledged.filter((text) => text.startsWith(tenant)))
      expect(kept).toContain(id.slice(tenant.length + 1));
  }
});
