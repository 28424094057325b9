/** What the endpoints about calls work with: the audit logs of one tenant, searched and proven. */
import type { JsonObject } from '@sallyport/guard';

/** What to search for. */
export interface RecordQuery {
  /** Decides about each record that `texts` leaves. */
  matches(record: JsonObject): boolean;
  /** Texts that every wanted record has among its JSON, as JSON writes them. */
  readonly texts: readonly string[];
  readonly sinceMs?: number | undefined;
  readonly limit: number;
  readonly bytesMax: number;
  readonly from?: SearchPosition | undefined;
}

/** Where a search stopped, by log. */
export type SearchPosition = Readonly<Record<string, readonly [segment: number, offset: number]>>;

/** A record, and where it is. */
export interface FoundRecord {
  readonly log: string;
  readonly index: number;
  readonly record: JsonObject;
}

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
