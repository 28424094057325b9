/** Values of PostgreSQL as JSON, without loss: what JSON cannot hold is the text that PostgreSQL writes. */
import type { Json } from '@sallyport/guard';
import type { SqlValue } from '../fragment.ts';
import type { Query } from './connection.ts';

const asText = (text: string): Json => text;
const asInteger = (text: string): Json => (Number.isSafeInteger(Number(text)) ? Number(text) : text);
const asFloat = (text: string): Json => (Number.isFinite(Number(text)) ? Number(text) : text);
const asBoolean = (text: string): Json => text === 't';
const asJson = (text: string): Json => JSON.parse(text) as Json;

/** By the number of the type in `pg_type`. Dates, numerics, bytes and lists are texts. */
const PARSERS: ReadonlyMap<number, (text: string) => Json> = new Map([
  [16, asBoolean],
  [20, asInteger],
  [21, asInteger],
  [23, asInteger],
  [26, asInteger],
  [700, asFloat],
  [701, asFloat],
  [114, asJson],
  [3802, asJson],
]);

/** For `types` of a query. */
export const jsonTypes: NonNullable<Query['types']> = {
  getTypeParser: (oid) => PARSERS.get(oid) ?? asText,
};

/** A value as `pg` sends it: dates in UTC, whatever the clock of this machine shows. */
export function boundValue(value: SqlValue): unknown {
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}
