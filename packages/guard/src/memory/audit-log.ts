import { canonicalize } from '../json/canonical.ts';
import type { AuditRecord } from '../audit/record.ts';
import type { AuditLog } from '../ports.ts';

/**
 * An audit log that can be read again.
 *
 * @example
 * ```ts
 * const last = (log: MemoryAuditLog): AuditRecord | undefined => log.records('acme').at(-1);
 * ```
 */
export interface MemoryAuditLog extends AuditLog {
  /** The records of one tenant, oldest first. */
  records(tenant: string): readonly AuditRecord[];
}

/**
 * An audit log in memory, for tests. Keeps canonical text, so that a later change of the object does not change the
 * record.
 *
 * @example
 * ```ts
 * const audit = createMemoryAuditLog();
 * await audit.append('acme', logRecord('test.start', {}, Date.now()));
 * ```
 */
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
