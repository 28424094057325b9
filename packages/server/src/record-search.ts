/** A search in the audit logs of one tenant: what the control API asks for, and what `adapters/segments/` finds. */
import type { JsonObject } from '@sallyport/guard';

/** What to search for. */
export interface RecordQuery {
  /** Decides about each record that `texts` leaves. */
  matches(record: JsonObject): boolean;
  /** Texts that every wanted record has among its JSON, as JSON writes them: what has not all of them is not parsed. */
  readonly texts: readonly string[];
  readonly sinceMs?: number | undefined;
  readonly limit: number;
  /** How many bytes may be read. */
  readonly bytesMax: number;
  /** Where an earlier search stopped. A log that is not in it was read to its end. */
  readonly from?: SearchPosition | undefined;
}

/** Where a search stopped, by log. */
export type SearchPosition = Readonly<Record<string, readonly [segment: number, offset: number]>>;

/** A record that was found. */
export interface FoundRecord {
  readonly log: string;
  readonly index: number;
  readonly record: JsonObject;
}
