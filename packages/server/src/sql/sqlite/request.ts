/** What the processes that read SQLite files are asked, and what they answer. */
import type { Json } from '@sallyport/guard';
import type { CheckedLimits, Rows } from '../rows.ts';

/** A value as SQLite holds it. */
export type SqliteValue = string | number | bigint | null | Uint8Array;

/** Tables of which a call sees the rows of its tenant, by their name with the column that holds the tenant. */
export interface TenantTables {
  readonly tables: Readonly<Record<string, string>>;
  /** Tables that are the same for all tenants. */
  readonly shared: readonly string[];
}

/** One statement. */
export interface ReadRequest {
  readonly file: string;
  readonly text: string;
  readonly values: readonly SqliteValue[];
  readonly tenant: string;
  /** `undefined` when the statement itself is trusted with all tables. */
  readonly tenantTables: TenantTables | undefined;
  readonly limits: CheckedLimits;
}

/** Its rows, what the caller did wrong, or what is broken. */
export type ReadReply =
  | { readonly rows: Rows }
  | { readonly refused: { readonly code: string; readonly message: string } }
  | { readonly broken: string };

/** A table as SQLite names it, in quotes. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Values that SQLite gives, as JSON: integers beyond 2^53 and infinities as text, bytes in hexadecimal. */
export function jsonValue(value: unknown): Json {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  return typeof value === 'string' ? value : null;
}
