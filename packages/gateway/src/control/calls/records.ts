/** What the endpoints about calls work with: the audit logs of one tenant, searched and proven. */
import type { FoundRecord, RecordQuery, SearchPosition } from '@sallyport/server/record-search';

/** A record with the proof that it is in the log. */
export interface ProvenRecord {
  readonly index: number;
  readonly size: number;
  readonly leaf: Buffer;
  readonly leafHash: Buffer;
  readonly path: readonly Buffer[];
  readonly checkpoint: string;
  readonly key: string;
}

/** Reads the logs of a tenant, and of no other. */
export interface TenantRecords {
  /**
   * Newest first. @param log only this one.
   * @throws GuardError `rate_limited` when too many searches wait.
   */
  search(
    tenant: string,
    query: RecordQuery,
    log?: string,
  ): Promise<{ readonly found: readonly FoundRecord[]; readonly next: SearchPosition | undefined }>;
  prove(tenant: string, log: string, index: number): Promise<ProvenRecord | 'no_record' | 'not_signed_yet' | 'damaged'>;
}
