import { canonicalize } from '../json/canonical.ts';
import type { AuditRecord } from '../audit/record.ts';
import type { AuditLog } from '../ports.ts';

export interface MemoryAuditLog extends AuditLog {
  /** What was appended, oldest first. */
  records(tenant: string): readonly AuditRecord[];
}

/** Keeps the canonical text, so that a record that is changed after it was appended stays what it was. */
export function createMemoryAuditLog(): MemoryAuditLog {
  const logs = new Map<string, string[]>();
  return {
    async append(tenant, record) {
      const log = logs.get(tenant) ?? [];
      logs.set(tenant, log);
      log.push(canonicalize(record));
    },
    records: (tenant) => (logs.get(tenant) ?? []).map((text) => JSON.parse(text) as AuditRecord),
  };
}
