/** Rows as JSON, up to a number of rows and of bytes: what a model reads is never larger than that. */
import type { Json, JsonObject } from '@sallyport/guard';
import { ToolError } from '../errors.ts';

/** How much of a result a call may have. */
export interface RowLimits {
  /** 1 to 100,000; 1,000 when absent. */
  readonly rowsMax?: number;
  /** Bytes of all rows as JSON, 1 to 64 MiB; 1 MiB when absent. */
  readonly bytesMax?: number;
  /** `cut` when absent: the rows that fit, with a note. `refuse`: a ToolError `TOO_LARGE`. */
  readonly whenTooLarge?: 'cut' | 'refuse';
}

/**
 * The rows of a statement.
 *
 * @example
 * ```ts
 * const answer = ({ rows, note }: Rows): JsonObject => ({ orders: rows, ...(note !== undefined && { note }) });
 * ```
 */
export interface Rows<Row extends JsonObject = JsonObject> {
  readonly rows: readonly Row[];
  /** False when the database has more rows than the limits allow. */
  readonly isComplete: boolean;
  /** For the model, when rows are missing: how many it got, and what to do. */
  readonly note?: string;
}

const ROWS_MAX = 1_000;
const BYTES_MAX = 1024 * 1024;
const ROWS_LIMIT_MAX = 100_000;
const BYTES_LIMIT_MAX = 64 * 1024 * 1024;
const FEWER = 'Ask for fewer rows or columns, or for a sum.';

/** Takes rows one at a time until one of the limits is reached. */
export interface RowCollector {
  /** @returns false when no more rows are needed. */
  add(columns: readonly string[], values: readonly Json[]): boolean;
  /** Bytes that are left, at least 1. */
  readonly bytesLeft: () => number;
  /** Rows that are left, and one more that tells whether there are more. */
  readonly rowsLeft: () => number;
  readonly rows: () => Rows;
}

/** Limits with their defaults. */
export type CheckedLimits = Required<RowLimits>;

/** @throws RangeError when a limit is out of range. */
export function checkLimits({
  rowsMax = ROWS_MAX,
  bytesMax = BYTES_MAX,
  whenTooLarge = 'cut',
}: RowLimits): CheckedLimits {
  checkRange('rowsMax', rowsMax, ROWS_LIMIT_MAX);
  checkRange('bytesMax', bytesMax, BYTES_LIMIT_MAX);
  return { rowsMax, bytesMax, whenTooLarge };
}

/** @throws RangeError when the value is no whole number from 1 to the maximum. */
export function checkRange(name: string, value: number, max: number): void {
  if (!(Number.isInteger(value) && value >= 1 && value <= max))
    throw new RangeError(`${name} must be a whole number from 1 to ${max}`);
}

/** An empty collector. */
export function collectRows({ rowsMax, bytesMax, whenTooLarge }: CheckedLimits): RowCollector {
  const rows: JsonObject[] = [];
  let bytes = 0;
  let reached: string | undefined;
  return {
    add(columns, values) {
      const row = rowOf(columns, values);
      const size = Buffer.byteLength(JSON.stringify(row)) + 1;
      if (rows.length === rowsMax) reached = `${rowsMax} rows`;
      else if (bytes + size > bytesMax) reached = `${bytesMax} bytes`;
      if (reached !== undefined) {
        if (whenTooLarge === 'refuse') throw tooLarge(reached);
        return false;
      }
      bytes += size;
      rows.push(row);
      return true;
    },
    bytesLeft: () => Math.max(1, bytesMax - bytes),
    rowsLeft: () => rowsMax - rows.length + 1,
    rows: () =>
      reached === undefined
        ? { rows, isComplete: true }
        : {
            rows,
            isComplete: false,
            note: `Only the first ${rows.length} rows are here: a result has at most ${reached}. ${FEWER}`,
          },
  };
}

/** The result is larger than one may be. */
export const tooLarge = (limit: string): Error =>
  new ToolError('TOO_LARGE', `The result has more than ${limit}.`, { suggestion: FEWER });

function rowOf(columns: readonly string[], values: readonly Json[]): JsonObject {
  // Own properties, whatever the columns are called.
  const row = Object.fromEntries(columns.map((name, index) => [name, values[index] ?? null]));
  if (Object.keys(row).length !== columns.length)
    throw new TypeError('two columns of the result have the same name: give one of them another with "as"');
  return row;
}
