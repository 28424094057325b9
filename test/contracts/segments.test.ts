/** The segment files keep the contract of the audit log. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditRecord } from '@sallyport/guard';
import { tenantFolder } from '../../packages/server/src/segments/layout.ts';
import { openAuditLog } from '../../packages/server/src/segments/log.ts';
import { readRecords } from '../../packages/server/src/segments/verify.ts';
import { auditLogContract } from './audit-log.ts';

auditLogContract('the segment log', (clock) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-audit-'));
  const open = () => openAuditLog({ folder, origin: 'sallyport.test', clock, segmentBytes: 2_000 });
  let log = open();
  return {
    port: log,
    records(tenant) {
      const home = tenantFolder(folder, tenant);
      return existsSync(home)
        ? readRecords(home).records.map(({ bytes }) => JSON.parse(bytes.toString()) as AuditRecord)
        : [];
    },
    async reopen() {
      await log.close();
      return (log = open());
    },
    async close() {
      await log.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});
