/** Where a server records: in files as the gateway does, where its author says, or the last ones in memory. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { AuditLog, AuditRecord, Log } from '@sallyport/guard';
import { systemClock } from '@sallyport/guard/memory';
import type { SecureServerOptions } from './options.ts';
import { openAuditLog, openFreeLog, type SegmentAuditLog } from './segments/log.ts';

/** Where records go, and the key that their arguments are hashed with. */
export interface Records {
  readonly audit: AuditLog;
  readonly hashingKey: (tenant: string) => Uint8Array;
  /** Whether records outlive the process. */
  readonly isRecorded: boolean;
  /**
   * Opens the files, if there are any. @param beside other processes, with a log of its own, as on stdio.
   *
   * @throws Error with a sentence for the operator.
   */
  open(beside: boolean): void;
  close(): Promise<void>;
}

const KEPT_MAX = 10_000;
const KEY_BYTES_MIN = 32;

/** @throws RangeError when the hashing key is too short. */
export function recordsOf({ audit, data, name, hashingKey }: SecureServerOptions, log: Log): Records {
  if (hashingKey !== undefined && hashingKey.length < KEY_BYTES_MIN)
    throw new RangeError('the hashing key must have at least 32 bytes');
  if (data !== undefined && audit === undefined) return recordsInFiles(data, name, log);
  const key = hashingKey ?? randomBytes(KEY_BYTES_MIN);
  return {
    audit: audit ?? recentRecords(),
    hashingKey: () => key,
    isRecorded: audit !== undefined,
    open: () => undefined,
    close: () => Promise.resolve(),
  };
}

function recordsInFiles(data: string, origin: string, log: Log): Records {
  const deps = { folder: join(data, 'audit'), origin, clock: systemClock, signsFirstAtOnce: true, log };
  let opened: SegmentAuditLog | undefined;
  const files = (): SegmentAuditLog => (opened ??= openAuditLog(deps));
  return {
    audit: { append: async (tenant, record) => files().append(tenant, record) },
    hashingKey: (tenant) => files().keys.hashingKey(tenant),
    isRecorded: true,
    open(beside) {
      opened ??= beside ? openFreeLog(deps, 'stdio') : openAuditLog(deps);
    },
    async close() {
      await opened?.close();
    },
  };
}

/** The last records only: without a folder there is nothing to write to. */
function recentRecords(): AuditLog {
  const kept: AuditRecord[] = [];
  return {
    async append(_tenant, record) {
      kept.push(record);
      if (kept.length > KEPT_MAX) kept.splice(0, kept.length - KEPT_MAX);
    },
  };
}
